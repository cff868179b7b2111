"""Medians, spreads and paired ratios, as a table."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

Cell = dict[str, Any]  # a measurement
# rounds[round][streams][candidate]
Rounds = list[dict[int, dict[str, Cell]]]

COLUMNS: dict[str, Callable[[Cell], float | None]] = {
    "CPU": lambda cell: cell["cpu"],
    "of it steady": lambda cell: cell["steady_cpu"],
    "per answer ms": lambda cell: cell["answer_ms"],
    "first p50": lambda cell: _of(cell, "first_ms", "p50"),
    "first p99": lambda cell: _of(cell, "first_ms", "p99"),
    "delta p50": lambda cell: _of(cell, "latency_ms", "p50"),
    "delta p99": lambda cell: _of(cell, "latency_ms", "p99"),
    "frames": lambda cell: 1000 * cell["frames"] / max(1, cell["deltas"]),
    "busy cores": lambda cell: cell["machine"],
}


def table(rounds: Rounds) -> list[str]:
    """A Markdown table: median (lowest-highest) over the rounds."""
    lines = [
        f"| streams | candidate | {' | '.join(COLUMNS)} | wrong |",
        f"|---:|---|{'---:|' * len(COLUMNS)}---:|",
    ]
    for streams in rounds[0]:
        for name in rounds[0][streams]:
            cells = [each[streams][name] for each in rounds]
            figures = [_spread([column(cell) for cell in cells]) for column in COLUMNS.values()]
            wrong = sum(cell["troubles"] + cell["not_saved"] for cell in cells)
            lines.append(f"| {streams} | {name} | {' | '.join(figures)} | {wrong} |")
    return lines


def ratios(rounds: Rounds, products: list[str], others: list[str]) -> list[str]:
    """CPU of the product over that of the others in the same round."""
    lines = ["| streams | CPU of … over … | whole | steady |", "|---:|---|---:|---:|"]
    for streams in rounds[0]:
        for product in products:
            for other in others:
                pairs = [(each[streams][product], each[streams][other]) for each in rounds]
                cells = [
                    _spread([mine[what] / theirs[what] for mine, theirs in pairs], digits=2)
                    for what in ("cpu", "steady_cpu")
                ]
                lines.append(f"| {streams} | {product} / {other} | {' | '.join(cells)} |")
    return lines


PARTS = {"web": "web", "worker": "worker", "background": "background", "redis": "Redis"}


def scale(rounds: Rounds, one: str, several: str) -> list[str]:
    """Several processes beside one: where the CPU goes, and how much more it is."""
    names = [*PARTS.values(), "PostgreSQL, told separately"]
    lines = [
        f"| streams | {several}: {' | '.join(names)} | CPU over {one} | first p50 later by ms |",
        f"|---:|{'---:|' * len(names)}---:|---:|",
    ]
    for streams in rounds[0]:
        pairs = [(each[streams][several], each[streams][one]) for each in rounds]
        parts = [
            _spread([mine["parts"].get(name) for mine, _ in pairs]) for name in (*PARTS, "postgres")
        ]
        ratio = _spread([mine["cpu"] / theirs["cpu"] for mine, theirs in pairs], digits=2)
        later = _spread(
            [_minus(*(_of(cell, "first_ms", "p50") for cell in pair)) for pair in pairs]
        )
        lines.append(f"| {streams} | {' | '.join(parts)} | {ratio} | {later} |")
    return lines


def probes(told: dict[str, dict[str, float]]) -> list[str]:
    lines = ["| across processes, ms | p50 | p90 | p99 | longest |", "|---|---:|---:|---:|---:|"]
    for name, each in told.items():
        figures = " | ".join(f"{each[share]:.0f}" for share in ("p50", "p90", "p99", "max"))
        lines.append(f"| {name} | {figures} |")
    return lines


def limits(told: dict[str, Any]) -> list[str]:
    lines = [
        "| candidate | streams on one core | process MB | idle socket kB | stream kB "
        "| p99 ms (share of the core) at each step |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, each in told.items():
        steps = [f"{s['streams']}: {s['p99']:.0f} ({s['core']:.2f})" for s in each["steps"]]
        memory = [
            "–" if each[what] is None else f"{each[what]:.0f}"
            for what in ("resident_mb", "idle_socket_kb", "stream_kb")
        ]
        lines.append(f"| {name} | {each['streams']} | {' | '.join(memory)} | {', '.join(steps)} |")
    return lines


def _of(cell: Cell, name: str, share: str) -> float | None:
    return cell[name][share] if cell[name] else None


def _minus(mine: float | None, theirs: float | None) -> float | None:
    return None if mine is None or theirs is None else mine - theirs


def _spread(values: list[float | None], digits: int = 1) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    middle = f"{median(known):.{digits}f}"
    if len(known) == 1:
        return middle
    return f"{middle} ({min(known):.{digits}f}–{max(known):.{digits}f})"
