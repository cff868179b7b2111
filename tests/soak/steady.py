"""People ask all the time and nothing breaks: memory must not grow (R116)."""

from __future__ import annotations

import time

from tests.faults.plan import draw
from tests.faults.rounds import Outcome, Round
from tests.faults.site import KINDS, Site
from tests.soak import memory
from tests.soak.result import Result

SECONDS = 600.0
ROUND = 10.0  # seconds
WARM_UP = 4  # rounds; caches and pools fill
# By default updates stay in memory for a quarter of an hour, which would look like growth here.
SETTINGS = {"LIVE_LOG_KEPT_SECONDS": "15"}


async def steady(seed: int, short: bool = False) -> Result:
    result = Result("steady", seed)
    total = Outcome()
    seconds, length = (2.0, 2.0) if short else (SECONDS, ROUND)
    setup, servers = ("sqlite", ("daphne",)) if short else ("many", ("daphne", "uvicorn"))
    async with Site(setup, seed, servers, settings=SETTINGS) as site:
        for number in range(0 if short else WARM_UP):
            await _round(site, seed + number, length, total)
        before, until = memory.resident(site), time.monotonic() + seconds
        while time.monotonic() < until and not total.violations:
            await _round(site, seed + total.rounds, length, total)
        memory.compare(result, before, site)
    result.figures |= {"rounds": total.rounds, "answers": total.answers}
    result.violations += total.violations
    return result


async def _round(site: Site, seed: int, seconds: float, total: Outcome) -> None:
    plan = draw(seed, KINDS["many"], seconds=seconds, faults=0)
    total.add(await Round(site, plan).play())
