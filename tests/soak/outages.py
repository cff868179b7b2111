"""R14, R15, R56: Redis, the broker and PostgreSQL are away for a minute each, in mid-answer.

Leases and timeouts are those of production here.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import psycopg

from tests.faults import stored
from tests.faults.book import Book
from tests.faults.browser import Browser
from tests.faults.plan import canary
from tests.faults.site import Site
from tests.faults.verdict import judge, shows_what_is_stored
from tests.soak import memory
from tests.soak.result import Result

SECONDS = 75.0
RECOVERY = 25.0  # seconds after it is back until everything is at rest
ACCEPTED_WITHIN = 5.0  # seconds, where that needs nothing that is away
ANSWERED_WITHIN = 25.0
PACE = 5  # words of the long answer in a second
AS_IN_PRODUCTION = {
    "LEASE_SECONDS": "10",
    "REAPER_SECONDS": "2",
    "MODEL_RETRY_SECONDS": "1",
    "MODEL_READ_TIMEOUT_SECONDS": "300",
    "SHUTDOWN_SECONDS": "10",
}
AWAY = {"redis": signal.SIGKILL, "broker": signal.SIGKILL, "postgres": signal.SIGQUIT}
# What people can do meanwhile, without any of it: ask, and be answered.
ACCEPTS = {"redis", "broker"}
ANSWERS = {"redis"}


async def outages(seed: int, short: bool = False) -> Result:
    result = Result("outages", seed)
    seconds = 4.0 if short else SECONDS
    site = Site("many", seed, ("daphne", "uvicorn"), settings=AS_IN_PRODUCTION, broker_apart=True)
    async with site:
        before: dict[int, tuple[str, float]] = {}
        for number, name in enumerate(AWAY):
            outage = _Outage(site, name, seconds, f"{seed}x{number}")
            result.violations += [f"{name}: {wrong}" for wrong in await outage.happens()]
            result.figures |= outage.figures
            # The first one is the warm-up, too.
            before = before or memory.resident(site)
        memory.compare(result, before, site)
    return result


class _Outage:
    """alice reads a long answer in two tabs, bob asks short questions, and something is away."""

    def __init__(self, site: Site, name: str, seconds: float, mark: str) -> None:
        self.figures: dict[str, str | int | float] = {}
        self._site = site
        self._name = name
        self._seconds = seconds
        self._mark = mark
        self._book = Book()
        self._alice, self._reader, self._bob = self._tabs = [
            Browser(person, number, site.sessions[person], site.wire.port, self._book)
            for person, number in (("alice", 0), ("alice", 1), ("bob", 0))
        ]
        self._asked_at: dict[str, float] = {}
        self._wrong: list[str] = []

    async def happens(self) -> list[str]:
        running = [asyncio.create_task(tab.run()) for tab in self._tabs]
        try:
            words = range(round((self._seconds + 10) * PACE))
            long = await self._ask(self._alice, "long", PACE, words)
            await self._until(lambda: any(each.text for each in self._alice.shown.values()))
            for conversation in list(self._alice.conversations):
                await self._reader.follow(conversation)
            await self._is_away()
            self._judge_meanwhile(long)
            await self._comes_back()
            self._judge_afterwards(long)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return self._wrong + self._book.complaints

    async def _ask(self, tab: Browser, name: str, pace: int, words: range) -> str:
        key = str(uuid5(NAMESPACE_OID, f"{self._mark} {name}"))
        text = f"[[echo]] [[pace {pace}]] {canary(tab.person)}x{self._mark}x{name} "
        text += " ".join(f"w{number}" for number in words)
        self._asked_at[key] = time.monotonic()
        await tab.give({"type": "send", "key": key, "ref": key, "text": text.strip()})
        return key

    async def _until(self, condition: Callable[[], bool]) -> None:
        for _ in range(round(ANSWERED_WITHIN / 0.1)):
            if condition():
                return
            await asyncio.sleep(0.1)
        raise TimeoutError

    async def _is_away(self) -> None:
        program = self._site.named(self._name)[0]
        program.signal(AWAY[self._name])
        await program.gone()
        ends = time.monotonic() + self._seconds
        while time.monotonic() < ends:
            await self._ask(self._bob, f"short{len(self._asked_at)}", 40, range(5))
            await asyncio.sleep(self._seconds / 10)

    async def _comes_back(self) -> None:
        program = self._site.named(self._name)[0]
        program.start()
        await program.answers()
        began = time.monotonic()
        # The long answer takes its time; what is measured is the rest.
        unsettled: list[str] = []
        while time.monotonic() < began + RECOVERY:
            await asyncio.sleep(0.5)
            unsettled = await self._unsettled()
            if not unsettled:
                break
        self._wrong += [f"not at rest after {RECOVERY:.0f} s: {each}" for each in unsettled]
        self.figures[f"{self._name} at rest after s"] = time.monotonic() - began

    async def _unsettled(self) -> list[str]:
        waiting = [tab.unsettled() for tab in self._tabs if not tab.is_quiet]
        try:
            rows = await asyncio.to_thread(stored.rows, self._site.database_url)
        except psycopg.OperationalError as error:
            return [f"the database: {error}"]
        mine = [row for row in rows if row.message in self._book.expected]
        waiting += [wrong for tab in self._tabs for wrong in shows_what_is_stored(tab, mine)]
        return waiting + [f"live: {row}" for row in rows if row.status in stored.LIVE]

    # --- what must hold -----------------------------------------------------------------------

    def _judge_meanwhile(self, long: str) -> None:
        now = time.monotonic()
        asked = {key: now - at for key, at in self._asked_at.items() if key != long}
        accepted = [key for key in asked if key in self._book.accepted]
        answered = [key for key in accepted if self._end_of(key)]
        told = f"{len(asked)}/{len(accepted)}/{len(answered)}"
        self.figures[f"{self._name} away: asked/accepted/answered"] = told
        for key, seconds in asked.items():
            if self._name in ACCEPTS and key not in accepted and seconds > ACCEPTED_WITHIN:
                self._wrong.append(f"not accepted for {seconds:.0f} s")
            if self._name in ANSWERS and key not in answered and seconds > ANSWERED_WITHIN:
                self._wrong.append(f"not answered for {seconds:.0f} s")

    def _judge_afterwards(self, long: str) -> None:
        rows = stored.rows(self._site.database_url)
        mine = [row for row in rows if row.message in self._book.expected]
        self._wrong += judge(self._tabs, self._book, mine, [], 0.0)
        for key in self._asked_at:
            end = self._end_of(key)
            if end is None or end["status"] != "complete":
                name = "the long answer" if key == long else "an answer"
                self._wrong.append(f"{name} is not complete: {end}")

    def _end_of(self, key: str) -> dict[str, Any] | None:
        accepted = self._book.accepted.get(key)
        return self._book.ends.get(accepted["generation"]) if accepted else None
