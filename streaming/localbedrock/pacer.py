"""One clock for all answers that are sent at a pace.

Hundreds of streams at 40 deltas a second would spend most of their time waking tasks; here a
stream is a function that is called when its next delta is due, and all that are due in the same
few milliseconds share one timer.
"""

import asyncio
from collections.abc import Callable

SLOT = 0.005

# Called with the time; gives the time of its next call, or None when it is done.
Player = Callable[[float], float | None]


class Pacer:
    """Calls players of one event loop; times are those of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, list[Player]] = {}

    async def play(self, player: Player) -> None:
        """Call the player at once and then whenever it is due; returns when it is done."""
        done = self._loop.create_future()

        def watched(now: float) -> float | None:
            if done.done():
                return None
            due = player(now)
            if due is None:
                done.set_result(None)
            return due

        due = watched(self._loop.time())
        if due is not None:
            self._schedule(watched, due)
        await done

    def _schedule(self, player: Player, due: float) -> None:
        slot = int(due / SLOT) + 1
        if slot in self._slots:
            self._slots[slot].append(player)
        else:
            self._slots[slot] = [player]
            self._loop.call_at(slot * SLOT, self._run, slot)

    def _run(self, slot: int) -> None:
        now = self._loop.time()
        for player in self._slots.pop(slot):
            due = player(now)
            if due is not None:
                self._schedule(player, due)
