"""How much at once, and how fast, within one process.

What counts for all processes together is in ``conversations.admission`` (what runs) and
``presence`` (sockets, and their pace).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

TOO_FAST = _("That was too fast; nothing of it was done.")
SLOWER_SECONDS = 1.0


class Seats:
    """At most so many at once, in this process."""

    def __init__(self, seats: int) -> None:
        self._free = seats
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether there was one."""
        with self._lock:
            if self._free == 0:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self._free += 1


class Pace:
    """A token bucket: ``per_second`` on average, ``burst`` at once.

    ``share``: of both, how much is for this process; others may have the rest.
    """

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self.share = 1.0
        self._tokens = burst
        self._at = clock()

    def take(self) -> bool:
        """Whether one more is within the limit."""
        now = self._clock()
        gained = (now - self._at) * self._per_second * self.share
        self._tokens = min(self._burst * self.share, self._tokens + gained)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
