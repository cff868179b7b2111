"""`make test`: every check and test, and at the end what was skipped and why.

`make check` is `--quick`: lint, types and import contracts only. With CI=true a skip is a failure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PYTHON = sys.executable
NPM = ("sh", "scripts/npm.sh")
PYTEST = (PYTHON, "-m", "pytest", "-q", "-m")
DATABASE = "not browser and not nodb"  # on whichever database
SKIPS = "skips"  # a file to which each run adds


class Skipped(Exception):
    """A step cannot run on this machine; says what to install."""


@dataclass
class Step:
    name: str
    command: tuple[str, ...]
    quick: bool = False
    beside: bool = False  # in the second line: one after the other, while the others run
    # The exit code that says that somebody elsewhere could not be asked, which is no failure.
    not_asked: int | None = None
    environment: Callable[[], dict[str, str]] = field(default=dict)


def postgres_run() -> dict[str, str]:
    """The environment that moves a test run to PostgreSQL, and out of the way of the other run."""
    from tests.plugins.needs import MissingError, find_postgres

    try:
        url = urlsplit(find_postgres())
    except MissingError as missing:
        raise Skipped(str(missing)) from missing
    # Two runs at the same time must not share it; Django puts test_ before the name.
    database = urlunsplit(url._replace(path=f"/chat_{os.getpid()}"))
    return {"TEST_DATABASE_URL": database} | second_redis()


def second_redis() -> dict[str, str]:
    """For a run beside another: they must not share one."""
    from tests.plugins.needs import REDIS_URL

    return {"TEST_REDIS_URL": neighbour(os.environ.get("TEST_REDIS_URL", REDIS_URL))}


def neighbour(redis_url: str) -> str:
    """Another database of the same Redis: the one below, or above the first."""
    url = urlsplit(redis_url)
    number = int(url.path.strip("/") or 0)
    return urlunsplit(url._replace(path=f"/{number - 1 if number else 1}"))


STEPS = (
    Step("lint", (PYTHON, "-m", "ruff", "check", "."), quick=True),
    Step("format", (PYTHON, "-m", "ruff", "format", "--check", "."), quick=True),
    # The types of Django's models are read from the settings, which want to be development ones.
    Step("types", (PYTHON, "-m", "mypy"), quick=True, environment=lambda: {"DEBUG": "1"}),
    Step("import contracts", (PYTHON, "-m", "scripts.contracts"), quick=True),
    Step("types, JavaScript", (*NPM, "run", "--silent", "check"), quick=True),
    Step("advisories", (PYTHON, "-m", "scripts.audit"), not_asked=2),
    Step("tests, JavaScript", (*NPM, "test", "--silent")),
    # CONTRIBUTING.md says what runs where, and what in `make soak` only. Two lines of tests, which
    # wait as much as they work, keep two cores busy.
    Step("tests on SQLite", (*PYTEST, f"{DATABASE} and not soak")),
    Step(
        "tests on PostgreSQL",
        (*PYTEST, f"{DATABASE} and not matrix and not soak"),
        environment=postgres_run,
        beside=True,
    ),
    Step(
        "tests of the page, of whole processes, and without a database",
        (*PYTEST, f"not ({DATABASE}) and not soak"),
        environment=second_redis,
        beside=True,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="lint, types and contracts only")
    quick = parser.parse_args().quick
    steps = [step for step in STEPS if step.quick or not quick]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as second_line:
        folder = Path(name)
        beside = [second_line.submit(run, step, folder) for step in steps if step.beside]
        try:
            outcomes = [run(step, folder) for step in steps if not step.beside]
            outcomes += [each.result() for each in beside]
        finally:
            second_line.shutdown(wait=False, cancel_futures=True)
        lines = skips_file(folder).read_text(encoding="utf-8").splitlines()
    return summary(outcomes, lines)


def skips_file(folder: Path) -> Path:
    skips = folder / SKIPS
    skips.touch()
    return skips


def run(step: Step, folder: Path) -> tuple[str, str, float]:
    """(name, "passed" | "FAILED" | "skipped" | "not asked", seconds).

    What a step of the second line says is printed when it has ended.
    """
    started = time.monotonic()
    headline = f"\n── {step.name}: {' '.join(step.command).replace(PYTHON, 'python')}"
    if not step.beside:
        print(headline, flush=True)
    skips = skips_file(folder)
    try:
        extra = step.environment()
    except Skipped as missing:
        with skips.open("a", encoding="utf-8") as file:
            file.write(f"all\t{missing}\n")
        return step.name, "skipped", 0.0
    environment = {**os.environ, "SKIPS_FILE": str(skips), **extra}
    said = (folder / step.name).open("w+b") if step.beside else nullcontext()
    with said as output:
        done = subprocess.run(
            step.command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
        )
        if output is not None:
            output.seek(0)
            print(headline, output.read().decode(errors="replace"), sep="\n", flush=True)
    verdict = {0: "passed", step.not_asked: "not asked"}.get(done.returncode, "FAILED")
    return step.name, verdict, time.monotonic() - started


def summary(outcomes: list[tuple[str, str, float]], skips: list[str]) -> int:
    print("\n── summary")
    for name, outcome, seconds in outcomes:
        print(f"   {outcome:9} {name} ({seconds:.0f} s)")
    if any(outcome == "not asked" for _, outcome, _ in outcomes):
        print("   No advisory service knew of all packages; they are")
        print("   held to chatsite/floors.toml only. `make audit` asks again.")
    if skips:
        print("   Skipped, because something is missing on this machine:")
        for line in sorted(set(skips)):
            count, reason = line.split("\t", 1)
            print(f"   {count:>8} × {reason}")
    elif len(outcomes) == len(STEPS):
        print("   Nothing was skipped.")
    failed = any(outcome == "FAILED" for _, outcome, _ in outcomes)
    if skips and os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        print("   In CI a skip is a failure.")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
