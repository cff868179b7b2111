"""`python -m tests.soak`: what takes minutes, part after part, from a seed that is printed.

A part that finds something does not stop the next. `--only idle` runs one part by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.machines import ROOT
from tests.faults.rounds import Outcome
from tests.faults.series import series
from tests.faults.site import SETUPS
from tests.soak.idle import idle
from tests.soak.outages import outages
from tests.soak.result import Result, write
from tests.soak.sockets import long_tests, sockets
from tests.soak.steady import steady

ROUNDS = 30
FAULTS = 16


async def faults(
    seed: int, short: bool = False, *, rounds: int = ROUNDS, keep_logs: Path | None = None
) -> Result:
    """Rounds of faults on all kinds of sites; see tests/faults/."""
    total = Outcome()
    for setup in SETUPS[:1] if short else SETUPS:
        seeds = range(seed, seed + (1 if short else rounds))
        total.add(await series(setup, seeds, faults=FAULTS, seconds=6.0, keep_logs=keep_logs))
    result = Result("faults", seed, violations=total.violations)
    result.figures |= {
        "rounds": total.rounds,
        "faults": total.faults.total(),
        "answers": total.answers,
        "slowest rest s": total.slowest,
    }
    return result


Part = Callable[..., Coroutine[Any, Any, Result]]
PARTS: dict[str, Part] = {
    "idle": idle,
    "outages": outages,
    "steady": steady,
    "sockets": sockets,
    "tests": long_tests,
    "faults": faults,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--short", action="store_true", help="seconds of each: does it run at all?")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of faults, of each setup")
    parser.add_argument("--logs", type=Path, help="where logs of such a round go when it was wrong")
    parser.add_argument("--results", type=Path, default=ROOT / "var" / "soak")
    asked = parser.parse_args()
    chosen = asked.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    seed = asked.seed if asked.seed is not None else secrets.randbelow(1_000_000)
    results = []
    for name in chosen:
        how = {"rounds": asked.rounds, "keep_logs": asked.logs} if name == "faults" else {}
        results.append(run(name, seed, partial(PARTS[name], seed, asked.short, **how)))
        write(results, asked.results)
    print("\nSummary")  # noqa: T201
    for result in results:
        print(f"  {result}")  # noqa: T201
    return 1 if any(result.violations for result in results) else 0


def run(name: str, seed: int, part: Part) -> Result:
    print(f"{name} SEED={seed} …", flush=True)  # noqa: T201
    began = time.monotonic()
    try:
        result = asyncio.run(part())
    except Exception as error:  # noqa: BLE001  (whatever it was, the other parts go on)
        result = Result(name, seed, violations=[f"did not come to its end: {error!r}"])
    result.seconds = time.monotonic() - began
    print(result, flush=True)  # noqa: T201
    for violation in result.violations[:20]:
        print(f"  VIOLATION {violation}", flush=True)  # noqa: T201
    return result


if __name__ == "__main__":
    raise SystemExit(main())
