"""Interleaved rounds: machines drift, so only what is measured one after another is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.candidates import Place
from bench.measuring import Measured, Shape, measure
from bench.report import Rounds


def interleaved(
    servers: Sequence[Measured], place: Place, shape: Shape, streams: list[int], rounds: int
) -> Rounds:
    """Every round measures every server once for each number of streams, one after another."""
    for server in servers:
        # What only the first answers of a process pay: imports, connections, compiled queries.
        measure(server, place, min(5, len(place.cookies)), Shape(40, spread=0.2))
    done: Rounds = []
    for number in range(rounds):
        done.append({})
        for count in streams:
            cells = done[-1].setdefault(count, {})
            for server in [*servers[number % len(servers) :], *servers[: number % len(servers)]]:
                here = shape if count > 1 else replace(shape, spread=0.0)
                cells[server.candidate.name] = measure(server, place, count, here)
                _tell(number, count, server.candidate.name, cells)
            done[-1][count] = {each.candidate.name: cells[each.candidate.name] for each in servers}
    return done


def wrong(rounds: Rounds) -> int:
    """Answers of the product that were not whole, or not stored as they were shown."""
    return sum(
        cell["troubles"] + cell["not_saved"]
        for each in rounds
        for cells in each.values()
        for name, cell in cells.items()
        if name.startswith("product")
    )


def _tell(number: int, streams: int, name: str, cells: dict[str, Any]) -> None:
    cell = cells[name]
    first, late = cell["first_ms"] or {}, cell["latency_ms"] or {}
    print(
        f"round {number + 1}  {streams:>4} streams  {name:<19} CPU {cell['cpu']:6.1f}"
        f" (steady {cell['steady_cpu']:6.1f}, per answer {cell['answer_ms']:5.1f} ms)"
        f"  first {first.get('p50')}/{first.get('p99')}  delta {late.get('p50')}/{late.get('p99')}"
        + (f"  WRONG {cell['trouble']} {cell['not_saved']}" if cell["troubles"] else ""),
        flush=True,
    )
