"""How far one process goes: how many streams a core holds, and what they cost in memory."""

from __future__ import annotations

import time
from typing import Any

from bench.candidates import Place
from bench.measuring import Load, Measured, Shape, measure

LIMIT_MS = 250.0
STEP = 100  # streams
STEP_SECONDS = 5.0  # over which their starts are spread
MARGIN_SECONDS = 1.0
HOLD_SECONDS = 4.0  # in which they are measured
WHOLE_STEP = STEP_SECONDS + MARGIN_SECONDS + HOLD_SECONDS
RATE = 40.0


def limits(server: Measured, place: Place, most: int) -> dict[str, Any]:
    """The most streams with 99 of 100 deltas within LIMIT_MS, what each step on the way there gave,
    and kilobytes of resident memory: of an idle socket, and of a stream besides its socket.

    All sockets are open from the beginning. A step adds STEP streams over a few seconds, then all
    of them are measured for a while.
    """
    steps = range(most // STEP)
    starts = [step * WHOLE_STEP + STEP_SECONDS * n / STEP for step in steps for n in range(STEP)]
    windows = [((step + 1) * WHOLE_STEP - HOLD_SECONDS, (step + 1) * WHOLE_STEP) for step in steps]
    shape = Shape(deltas=int(RATE * windows[-1][1] * 2), rate=RATE)
    measure(server, place, 5, Shape(40, spread=0.2))
    before = server.memory()
    load = Load(server, place, shape, starts, windows=windows)
    try:
        time.sleep(1)
        idle = server.memory()
        load.begin()
        used = _watch(server, windows)
        load.wait()
        result = load.result()
    finally:
        load.stop()
    told = [
        {
            "streams": (step + 1) * STEP,
            "core": round(core, 2),
            "stream_kb": (memory - idle) / ((step + 1) * STEP) / 1024,
            **(late or {"p99": float("inf")}),
        }
        for step, (core, memory), late in zip(steps, used, result["windows_ms"], strict=True)
    ]
    held = _held(told)
    return {
        "streams": held[-1]["streams"] if held else 0,
        "limit_ms": LIMIT_MS,
        "resident_mb": before / 1024**2,
        "idle_socket_kb": (idle - before) / len(starts) / 1024,
        "stream_kb": held[-1]["stream_kb"] if held else None,
        "steps": told,
        "trouble": result["trouble"],
    }


def _watch(server: Measured, windows: list[tuple[float, float]]) -> list[tuple[float, int]]:
    """Share of a core and resident bytes in each window."""
    began = time.monotonic()
    used = []
    for start, end in windows:
        time.sleep(max(0.0, began + start - time.monotonic()))
        cpu = sum(server.parts().values())
        time.sleep(max(0.0, began + end - time.monotonic()))
        cpu = sum(server.parts().values()) - cpu
        used.append((cpu / (end - start), server.memory()))
    return used


def _held(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps up to the first that was too slow."""
    for number, step in enumerate(steps):
        if step["p99"] > LIMIT_MS:
            return steps[:number]
    return steps
