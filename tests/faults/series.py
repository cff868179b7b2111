"""Many rounds, on one site after the other, on the servers in turn."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.rounds import Outcome, play

PER_SITE = 10  # rounds; then everything starts from an empty database again
SERVERS = {
    "sqlite": (("daphne",), ("uvicorn",)),
    "postgres": (("daphne",), ("uvicorn",)),
    "many": (("daphne", "uvicorn"),),
}


async def series(
    setup: str,
    seeds: range,
    *,
    faults: int,
    seconds: float,
    until: float = float("inf"),
    keep_logs: Path | None = None,
) -> Outcome:
    """Rounds with these seeds; after one with a violation the next site goes on."""
    total = Outcome()
    first = seeds.start
    while first < seeds.stop and time.monotonic() < until:
        kinds = SERVERS[setup]
        outcome = await play(
            setup,
            range(first, min(first + PER_SITE, seeds.stop)),
            servers=kinds[first // PER_SITE % len(kinds)],
            seconds=seconds,
            faults=faults,
            until=until,
            keep_logs=keep_logs,
        )
        total.add(outcome)
        first += outcome.rounds
    return total
