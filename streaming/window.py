"""How much may be on its way to one client that has not acknowledged it yet.

Daphne takes every frame at once and keeps it for a client that does not read, so the product
counts: at most ``limit`` bytes of numbered updates, and 64 KiB more of answers to commands.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping
from uuid import UUID

CONTROL_WINDOW = 64 * 1024


class Window:
    """``limit`` in bytes; infinite where what carries the updates ends by itself (``sse``)."""

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._control_limit = CONTROL_WINDOW if limit < math.inf else limit
        self._clock = clock
        self._updates: deque[tuple[UUID, int, int]] = deque()
        self._bytes = 0
        self._control_bytes = 0
        self._control_room = asyncio.Event()
        self._control_room.set()
        self._stuck_since: float | None = None

    @property
    def unacknowledged(self) -> int:
        """Bytes."""
        return self._bytes + self._control_bytes

    def take(self, generation: UUID, seq: int, size: int) -> bool:
        """Count an update; False when it must wait. A larger one may go alone."""
        if self._bytes and self._bytes + size > self._limit:
            self._hold_back()
            return False
        self._updates.append((generation, seq, size))
        self._bytes += size
        return True

    async def take_answer(self, size: int) -> None:
        """Count an answer to a command; waits while too many are unacknowledged."""
        while self._control_bytes and self._control_bytes + size > self._control_limit:
            self._hold_back()
            self._control_room.clear()
            await self._control_room.wait()
        self._control_bytes += size

    def acknowledge(self, cursors: Mapping[UUID, int]) -> bool:
        """The client has handled these. Whether there may be room for an update now."""
        before = len(self._updates)
        if before:
            self._updates = deque(
                item for item in self._updates if item[1] > cursors.get(item[0], -1)
            )
            self._bytes = sum(size for _, _, size in self._updates)
        progress = len(self._updates) < before
        # Any acknowledgement shows that the client reads answers.
        if progress or self._control_bytes:
            self._stuck_since = None
        self._control_bytes = 0
        self._control_room.set()
        return progress or not before

    def all_sent(self) -> None:
        """Nothing is held back of the updates."""
        if self._control_room.is_set():
            self._stuck_since = None

    def stuck_for(self) -> float:
        """Seconds without progress while something is held back."""
        return 0.0 if self._stuck_since is None else self._clock() - self._stuck_since

    def _hold_back(self) -> None:
        if self._stuck_since is None:
            self._stuck_since = self._clock()


def frame_size(frame: str) -> int:
    """Bytes as UTF-8."""
    return len(frame) if frame.isascii() else len(frame.encode())
