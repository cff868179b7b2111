"""The oldest versions of other people's packages that the product starts with (R40)."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from packaging.version import Version


class Floor(NamedTuple):
    minimum: str
    reason: str


def floors(kind: str) -> dict[str, Floor]:
    """Of ``python`` or ``npm``, by the package's name."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: Floor(entry["minimum"], entry["for"]) for name, entry in table[kind].items()}


def too_old() -> list[str]:
    """What is installed and must not be, each as a sentence."""
    return [
        f"{name} {installed} has known holes ({floor.reason}): {floor.minimum} or newer is needed."
        for name, floor in floors("python").items()
        if (installed := _installed(name)) and Version(installed) < Version(floor.minimum)
    ]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
