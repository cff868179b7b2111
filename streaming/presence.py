"""How many sockets a person has in all web processes, and what that leaves for this one.

Every two seconds each process says in Redis how many sockets of whom it has, and asks the others
about those people: two calls, whatever happens in between. What a process says is forgotten soon
after it has died. While Redis is away each process counts its own only.
"""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import structlog

from streaming.limits import Pace
from streaming.streams import AWAY, WRITE_TIMEOUT_SECONDS, connect
from streaming.threads import Repetition

log = structlog.get_logger(__name__)

PROCESSES = "chat:web"  # a set of names
SOCKETS = "chat:sockets:"  # of each process: person and count
EVERY = 2.0  # seconds
FORGOTTEN_SECONDS = 6
BURST = 5  # seconds' worth
REMEMBERED = 10_000  # people


class Presence:
    """``sockets``: how many of whom this process has. ``frames``: a second, of one person."""

    def __init__(self, url: str, sockets: Callable[[], Counter[int]], frames: float) -> None:
        self._redis = connect(url, WRITE_TIMEOUT_SECONDS) if url else None
        self._sockets = sockets
        self._frames = frames
        self._me = SOCKETS + secrets.token_hex(8)
        self._thread = Repetition("presence", self.exchange, EVERY)
        self._elsewhere: Counter[int] = Counter()
        self._away = False
        self._paces: OrderedDict[int, Pace] = OrderedDict()  # who came last is last

    def start(self) -> None:
        if self._redis is not None:
            self._thread.start()

    def stop(self) -> None:
        """What was here is somewhere else in a moment, and must not be counted twice there."""
        if self._redis is None:
            return
        self._thread.stop()
        try:
            self._redis.delete(self._me)
        except AWAY:
            log.info("redis_away", look="presence")
        finally:
            self._redis.close()

    def elsewhere(self, person: int) -> int:
        """Sockets of a person in other processes, as they said last."""
        return self._elsewhere[person]

    def pace_of(self, person: int) -> Pace:
        """The pace of all sockets and calls of a person here together."""
        pace = self._paces.get(person)
        if pace is None:
            pace = self._paces[person] = Pace(self._frames, BURST * self._frames)
            if len(self._paces) > REMEMBERED:
                self._paces.popitem(last=False)
        self._paces.move_to_end(person)
        return pace

    def exchange(self) -> None:
        """Say what is here and hear what is elsewhere. In a thread."""
        here = self._sockets()
        try:
            self._elsewhere, away = self._ask(here), False
        except AWAY as error:
            self._elsewhere, away = Counter(), True
            if not self._away:
                log.warning("redis_away", look="presence", cause=repr(error))
        self._away = away
        for person, pace in list(self._paces.items()):
            # Whoever has no socket here may still call.
            count = here[person] or 1
            pace.share = count / (count + self._elsewhere[person])

    def _ask(self, here: Counter[int]) -> Counter[int]:
        if self._redis is None or not here:
            # Whoever has nobody says nothing, and is forgotten.
            return Counter()
        tell = self._redis.pipeline(transaction=False)
        tell.sadd(PROCESSES, self._me)
        tell.delete(self._me)
        tell.hset(self._me, mapping={str(person): count for person, count in here.items()})
        tell.expire(self._me, FORGOTTEN_SECONDS)
        tell.expire(PROCESSES, FORGOTTEN_SECONDS)
        tell.smembers(PROCESSES)
        others = {name.decode() for name in tell.execute()[-1]} - {self._me}
        people = sorted(here)
        ask = self._redis.pipeline(transaction=False)
        for other in others:
            ask.hmget(other, [str(person) for person in people])
        found: Counter[int] = Counter()
        counts: list[list[Any]] = ask.execute() if others else []
        for each in counts:
            found.update({person: int(n or 0) for person, n in zip(people, each, strict=True)})
        return found
