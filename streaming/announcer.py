"""Announcements of threads: one thread of its own that tells groups of sockets over Redis.

In the words of channels-redis, but by one command for each announcement where the library needs
four, and without an event loop in between: every process that writes answers pays for it two or
three times for each of them. What has come together meanwhile goes in one round.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, cast

import structlog
from channels.layers import get_channel_layer

from streaming import metrics
from streaming.layer import PatientLayer
from streaming.streams import AWAY, WRITE_TIMEOUT_SECONDS, Pause, connect

log = structlog.get_logger(__name__)

ON_THEIR_WAY = 1_000  # announcements; above that they are dropped
AT_ONCE = 100

Announcement = tuple[str, dict[str, Any]]  # a group and a message


class Announcer:
    """``announce`` returns at once. What is announced may be lost, and is found by looking."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url, WRITE_TIMEOUT_SECONDS)
        self._waiting: queue.SimpleQueue[Announcement] = queue.SimpleQueue()
        self._pause = Pause()

    def start(self) -> None:
        threading.Thread(target=self._work, name="announcer", daemon=True).start()

    def announce(self, group: str, message: dict[str, Any]) -> None:
        """Tell a group of sockets, from any thread."""
        if self._waiting.qsize() >= ON_THEIR_WAY:
            _lost("over_capacity")
            return
        self._waiting.put((group, message))

    def _work(self) -> None:
        while True:
            self.send(self._next())

    def _next(self) -> list[Announcement]:
        """What waits, at least one."""
        found = [self._waiting.get()]
        while len(found) < AT_ONCE and not self._waiting.empty():
            found.append(self._waiting.get())
        return found

    def send(self, announcements: list[Announcement]) -> None:
        if not self._pause.over:
            _lost("away", len(announcements))
            return
        began = time.monotonic()
        try:
            full = self._tell(announcements)
        except AWAY as error:
            _lost("away", len(announcements))
            pause = self._pause.begin(time.monotonic() - began)
            log.warning("announcement_dropped", cause=repr(error), pause=pause)
        except Exception:
            # Whatever is in one of them: this thread is the only one that announces.
            log.exception("announcement_failed")
        else:
            self._pause.end()
            if full:
                _lost("over_capacity", full)
                log.warning("announcement_dropped", cause="over capacity", channels=full)

    def _tell(self, announcements: list[Announcement]) -> int:
        """Returns how many inboxes of processes had no room."""
        # Where there is Redis the layer is over Redis.
        layer = cast(PatientLayer, get_channel_layer())
        together = self._redis.pipeline(transaction=False)
        for group, message in announcements:
            together.eval(*layer.telling(group, message))
        return sum(int(full) for full in together.execute())


def _lost(reason: str, count: int = 1) -> None:
    metrics.ANNOUNCEMENTS_LOST.labels(reason).inc(count)
