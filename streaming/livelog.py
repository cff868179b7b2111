"""The numbered updates of live generations: append, read after a number, hear of news.

In the memory of this process. The pump appends, or whoever hears of other processes (``redislog``);
any thread reads. The log makes resuming cheap and exact; the database stays the record, so whatever
is no longer here is told by a snapshot instead.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from streaming.protocol import Update, emptied, retracts

# Characters of frames that one generation keeps. A checkpoint is at most a second old, and a
# second of the fastest model is far below this: a snapshot always meets the log again.
LOG_LIMIT = 1_000_000
# Of all that have ended, together: fifty people who ask all day would fill 400 MB in the time that
# a log is kept. What is forgotten early is told from the database.
ENDED_LIMIT = 32_000_000


class _Log:
    __slots__ = ("ended_at", "size", "updates")

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.size = 0
        self.ended_at: float | None = None

    @property
    def ended(self) -> bool:
        return bool(self.updates) and self.updates[-1].last

    def append(self, updates: Iterable[Update]) -> None:
        for update in updates:
            if self.ended:
                return  # there is one end, and nothing comes after it (R12)
            if self.updates and update.seq <= self.updates[-1].seq:
                continue  # it came twice, or from a runner that does not know yet that it lost
            if self.updates and update.seq != self.updates[-1].seq + 1:
                # Lost, or another runner went on from a checkpoint: only what is stored is true.
                self.updates, self.size = [], 0
            if retracts(update):
                self._withdraw()
            self.updates.append(update)
            self.size += len(update.frame) + len(update.behind)
        if self.size > LOG_LIMIT:
            self._forget_oldest()

    def _withdraw(self) -> None:
        """Whoever resumes before a retraction is not told what it withdraws (R72)."""
        # A new list: a reader may hold the old one.
        self.updates = [emptied(update) for update in self.updates]
        self.size = sum(len(update.frame) + len(update.behind) for update in self.updates)

    def _forget_oldest(self) -> None:
        forgotten = 0
        while self.size > LOG_LIMIT // 2 and forgotten < len(self.updates) - 1:
            self.size -= len(self.updates[forgotten].frame)
            forgotten += 1
        # A new list: a reader may hold the old one.
        self.updates = self.updates[forgotten:]


class LiveLog:
    """The logs of this process. ``kept`` is how many seconds a log outlives its generation."""

    def __init__(self, kept: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept
        self._clock = clock
        self._lock = threading.Lock()
        self._logs: dict[UUID, _Log] = {}
        self._ended: deque[UUID] = deque()
        self._ended_size = 0
        self.on_news: Callable[[set[UUID]], None] | None = None

    def append(self, batch: Mapping[UUID, list[Update]]) -> None:
        """Add what is new of any number of generations, in the order of their numbers."""
        if not batch:
            return
        now = self._clock()
        with self._lock:
            for generation, updates in batch.items():
                log = self._logs.setdefault(generation, _Log())
                log.append(updates)
                if log.ended and log.ended_at is None:
                    log.ended_at = now
                    self._ended.append(generation)
                    self._ended_size += log.size
            self._forget_ended(now)
        if self.on_news is not None:
            self.on_news(set(batch))

    def read(self, generation: UUID, after: int) -> list[Update] | None:
        """The updates after a number; ``None`` when they are not (or no longer) all here."""
        log = self._logs.get(generation)
        # Once: the thread that appends may put another list in its place.
        updates = log.updates if log is not None else []
        if not updates or after + 1 < updates[0].seq or after > updates[-1].seq:
            return None
        # Numbers have no gap, so the place follows from the number.
        return updates[after + 1 - updates[0].seq :]

    def behind(self, generation: UUID, seq: int) -> str:
        """The frame that came right behind an update without a number, if any."""
        log = self._logs.get(generation)
        updates = log.updates if log is not None else []
        place = seq - updates[0].seq if updates else -1
        return updates[place].behind if 0 <= place < len(updates) else ""

    def last(self, generation: UUID) -> int:
        """The number of the newest update; 0 without any."""
        log = self._logs.get(generation)
        updates = log.updates if log is not None else []
        return updates[-1].seq if updates else 0

    def knows(self, generation: UUID) -> bool:
        return generation in self._logs

    def _forget_ended(self, now: float) -> None:
        while self._ended:
            oldest = self._logs[self._ended[0]]
            fresh = oldest.ended_at is not None and now - oldest.ended_at < self._kept
            if fresh and self._ended_size <= ENDED_LIMIT:
                return
            self._ended_size -= oldest.size
            del self._logs[self._ended.popleft()]
