"""How much memory the processes of a site hold, and whether that grows (R116)."""

from __future__ import annotations

import psutil

from tests.faults.site import Site
from tests.soak.result import Result

GROWTH_LIMIT = 32.0  # MB of one process, between its warm-up and the end of a part


def resident(site: Site) -> dict[int, tuple[str, float]]:
    """Of web processes and workers that live: name and MB, by their process id."""
    found = {}
    for program in [*site.named("web"), *site.named("worker")]:
        if program.process is not None and program.is_alive:
            used = psutil.Process(program.process.pid).memory_info().rss
            found[program.process.pid] = (program.name, used / 2**20)
    return found


def compare(result: Result, before: dict[int, tuple[str, float]], site: Site) -> None:
    """Notes the largest growth and the largest process; too much growth is a violation."""
    after = resident(site)
    for pid, (name, used) in before.items():
        if pid not in after:
            result.violations.append(f"{name} ended, though nothing ended it")
            continue
        growth = after[pid][1] - used
        if growth > GROWTH_LIMIT:
            result.violations.append(f"{name} grew from {used:.0f} to {after[pid][1]:.0f} MB")
        result.figures["growth MB"] = max(float(result.figures.get("growth MB", -1e9)), growth)
    for _, used in after.values():
        result.figures["largest MB"] = max(float(result.figures.get("largest MB", 0)), used)
