"""One measurement: so many people ask a server at the same time."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

from bench.candidates import Candidate, Place
from bench.processes import Program, busy_seconds, cores

SETTLE_SECONDS = 1.0  # titles, last writes: they belong to the answers
MARGIN_SECONDS = 0.3
TOLD_SEPARATELY = {"postgres"}  # of the parts of a server


class Measured(Protocol):
    """A server under measurement: one process, or a site of several."""

    candidate: Candidate
    port: int
    cookies: list[str]

    def parts(self) -> dict[str, float]: ...

    def memory(self) -> int: ...

    def texts(self, messages: list[str]) -> list[str]: ...


@dataclass(frozen=True)
class Shape:
    """``deltas`` of ``size`` characters per answer, ``rate`` a second, starts over ``spread``."""

    deltas: int = 400
    rate: float = 40.0
    size: int = 24
    spread: float = 2.0

    @property
    def seconds(self) -> float:
        return self.deltas / self.rate


class Load:
    """The load's process; ``connected`` once every socket is open."""

    def __init__(
        self,
        server: Measured,
        place: Place,
        shape: Shape,
        starts: list[float],
        *,
        windows: list[tuple[float, float]] | None = None,
    ) -> None:
        specification = {
            "host": "127.0.0.1",
            "port": server.port,
            "path": "/ws/chat/",
            "dialect": server.candidate.dialect,
            "cookies": server.cookies,
            "deltas": shape.deltas,
            "rate": shape.rate,
            "size": shape.size,
            "starts": starts,
            "seconds": windows[-1][1] + 1 if windows else starts[-1] + 2 * shape.seconds + 20,
            "windows": windows or [],
        }
        self._program = Program(
            *("-m", "bench.load"),
            environment=place.environment(),
            core=cores()[1],
            log=place.log,
            pipes=True,
        )
        self._say(json.dumps(specification))
        self._hear()

    def begin(self) -> None:
        self._say("begin")

    def wait(self) -> None:
        self._hear()

    def result(self) -> dict[str, Any]:
        self._say("end")
        result = self._hear()
        self._program.process.wait()
        return result

    def stop(self) -> None:
        self._program.stop()

    def _say(self, line: str) -> None:
        print(line, file=self._program.process.stdin, flush=True)

    def _hear(self) -> dict[str, Any]:
        line = cast(IO[str], self._program.process.stdout).readline()
        if not line:
            raise RuntimeError("the load ended early")
        message: dict[str, Any] = json.loads(line)
        return message


def measure(server: Measured, place: Place, people: int, shape: Shape) -> dict[str, Any]:
    """CPU in milliseconds per 1,000 deltas: of everything (``cpu``), of the time in which all
    answers are being written (``steady_cpu``); and of what an answer costs beyond that, in ms.
    """
    load = Load(server, place, shape, [shape.spread * n / people for n in range(people)])
    try:
        time.sleep(MARGIN_SECONDS)
        before, machine, at = server.parts(), busy_seconds(), time.monotonic()
        load.begin()
        time.sleep(shape.spread + MARGIN_SECONDS)
        steady, began = server.parts(), time.monotonic()
        time.sleep(max(0.2, shape.seconds - shape.spread - 2 * MARGIN_SECONDS))
        steady_cpu, seconds = _ours(_parts(steady, server.parts())), time.monotonic() - began
        load.wait()
        time.sleep(SETTLE_SECONDS)
        parts = _parts(before, server.parts())
        cpu = _ours(parts)
        machine = (busy_seconds() - machine) / (time.monotonic() - at)
        result = load.result()
    finally:
        load.stop()
    answers = result.pop("answers")
    per_delta = steady_cpu / (people * shape.rate * seconds)
    return {
        **result,
        "cpu": 1e6 * cpu / max(1, result["deltas"]),
        "steady_cpu": 1e6 * per_delta,
        "parts": {name: 1e6 * each / max(1, result["deltas"]) for name, each in parts.items()},
        "answer_ms": 1000 * (cpu - per_delta * result["deltas"]) / people,
        # Cores at work, for us and for everybody else: how far the figures can be trusted.
        "machine": round(machine, 2),
        "not_saved": _not_saved(answers, server),
    }


def _parts(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def _ours(parts: dict[str, float]) -> float:
    return sum(seconds for name, seconds in parts.items() if name not in TOLD_SEPARATELY)


def _not_saved(answers: list[dict[str, Any]], server: Measured) -> int:
    """How many of the product's answers are not stored as they were shown, to the character."""
    told = {each["message"]: each["digest"] for each in answers if each["message"] is not None}
    stored = server.texts(list(told))
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in stored]
    return sum(mine != theirs for mine, theirs in zip(told.values(), digests, strict=True))
