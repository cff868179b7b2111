"""Redis Streams as the product uses them: a writer that never waits long, a reader that returns.

Redis makes things fast here and keeps nothing that matters: what is not written, or not read in
time, is found again in the database. So a writer gives up quickly and drops, and a reader goes on
from the last entry that it saw, however long Redis was away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroke
from redis.exceptions import RedisError
from redis.retry import Retry

from streaming import metrics

log = structlog.get_logger(__name__)

AWAY = (RedisError, OSError)
BLOCK_SECONDS = 5.0  # of one blocking read
# Longer than a blocking read, or an idle connection would look broken (R39), but not for ever.
READ_TIMEOUT_SECONDS = 15.0
WRITE_TIMEOUT_SECONDS = 1.0
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
AT_ONCE = 200  # entries of one read

Entry = tuple[bytes, dict[bytes, bytes]]


def connect(url: str, timeout: float) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=WRITE_TIMEOUT_SECONDS,
        socket_keepalive=True,
        # A connection that Redis closed long ago is noticed by the first command and made anew;
        # the library's own default would wait for seconds between three more tries.
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionBroke,)),
    )


class Pause:
    """How long to leave Redis alone after it failed: longer each time, never for long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._until = 0.0

    @property
    def over(self) -> bool:
        return self._clock() >= self._until

    def begin(self, took: float = 0.0) -> float:
        """After a failure that took so many seconds; returns the seconds of the pause."""
        # A Redis that hangs costs more than one that is gone: at most a third of the time.
        self._seconds = min(max(self._seconds * 2, took * 2, SHORTEST_PAUSE), LONGEST_PAUSE)
        self._until = self._clock() + self._seconds
        return self._seconds

    def end(self) -> bool:
        """After a success; whether there was a failure before it."""
        was, self._seconds = self._seconds > 0, 0.0
        return was


class Writer:
    """Adds entries to a stream, which keeps the newest ``kept`` seconds or ``limit`` entries.

    From any thread. ``forgotten_after``: seconds without an entry until the stream is gone.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        kept: float | None = None,
        limit: int | None = None,
        forgotten_after: int,
    ) -> None:
        self._redis = connect(url, WRITE_TIMEOUT_SECONDS)
        self._key = key
        self._kept = kept
        self._limit = limit
        self._forgotten_after = forgotten_after
        self._newest = 0  # milliseconds, by the clock of Redis
        self._pause = Pause()
        self.dropped = 0  # entries

    @property
    def ready(self) -> bool:
        """Whether trying makes sense: not a moment after it failed."""
        return self._pause.over

    def add(self, fields: Mapping[bytes, bytes]) -> bool:
        """False when it was not taken, because Redis is away."""
        if not self._pause.over:
            self._drop()
            return False
        began = time.monotonic()
        try:
            self._add(fields)
        except AWAY as error:
            self._drop()
            seconds = self._pause.begin(time.monotonic() - began)
            log.warning("redis_write_failed", stream=self._key, cause=repr(error), pause=seconds)
            return False
        if self._pause.end():
            log.info("redis_write_works_again", stream=self._key, dropped=self.dropped)
        return True

    def _drop(self) -> None:
        self.dropped += 1
        metrics.WRITES_FAILED.labels(self._key).inc()

    def _add(self, fields: Mapping[bytes, bytes]) -> None:
        how: dict[str, Any] = {}
        if self._limit is not None:
            how["maxlen"] = self._limit
        elif self._kept is not None and self._newest:
            how["minid"] = f"{max(0, self._newest - int(self._kept * 1000))}-0"
        # Together, each time: a stream that is made anew, because Redis was emptied, must go, too.
        both = self._redis.pipeline(transaction=False)
        both.xadd(self._key, dict(fields), **how)  # type: ignore[arg-type]
        both.expire(self._key, self._forgotten_after)
        added: bytes = both.execute()[0]
        self._newest = int(added.partition(b"-")[0])


class Reader:
    """A thread that hands the entries of a stream over, the oldest that is kept first.

    ``handle`` gets a list of entries, in order; after Redis was away some may come again.
    """

    def __init__(self, url: str, key: str, handle: Callable[[list[Entry]], None]) -> None:
        self._redis = connect(url, READ_TIMEOUT_SECONDS)
        self._key = key
        self._handle = handle
        self._last: bytes = b"0-0"
        self._pause = Pause()
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._work, name=f"reader-{self._key}", daemon=True).start()

    def stop(self) -> None:
        """Hands nothing over after this; the thread, a daemon, may still wait for Redis."""
        self._stopping.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                entries = self._read()
            except AWAY as error:
                seconds = self._pause.begin()
                log.warning("redis_read_failed", stream=self._key, cause=repr(error))
                self._stopping.wait(seconds)
                continue
            if self._pause.end():
                log.info("redis_read_works_again", stream=self._key)
            if entries and not self._stopping.is_set():
                self._hand_over(entries)

    def _read(self) -> list[Entry]:
        answer: Any = self._redis.xread(
            {self._key: self._last}, count=AT_ONCE, block=int(BLOCK_SECONDS * 1000)
        )
        if not answer:
            self._look_back()
            return []
        # A list of pairs by the older wire protocol of Redis, a dictionary by the newer one.
        parts = answer.values() if isinstance(answer, dict) else [part for _, part in answer]
        entries: list[Entry] = []
        for part in parts:
            # The newer one again: entries of one stream may come in a list of lists.
            for each in part:
                entries.extend(each if isinstance(each, list) else [each])
        self._last = entries[-1][0]
        return entries

    def _look_back(self) -> None:
        """A Redis that was emptied, or replaced, may count from an earlier time than we saw."""
        newest: Any = self._redis.xrevrange(self._key, count=1)
        if newest and _number(newest[0][0]) < _number(self._last):
            self._last = b"0-0"

    def _hand_over(self, entries: list[Entry]) -> None:
        try:
            self._handle(entries)
        except Exception:
            # Whatever is in an entry: the others must not wait for it for ever.
            log.exception("entries_not_handled", stream=self._key, entries=len(entries))


def _number(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, count = entry_id.partition(b"-")
    return int(milliseconds), int(count or 0)
