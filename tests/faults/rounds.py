"""Rounds of faults: people ask, things break, everything heals, and then it must be right."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import psycopg

from tests.faults import stored
from tests.faults.book import Book
from tests.faults.browser import Browser
from tests.faults.plan import MODEL_FAULTS, PEOPLE, TABS, Act, Plan, draw
from tests.faults.site import KINDS, Site
from tests.faults.verdict import judge, shows_what_is_stored

RECOVERY = 20.0  # seconds after healing in which everything must have come to its end
BETWEEN_DEATHS = 8.0  # seconds: a lease, a restart and some text
COSTS = 1.3  # seconds of text that a kill may cost: a checkpoint's second, and a moment


@dataclass
class Outcome:
    """Of any number of rounds."""

    rounds: int = 0
    answers: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    violations: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.rounds += other.rounds
        self.answers += other.answers
        self.faults += other.faults
        self.ends += other.ends
        self.slowest = max(self.slowest, other.slowest)
        self.violations += other.violations

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        ends = ", ".join(f"{status} {count}" for status, count in sorted(self.ends.items()))
        return (
            f"{self.rounds} rounds, {self.faults.total()} faults, {self.answers} answers ({ends}), "
            f"{len(self.violations)} violations, slowest recovery {self.slowest:.1f} s\n  {faults}"
        )


async def play(
    setup: str,
    seeds: range,
    *,
    servers: tuple[str, ...],
    seconds: float,
    faults: int,
    until: float = float("inf"),
    keep_logs: Path | None = None,
) -> Outcome:
    """Rounds with these seeds on one site, until the clock says so or something is wrong."""
    outcome = Outcome()
    async with Site(setup, seeds.start, servers) as site:
        for seed in seeds:
            if time.monotonic() > until:
                break
            plan = draw(seed, KINDS[setup], seconds=seconds, faults=faults)
            result = await Round(site, plan).play()
            outcome.add(result)
            print(f"{setup} SEED={seed}: {result}", flush=True)  # noqa: T201
            if result.violations:
                for violation in result.violations[:20]:
                    print(f"  VIOLATION {violation}", flush=True)  # noqa: T201
                if keep_logs is not None:
                    _keep(site.folder, keep_logs / f"{setup}-{seed}")
                break
    return outcome


def _keep(logs: Path, where: Path) -> None:
    where.mkdir(parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        (where / log.name).write_bytes(log.read_bytes())


class Round:
    def __init__(self, site: Site, plan: Plan) -> None:
        self._site = site
        self._plan = plan
        self._book = Book()
        self._tabs = {
            (person, number): Browser(
                person,
                number,
                site.sessions[person],
                site.wire.port,
                self._book,
                over_http=(person, number) in plan.over_http,
            )
            for person in PEOPLE
            for number in range(TABS)
        }
        self._model_faults: Counter[str] = Counter()

    async def play(self) -> Outcome:
        site = self._site
        site.injected, site.deaths, site.database_troubles = {}, [], []
        running = [asyncio.create_task(tab.run()) for tab in self._tabs.values()]
        try:
            await asyncio.gather(self._act(), self._break(), _alarm(running))
        finally:
            began, settled = await self._settle()
            for task in running:
                task.cancel()
            ended = await asyncio.gather(*running, return_exceptions=True)
        outcome = Outcome(rounds=1, answers=len(self._book.ends), slowest=settled - began)
        for result in ended:
            if isinstance(result, Exception):
                outcome.violations.append(f"a tab broke: {result!r}")
        outcome.faults.update(site.injected)
        outcome.faults.update(self._model_faults)
        outcome.ends.update(end["status"] for end in self._book.ends.values())
        outcome.violations += self._book.complaints + self._late
        rows = await asyncio.to_thread(stored.rows, site.database_url)
        troubles = site.database_troubles
        deaths = [each for each in _first_of_each(site.deaths) if not _near(each.at, troubles)]
        outcome.violations += judge(list(self._tabs.values()), self._book, rows, deaths, COSTS)
        return outcome

    # --- what happens -------------------------------------------------------------------------

    async def _act(self) -> None:
        began = time.monotonic()
        for number, act in enumerate(self._plan.acts):
            await asyncio.sleep(max(0.0, began + act.at - time.monotonic()))
            await self._do(act, str(uuid5(NAMESPACE_OID, f"{self._plan.seed} {number}")))
        await asyncio.sleep(1.0)

    async def _do(self, act: Act, key: str) -> None:
        chance = random.Random(act.number)
        tab = self._tabs[act.person, 0]
        for other in range(1, TABS):
            for conversation in sorted(tab.conversations):
                await self._tabs[act.person, other].follow(conversation)
        command = {"key": key, "ref": key, "type": act.kind}
        if act.kind == "send":
            command["text"] = act.text
            resting = [
                one
                for one, newest in tab.newest.items()
                if newest in tab.shown and tab.shown[newest].status and tab.shown[newest].text
            ]
            if resting and chance.random() < 0.5:
                command["conversation"] = chance.choice(resting)
                command["parent"] = tab.newest[command["conversation"]]
            for phrase in MODEL_FAULTS:
                if f"[[{phrase}]]" in act.text:
                    self._model_faults[f"model: {phrase.split(' at ')[0].rstrip(' 12')}"] += 1
        elif act.kind == "stop":
            live = [message for message, shown in tab.shown.items() if not shown.status]
            if live:
                await tab.stop(chance.choice(live))
            return
        else:
            wanted = "continue" if act.kind == "continue" else "regenerate"
            fitting = [m for m, shown in tab.shown.items() if wanted in shown.actions]
            if not fitting:
                return
            command["message"] = chance.choice(fitting)
        await tab.give(command)

    async def _break(self) -> None:
        began = time.monotonic()
        for fault in self._plan.faults:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            await self._site.inject(fault)

    # --- afterwards ---------------------------------------------------------------------------

    async def _settle(self) -> tuple[float, float]:
        """Heal, and wait until nothing is on its way any more."""
        self._late: list[str] = []
        await self._site.heal()
        healed = time.monotonic()
        for person in PEOPLE:
            for conversation in sorted(self._tabs[person, 0].conversations):
                for other in range(1, TABS):
                    await self._tabs[person, other].follow(conversation)
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0.5)
            unsettled = await self._unsettled()
            quiet = quiet + 1 if not unsettled else 0
            if time.monotonic() - healed > RECOVERY:
                self._late = [f"not at rest after {RECOVERY:.0f} s: {unsettled}"]
                break
        return healed, time.monotonic() - 1.0

    async def _unsettled(self) -> list[str]:
        waiting = [tab.unsettled() for tab in self._tabs.values() if not tab.is_quiet]
        try:
            rows = await asyncio.to_thread(stored.rows, self._site.database_url)
        except psycopg.OperationalError as error:
            return [f"the database: {error}"]
        for tab in self._tabs.values():
            waiting += shows_what_is_stored(tab, rows)
        return waiting + [f"live: {row}" for row in rows if row.status in stored.LIVE]


async def _alarm(running: list[asyncio.Task[None]]) -> None:
    """A tab must not end."""
    await asyncio.sleep(0)
    for task in running:
        if task.done():
            task.result()


def _near(at: float, troubles: list[float]) -> bool:
    """Whether the database was in trouble just before: then there was no checkpoint to go by."""
    return any(trouble - 0.5 <= at <= trouble + 6.0 for trouble in troubles)


def _first_of_each(deaths: list[stored.Death]) -> list[stored.Death]:
    """Of deaths in a row the first: what it took is still shown when the next one comes."""
    return [
        death
        for number, death in enumerate(deaths)
        if number == 0 or death.at - deaths[number - 1].at > BETWEEN_DEATHS
    ]
