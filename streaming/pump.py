"""One clock per process: sends what is due, checkpoints, heartbeats, obeys stop, notices silence.

A timer for each stream would cost more than the streams do, and one write to the log per delta
more than either. So one thread, the ticker, looks at all runs every window (40 ms) and is the only
one that writes to the live log; a second, the keeper, writes the texts so far to the database
every second, so that a slow database does not hold up what people see.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import structlog
from django.db import DatabaseError, connection

from conversations.models import Generation
from streaming import metrics
from streaming.protocol import Update

if TYPE_CHECKING:
    from streaming.live import LiveRun

log = structlog.get_logger(__name__)

WIDEST_WINDOW = 0.2  # seconds; under load fewer, larger updates
HOUSEKEEPING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. ``usage_wait``: how long the usage may follow the last word of an answer;
    ``longest``: how long it may take, all attempts together."""

    window: float = 0.04
    checkpoint: float = 1.0
    slow: float = 10.0
    usage_wait: float = 2.0
    longest: float = 1_800.0


class Log(Protocol):
    """Where updates go: the live log of this process, or that of all."""

    def append(self, batch: Mapping[UUID, list[Update]]) -> None: ...


class Pump:
    def __init__(
        self, livelog: Log, pace: Pace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._livelog = livelog
        self._pace = pace
        self._clock = clock
        self._runs: dict[UUID, LiveRun] = {}
        self._lock = threading.Lock()
        self._hurried: list[LiveRun] = []
        self._extra: dict[UUID, list[Update]] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.window = pace.window
        # Seconds that the readers of the log are behind; whoever relays the log sets it.
        self.reader_lag = 0.0

    def start(self) -> None:
        for name, loop in (("ticker", self._tick_forever), ("keeper", self._keep_forever)):
            thread = threading.Thread(target=loop, name=f"pump-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End both threads, after a last look at what is due, and hand over what still runs."""
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()
        _survive(self.tick)
        self._hand_over()

    # --- what generations and others call -----------------------------------------------------

    def add(self, run: LiveRun) -> None:
        with self._lock:
            self._runs[run.id] = run
        run.hurry = lambda: self._hurry(run)
        self._wake.set()

    def remove(self, run: LiveRun) -> None:
        """Stop looking at a run; what it still has to say is sent first."""
        self._hurry(run)
        with self._lock:
            self._runs.pop(run.id, None)

    def abort(self, generation: UUID) -> bool:
        """Stop a run of this process; False when it does not run here."""
        with self._lock:
            run = self._runs.get(generation)
        if run is None:
            return False
        run.stop()
        return True

    def publish(self, generation: UUID, updates: list[Update]) -> None:
        """Add updates of a generation that runs nowhere (given up, stopped before it began)."""
        with self._lock:
            self._extra.setdefault(generation, []).extend(updates)
        self._wake.set()

    @property
    def running(self) -> int:
        return len(self._runs)

    @property
    def generations(self) -> set[UUID]:
        with self._lock:
            return set(self._runs)

    def has(self, generation: UUID) -> bool:
        return generation in self._runs

    # --- the ticker ---------------------------------------------------------------------------

    def _hurry(self, run: LiveRun) -> None:
        with self._lock:
            self._hurried.append(run)
        self._wake.set()

    def _tick_forever(self) -> None:
        due = self._clock() + self.window
        housekeeping = self._clock()
        while not self._stopping.is_set():
            if not self._runs and not self._hurried and not self._extra:
                self._wake.wait()
                self._wake.clear()
                _survive(self._send_hurried)
                due = self._clock() + self.window
            elif self._wake.wait(timeout=max(0.0, due - self._clock())):
                self._wake.clear()
                _survive(self._send_hurried)
            if self._clock() < due:
                continue
            started = self._clock()
            _survive(self.tick)
            if started - housekeeping >= HOUSEKEEPING_SECONDS:
                housekeeping = started
                _survive(self._look_for_silence)
            self._adapt(self._clock() - started)
            due = max(due + self.window, self._clock() + self.window / 2)

    def tick(self) -> None:
        """Write what is due of all runs to the live log, in one go."""
        with self._lock:
            runs = list(self._runs.values())
        self._send_hurried()
        self._livelog.append({run.id: due for run in runs if (due := run.collect())})

    def _send_hurried(self) -> None:
        """Only those that cannot wait: a first word, a notice, an end."""
        with self._lock:
            hurried, self._hurried = self._hurried, []
            batch, self._extra = self._extra, {}
        for run in hurried:
            if due := run.collect():
                batch.setdefault(run.id, []).extend(due)
        self._livelog.append(batch)

    def _adapt(self, took: float) -> None:
        """Widen the window while there is more to do than time, narrow it again afterwards."""
        behind = max(took, self.reader_lag)
        if behind > self.window / 2:
            self.window = min(self.window * 1.25, WIDEST_WINDOW)
        elif self.window > self._pace.window:
            self.window = max(self.window / 1.1, self._pace.window)

    def _look_for_silence(self) -> None:
        now = self._clock()
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.watch(
                now,
                slow=self._pace.slow,
                usage_wait=self._pace.usage_wait,
                longest=self._pace.longest,
            )

    # --- the keeper ---------------------------------------------------------------------------

    def _keep_forever(self) -> None:
        pause = self._pace.checkpoint
        while not self._stopping.wait(pause):
            began = self._clock()
            if self._runs:
                _survive(self._keep)
            # From beginning to beginning: what the writing takes is not added to what may be lost.
            pause = max(self._pace.checkpoint / 10, began + self._pace.checkpoint - self._clock())

    def _keep(self) -> None:
        try:
            self.checkpoint()
        except DatabaseError:
            # The next round tries again; the runs go on, and their texts with them.
            log.exception("checkpoint_failed", runs=len(self._runs))
        finally:
            # With a pool this gives the connection back; with SQLite it closes a file.
            connection.close()

    def checkpoint(self) -> None:
        """Write every text so far and renew every lease; stop what must stop."""
        with self._lock:
            runs = {run.id: run for run in self._runs.values()}
        points = [point for run in runs.values() if (point := run.checkpoint()) is not None]
        if not points:
            return
        gone = [runs[generation] for generation in Generation.checkpoint(points)]
        for run in gone:
            run.stop()
        if gone:
            _count_fenced({run.id: run.fence for run in gone})

    def _hand_over(self) -> None:
        """Save every text so far and end the runs unfinished: another process goes on with them."""
        with self._lock:
            runs = list(self._runs.values())
        points = [point for run in runs if (point := run.checkpoint()) is not None]
        if points:
            Generation.release(points)
        for run in runs:
            run.stop()


def _count_fenced(fences: dict[UUID, int]) -> None:
    """Of the runs that must stop, those that another process holds, and not those asked to stop."""
    held = Generation.objects.filter(pk__in=fences).values_list("pk", "fence")
    metrics.FENCED.labels("checkpoint").inc(sum(fences[pk] != fence for pk, fence in held))


def _survive(step: Callable[[], None]) -> None:
    """A step of a thread on which all answers depend: what fails is logged, the thread goes on."""
    try:
        step()
    except Exception:
        log.exception("pump_step_failed", step=step.__name__)
