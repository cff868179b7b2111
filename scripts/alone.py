"""A test that failed beside the others is run once more, alone.

docs/decisions/once-more-alone.md says why, and what that does not hide.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

MOST = 10
# pytest's exit code when all tests ran and some failed. After any other, nobody knows what passed:
# interrupted, an error while collecting, a crash of the run itself.
TESTS_FAILED = 1
# What it writes when it stopped before the last test, whatever its exit code: `!!!! reason !!!!`.
STOPPED = re.compile(rb"^!{3,} .* !{3,}\r?$", re.MULTILINE)


def keeping(command: tuple[str, ...], cache: Path) -> tuple[str, ...]:
    """With a cache of its own: the next run's failures are not this one's."""
    return (*command, "-o", f"cache_dir={cache}")


def worth_a_second_try(code: int, said: bytes, cache: Path) -> list[str]:
    """The tests that failed in the run of that ``cache``, where they are few and all were run."""
    failed = cache / "v" / "cache" / "lastfailed"
    if code != TESTS_FAILED or STOPPED.search(said) or not failed.exists():
        return []
    names = sorted(json.loads(failed.read_text(encoding="utf-8")))
    return names if len(names) <= MOST else []


def once_more(command: tuple[str, ...], report: Path) -> tuple[str, ...]:
    """Only what failed; ``report`` tells afterwards what was run."""
    only = ("--last-failed", "--last-failed-no-failures", "none")
    return (*command, *only, f"--junit-xml={report}")


def all_passed(names: list[str], code: int, report: Path) -> bool:
    """Each of them was run and has passed: not one was lost, or skipped this time."""
    return code == 0 and report.exists() and _passed(report) == len(names)


def _passed(report: Path) -> int:
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314  (our own run wrote it)
    ends = {"failure", "error", "skipped"}
    return sum(not ends.intersection(child.tag for child in case) for case in cases)
