"""Finds what nobody takes care of: pending rows that nobody took, leases that ran out.

A generation whose runner died is handed to another, as one of its three attempts; after the third
it ends with the text of its last checkpoint.

The database decides, not a broker and not the memory of a process, so this also finds what a
process left behind that was killed. Safe to run twice at once: each step is a guarded update.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from conversations import offers
from conversations.languages import in_language
from conversations.models import Generation
from conversations.outcomes import finished_fields
from streaming import metrics, waiting
from streaming.ending import write_lost_usage
from streaming.protocol import Encoder
from streaming.pump import Pump
from streaming.threads import Repetition

log = structlog.get_logger(__name__)


SILENCE = timedelta(seconds=3)  # of what is pending, then people are told that it waits
TOLD_AT_ONCE = 100


class Runner(Protocol):
    """Has generations run: in threads of this process, or in Celery workers."""

    def start(self, generation_id: UUID) -> None: ...

    def start_pending(self) -> None: ...


class Reaper:
    def __init__(self, runner: Runner, pump: Pump, every: float) -> None:
        self._runner = runner
        self._pump = pump
        # Without this thread nothing that is stuck would ever end.
        self._thread = Repetition("reaper", self._look, every)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def sweep(self) -> None:
        """Start what is pending and may run; end what lost its runner."""
        if not offers.neglected():
            return
        self._runner.start_pending()
        self._tell_who_waits()
        lapsed = Generation.objects.lapsed(timezone.now()).select_related("message", "conversation")
        for generation in lapsed:
            # What runs here only could not renew its lease while the database was away: its text
            # is in our memory, and the pump writes it with its next checkpoint.
            if self._pump.has(generation.pk):
                continue
            try:
                self._take_care(generation)
            except DatabaseError:
                # One row that cannot be written must not keep the others waiting.
                log.exception("reaping_failed", generation=str(generation.pk))

    def _tell_who_waits(self) -> None:
        """Of what waits for a thread, or for a worker, and could not be told by one."""
        silent = Generation.objects.pending().filter(seq=0, created_at__lt=timezone.now() - SILENCE)
        for generation_id in silent.values_list("pk", flat=True)[:TOLD_AT_ONCE]:
            waiting.tell(generation_id, self._pump)

    def _take_care(self, generation: Generation) -> None:
        if generation.hand_over():
            metrics.LEASES.labels("handed_over").inc()
            log.warning("generation_handed_over", generation=str(generation.pk))
            self._runner.start(generation.pk)
        else:
            self._give_up(generation)

    def _give_up(self, generation: Generation) -> None:
        reference = secrets.token_hex(4)
        if not generation.give_up("worker_lost", reference):
            return
        metrics.LEASES.labels("given_up").inc()
        log.warning("generation_given_up", generation=str(generation.pk), reference=reference)
        announce_end(self._pump, generation, calls=generation.attempt)

    def _look(self) -> None:
        with closing(connection):
            self.sweep()


def announce_end(pump: Pump, generation: Generation, *, calls: int) -> None:
    """Count the end of a generation that runs nowhere, and put it into the live log.

    ``calls``: how many attempts its runners had begun before they died.
    """
    metrics.count_ending(generation)
    write_lost_usage(generation, calls)
    message, conversation_id = generation.message, generation.conversation_id
    if message is None or conversation_id is None:
        return
    encoder = Encoder(
        conversation=conversation_id, message=message.uuid, generation=UUID(str(generation.pk))
    )
    with in_language(generation.language):
        fields = finished_fields(generation)
    pump.publish(generation.pk, [encoder.finished(generation.seq, fields)])
