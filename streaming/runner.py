"""Where generations run: threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

from django.db import close_old_connections, connections

from conversations import admission
from conversations.models import Generation
from streaming import generation, waiting
from streaming.threads import Pool
from streaming.workbench import Workbench


class Runner:
    """Starts each generation at most once in this process; the claim decides between processes."""

    def __init__(self, bench: Workbench, pool: Pool) -> None:
        self._bench = bench
        self._pool = pool
        self._taken: set[UUID] = set()
        self._lock = threading.Lock()

    def start(self, generation_id: UUID, begun: Generation | None = None) -> None:
        """Returns at once. Safe to call again: for what waits or runs here nothing happens.

        ``begun``: the row as this process has just stored it, which nobody changes any more.
        """
        with self._lock:
            if generation_id in self._taken:
                return
            self._taken.add(generation_id)
        self._pool.submit(lambda: self._serve(generation_id, begun))

    def start_pending(self) -> None:
        """Start what nobody took and may run, whoever comes first first."""
        for generation_id in admission.up_next():
            self.start(generation_id)

    def stop(self, generation_id: UUID) -> bool:
        """Stop it if it runs in this process."""
        return self._bench.pump.abort(generation_id)

    def _serve(self, generation_id: UUID, begun: Generation | None) -> None:
        close_old_connections()
        try:
            serve(generation_id, self._bench, self._run, begun)
        finally:
            self._forget(generation_id)
            connections.close_all()

    def _run(self, generation_id: UUID, begun: Generation | None) -> Generation | None:
        try:
            return generation.run(generation_id, self._bench, begun)
        finally:
            # Now and not when its thread has nothing more to do: it may have to be started again.
            self._forget(generation_id)

    def _forget(self, generation_id: UUID) -> None:
        with self._lock:
            self._taken.discard(generation_id)


def serve(
    generation_id: UUID,
    bench: Workbench,
    run: Callable[[UUID, Generation | None], Generation | None],
    begun: Generation | None = None,
) -> None:
    """Run a generation if it may run now, and then, one after the other, whoever is next.

    So whatever order threads were asked in, and whatever a broker has lost, those who wait come in
    the order of the line.
    """
    if not bench.seats.take():
        waiting.tell(generation_id, bench.pump)
        if not bench.seats.take():
            return  # whoever gives one back finds what was told that it waits
    try:
        next_: UUID | None = generation_id
        while next_ is not None and bench.is_open():
            ended = run(next_, begun)
            if ended is None:
                waiting.tell(next_, bench.pump)
            else:
                bench.after(ended)
            next_, begun = admission.next_in_line(), None
    finally:
        bench.seats.give_back()
