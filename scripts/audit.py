"""`make audit`: asks what is known of the locked packages.

"Nothing is known" and "nobody could be asked" are told apart: it ends with 0 where every package
was looked up and none has a known hole, with 1 where one has, with 2 where a service could not be
asked about all of them. chatsite/floors.toml is held everywhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")
PATIENCE = 180  # seconds
CLEAN, HOLES, NOT_ASKED = 0, 1, 2


@dataclass
class Answer:
    """``holes``: a line for each; ``unknown``: why some or all packages could not be looked up."""

    holes: list[str] = field(default_factory=list)
    unknown: str = ""
    looked_up: int = 0


def python(told: str) -> Answer:
    """Of pip-audit's JSON. It says "no known vulnerabilities" of packages it did not find, too."""
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer(unknown="the advisory service did not answer")
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    known = [each for each in packages if "skip_reason" not in each]
    holes = [
        f"{each['name']} {each['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version'}"
        for each in known
        for hole in each["vulns"]
    ]
    unknown = f"nothing is known of {len(skipped)} of {len(packages)} packages" if skipped else ""
    return Answer(holes, unknown or ("" if packages else "no package was asked for"), len(known))


def npm(told: str) -> Answer:
    try:
        found: dict[str, Any] = json.loads(told)
        looked_up = int(found["metadata"]["dependencies"]["total"])
        holes = [
            f"{name} {entry['range']}: {entry['severity']}"
            for name, entry in found["vulnerabilities"].items()
        ]
    except (ValueError, KeyError, TypeError):
        return Answer(unknown="the advisory service did not answer")
    return Answer(holes, "" if looked_up else "no package was asked for", looked_up)


def ask(command: tuple[str, ...]) -> str:
    try:
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout


def questions() -> dict[str, tuple[Callable[[str], Answer], tuple[str, ...]]]:
    """By lock file: who reads the answer, and the command that asks."""
    pip_audit: tuple[str, ...] = (
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
    )
    pip_audit += ("--progress-spinner", "off", "--format", "json", "--requirement")
    asked: dict[str, tuple[Callable[[str], Answer], tuple[str, ...]]] = {
        lock: (python, (*pip_audit, lock)) for lock in LOCKS
    }
    npm_audit = ("sh", "scripts/npm.sh", "audit", "--json", "--package-lock-only")
    return asked | {"package-lock.json": (npm, npm_audit)}


def main() -> int:
    verdict = CLEAN
    for lock, (read, command) in questions().items():
        answer = read(ask(command))
        for hole in answer.holes:
            print(f"   {lock}: {hole}")
        if answer.unknown:
            print(f"   {lock}: NOT AUDITED: {answer.unknown}.")
        elif not answer.holes:
            print(f"   {lock}: no known hole in {answer.looked_up} packages.")
        if answer.holes:
            verdict = HOLES
        elif answer.unknown and verdict == CLEAN:
            verdict = NOT_ASKED
    return verdict


if __name__ == "__main__":
    raise SystemExit(main())
