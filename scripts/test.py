"""`make test`: every check and test, and at the end what was skipped and why.

`make check` is `--quick`: lint, types and import contracts only. With CI=true a skip is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import alone  # noqa: E402

PYTHON = sys.executable
NPM = ("sh", "scripts/npm.sh")
PYTEST = (PYTHON, "-m", "pytest", "-q", "-m")
DATABASE = "not browser and not nodb"  # on whichever database
# Of steps beside each other, for two cores: tests wait for processes and clocks half of their time.
LINES = 3
SKIPS = "skips"  # a file to which each run adds
CACHES = ".pytest_cache"


class Skipped(Exception):
    """A step cannot run on this machine; says what to install."""


@dataclass
class Step:
    name: str
    command: tuple[str, ...]
    quick: bool = False
    # The exit code that says that somebody elsewhere could not be asked, which is no failure.
    not_asked: int | None = None
    environment: Callable[[], dict[str, str]] = field(default=dict)

    @property
    def cache(self) -> Path | None:
        """Where pytest keeps which tests failed: a folder for each step that is one of tests."""
        if self.command[1:3] != ("-m", "pytest"):
            return None
        return ROOT / CACHES / re.sub(r"\W+", "-", self.name)


@dataclass(frozen=True)
class Outcome:
    step: Step
    verdict: str  # "passed" | "FAILED" | "skipped" | "not asked"
    seconds: float = 0.0
    # What failed, where a second try is worth it; of a step that passed: at the first try.
    failed: list[str] = field(default_factory=list)


def postgres_run() -> dict[str, str]:
    """The environment that moves a test run to PostgreSQL, and out of the way of the other runs."""
    from tests.plugins.needs import MissingError, find_postgres

    try:
        url = urlsplit(find_postgres())
    except MissingError as missing:
        raise Skipped(str(missing)) from missing
    # Two runs at the same time must not share it; Django puts test_ before the name.
    database = urlunsplit(url._replace(path=f"/chat_{os.getpid()}"))
    return {"TEST_DATABASE_URL": database} | another_redis(1)


def another_redis(place: int) -> dict[str, str]:
    """For a run beside others: no two may share one."""
    from tests.plugins.needs import REDIS_URL

    return {"TEST_REDIS_URL": neighbour(os.environ.get("TEST_REDIS_URL", REDIS_URL), place)}


def neighbour(redis_url: str, place: int) -> str:
    """Another database of the same Redis, which has sixteen: so many below, from the top again."""
    url = urlsplit(redis_url)
    number = int(url.path.strip("/") or 0)
    return urlunsplit(url._replace(path=f"/{(number - place) % 16}"))


# Whichever line has ended its step takes the next from here: the longest first, so that none is
# left alone at the end. CONTRIBUTING.md says what runs where, and what in `make soak` only.
STEPS = (
    Step("tests on SQLite", (*PYTEST, f"{DATABASE} and not soak")),
    Step(
        "tests of the page",
        (*PYTEST, "browser and not soak"),
        environment=lambda: another_redis(2),
    ),
    Step("lint", (PYTHON, "-m", "ruff", "check", "."), quick=True),
    Step("format", (PYTHON, "-m", "ruff", "format", "--check", "."), quick=True),
    # The types of Django's models are read from the settings, which want to be development ones.
    Step("types", (PYTHON, "-m", "mypy"), quick=True, environment=lambda: {"DEBUG": "1"}),
    Step("import contracts", (PYTHON, "-m", "scripts.contracts"), quick=True),
    Step("types, JavaScript", (*NPM, "run", "--silent", "check"), quick=True),
    Step("advisories", (PYTHON, "-m", "scripts.audit"), not_asked=2),
    Step("tests, JavaScript", (*NPM, "test", "--silent")),
    Step(
        "tests of whole processes, and without a database",
        (*PYTEST, "nodb and not browser and not soak"),
        environment=lambda: another_redis(3),
    ),
    Step(
        "tests on PostgreSQL",
        (*PYTEST, f"{DATABASE} and not matrix and not soak"),
        environment=postgres_run,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="lint, types and contracts only")
    quick = parser.parse_args().quick
    steps = [step for step in STEPS if step.quick or not quick]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # All have ended before the first is tried again: then the machine is quiet.
        outcomes = [second_try(each, folder) for each in in_lines(steps, folder)]
        lines = skips_file(folder).read_text(encoding="utf-8").splitlines()
    return summary(outcomes, lines)


def in_lines(steps: list[Step], folder: Path) -> list[Outcome]:
    with ThreadPoolExecutor(LINES) as lines:
        running = [lines.submit(run, step, folder) for step in steps]
        try:
            return [each.result() for each in running]
        finally:
            lines.shutdown(wait=False, cancel_futures=True)


def skips_file(folder: Path) -> Path:
    skips = folder / SKIPS
    skips.touch()
    return skips


def run(step: Step, folder: Path) -> Outcome:
    """What a step says is printed when it has ended: others say something meanwhile."""
    started = time.monotonic()
    skips = skips_file(folder)
    command = step.command
    if step.cache:
        shutil.rmtree(step.cache, ignore_errors=True)  # an earlier run's failures
        command = alone.keeping(command, step.cache)
    try:
        environment = {**os.environ, "SKIPS_FILE": str(skips), **step.environment()}
    except Skipped as missing:
        with skips.open("a", encoding="utf-8") as file:
            file.write(f"all\t{missing}\n")
        return Outcome(step, "skipped")
    print(f"── {step.name} …", flush=True)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    print(headline(step, command), done.stdout.decode(errors="replace"), sep="\n", flush=True)
    seconds = time.monotonic() - started
    verdict = {0: "passed", step.not_asked: "not asked"}.get(done.returncode, "FAILED")
    few: list[str] = []
    if step.cache:
        few = alone.worth_a_second_try(done.returncode, done.stdout, step.cache)
    return Outcome(step, verdict, seconds, few)


def headline(step: Step, command: tuple[str, ...]) -> str:
    return f"\n── {step.name}: {' '.join(command).replace(PYTHON, 'python')}"


def second_try(first: Outcome, folder: Path) -> Outcome:
    step = first.step
    if not first.failed or step.cache is None:
        return first
    started = time.monotonic()
    report = folder / f"{step.cache.name}.xml"
    command = alone.once_more(alone.keeping(step.command, step.cache), report)
    print(headline(step, command), flush=True)
    # What it skips was counted at the first try, or else has not passed.
    environment = {**os.environ, **step.environment(), "SKIPS_FILE": os.devnull}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    passed = alone.all_passed(first.failed, done.returncode, report)
    seconds = first.seconds + time.monotonic() - started
    return replace(first, verdict="passed" if passed else "FAILED", seconds=seconds)


def summary(outcomes: list[Outcome], skips: list[str]) -> int:
    print("\n── summary")
    for each in outcomes:
        print(f"   {each.verdict:9} {each.step.name} ({each.seconds:.0f} s)")
    for each in outcomes:
        if each.failed and each.verdict == "passed":
            print(f"   FAILED FIRST, beside the others, and passed alone, in {each.step.name};")
            print("   a fault of the test or of the product, to be mended:")
            for name in each.failed:
                print(f"   !  {name}")
    verdicts = [each.verdict for each in outcomes]
    if "not asked" in verdicts:
        print("   No advisory service knew of all packages; they are")
        print("   held to chatsite/floors.toml only. `make audit` asks again.")
    if skips:
        print("   Skipped, because something is missing on this machine:")
        for line in sorted(set(skips)):
            count, reason = line.split("\t", 1)
            print(f"   {count:>8} × {reason}")
    elif len(outcomes) == len(STEPS):
        print("   Nothing was skipped.")
    failed = "FAILED" in verdicts
    if skips and os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        print("   In CI a skip is a failure.")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
