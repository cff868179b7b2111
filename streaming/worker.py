"""What one Celery worker process shares between its tasks: it writes answers and has no sockets."""

from __future__ import annotations

import os
import threading
import time
from functools import cache
from uuid import UUID

import structlog
from django.conf import settings

from conversations.models import Generation
from streaming import generation, summaries, titles
from streaming.announcer import Announcer
from streaming.redislog import RedisLog
from streaming.runner import serve
from streaming.works import Works, build_bedrock_client

log = structlog.get_logger(__name__)

STEP = 0.05  # seconds between two looks


class Worker(Works):
    def __init__(self) -> None:
        self._announcer = Announcer(settings.REDIS_URL)
        self._lock = threading.Lock()
        log_of_all = RedisLog(settings.REDIS_URL)
        super().__init__(build_bedrock_client(), log_of_all, self._announcer.announce)

    def start(self) -> None:
        self._announcer.start()
        super().start()

    def run(self, generation_id: UUID) -> None:
        """Write an answer, in the thread of the caller, and then what waits for its turn.

        While this process ends nothing: rows stay pending and are offered to another worker.
        """
        serve(generation_id, self.bench, self._run)

    def _run(self, generation_id: UUID, begun: Generation | None) -> Generation | None:
        return generation.run(generation_id, self.bench, begun)

    def suggest_title(self, generation_id: UUID) -> None:
        titles.suggest_later(generation_id, self.client)

    def summarize(self, generation_id: UUID) -> None:
        summaries.renew(generation_id, self.client)

    def sweep(self) -> None:
        self._reaper.sweep()

    def drain(self) -> None:
        """Begin nothing, wait for what runs as long as the grace is, then hand it over."""
        self.close_door()
        deadline = time.monotonic() + settings.SHUTDOWN_SECONDS
        log.info("draining", generations=self.pump.running)
        while self.busy and time.monotonic() < deadline:
            time.sleep(STEP)
        left = self.pump.running
        self.stop()
        log.info("drained", handed_over=left)


_building = threading.Lock()


def the_worker() -> Worker:
    """That of this process, made at the first call: threads and connections survive no fork."""
    with _building:
        return _worker_of(os.getpid())


@cache
def _worker_of(process: int) -> Worker:
    worker = Worker()
    worker.start()
    return worker
