"""`python -m tests.faults`: rounds of faults on a running site, from a seed that is printed.

SEED=n replays the rounds from that seed on; `--rounds 1` only that one.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import time
from pathlib import Path

from tests.faults.rounds import Outcome
from tests.faults.series import series
from tests.faults.site import SETUPS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup", choices=(*SETUPS, "all"), default="all")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rounds", type=int, default=4, help="of each setup")
    parser.add_argument("--faults", type=int, default=10, help="of each round")
    parser.add_argument("--seconds", type=float, default=6.0, help="of a round, before healing")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no round after that")
    parser.add_argument("--logs", type=Path, help="where logs go when something is wrong")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else secrets.randbelow(1_000_000)
    total = Outcome()
    until = time.monotonic() + asked.minutes * 60
    for setup in SETUPS if asked.setup == "all" else (asked.setup,):
        rounds = series(
            setup,
            range(seed, seed + asked.rounds),
            faults=asked.faults,
            seconds=asked.seconds,
            until=until,
            keep_logs=asked.logs,
        )
        total.add(asyncio.run(rounds))
    print(f"\nSEED={seed}: {total}")  # noqa: T201
    return 1 if total.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
