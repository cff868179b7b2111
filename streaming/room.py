"""How many bytes of files the requests of one process hold at once.

A request with files is in memory several times until it is sent: as read, as encoded for the wire,
as it is being signed. Of many threads each could have one; so they take their turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from streaming.bedrock.errors import Aborted

LOOK_SECONDS = 0.5  # between two looks whether it was stopped meanwhile


class Room:
    """For ``size`` bytes at once; what is larger by itself has all of it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        self._changed = threading.Condition()

    def take(
        self, size: int, stopped: Callable[[], bool], let_go: Callable[[], None] = lambda: None
    ) -> int:
        """Wait until there is room; returns how much to ``give_back``. Raises ``Aborted``.

        ``let_go`` is called where it has to wait.
        """
        size = min(size, self._size)
        with self._changed:
            if self._free < size:
                let_go()
            while self._free < size:
                if stopped():
                    raise Aborted
                self._changed.wait(LOOK_SECONDS)
            self._free -= size
        return size

    def give_back(self, size: int) -> None:
        with self._changed:
            self._free += size
            self._changed.notify_all()


class Held:
    """What one request holds of a room: taken once, however often it is put together."""

    def __init__(self, room: Room, stopped: Callable[[], bool], let_go: Callable[[], None]) -> None:
        self._room = room
        self._stopped = stopped
        self._let_go = let_go
        self._size = 0

    def take(self, size: int) -> None:
        """Raises ``Aborted`` where it was stopped while it waited."""
        if size > self._size:
            self.leave()  # or two that want more would wait for each other
            self._size = self._room.take(size, self._stopped, self._let_go)

    def leave(self) -> None:
        if self._size:
            self._room.give_back(self._size)
            self._size = 0
