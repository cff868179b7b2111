"""The load: people who ask at the same time, in a process of their own.

    python -m bench.load < specification

A specification comes as one line of JSON on standard input. When every socket is open it prints a
line; a line on standard input lets it begin; the result is the last line that it prints.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from bench.reading import digest_of, figures
from bench.wire import Wire, handshake

HANDSHAKES = 10  # at once
ACKNOWLEDGE_SECONDS = 1.0  # as the page does
PARTS = 10  # not everybody in the same moment


@dataclass(frozen=True)
class Specification:
    """``dialect``: "chat" is the product's protocol, "plain" that of the simple servers.

    ``starts``: seconds after the beginning at which each person asks. ``seconds``: when the load
    ends; whoever has no whole answer then is in trouble, unless there are ``windows``: parts of the
    time, each with its start and end, whose latencies are wanted.
    """

    host: str
    port: int
    path: str
    dialect: str
    cookies: list[str]
    deltas: int
    rate: float
    size: int
    starts: list[float]
    seconds: float
    windows: list[tuple[float, float]] = field(default_factory=list)


class Person:
    """Somebody with one tab who asks one question."""

    def __init__(self, spec: Specification, number: int) -> None:
        self._spec = spec
        self._chat = spec.dialect == "chat"
        self._key = str(uuid.uuid4())
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._acknowledged = 0
        cookie = spec.cookies[number] if spec.cookies else ""
        head = handshake(spec.host, spec.port, spec.path, cookie)
        self.wire = Wire(head, self._hear)
        self.asked_at = 0  # µs
        self.trouble = ""

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self.wire, self._spec.host, self._spec.port)
        await self.wire.opened
        if self._chat:
            await self._ready.wait()

    async def ask(self) -> None:
        spec = self._spec
        text = f"[[bench deltas={spec.deltas} rate={spec.rate:g} size={spec.size}]]"
        command: dict[str, Any] = {"type": "send", "key": self._key, "text": text}
        if not self._chat:
            command = {"text": text}
        self.asked_at = time.monotonic_ns() // 1000
        self.wire.send(json.dumps(command))
        await self._over.wait()
        self.trouble = self.wire.closed

    def acknowledge(self) -> None:
        """What a browser does: once in a while, the last number that it has handled."""
        if not self._chat or not self.asked_at or len(self.wire.frames) == self._acknowledged:
            return
        self._acknowledged = len(self.wire.frames)
        last = json.loads(self.wire.frames[-1][1])
        if "seq" in last:
            self.wire.send(
                json.dumps({"type": "ack", "cursors": {last["generation"]: last["seq"]}})
            )

    def _hear(self, frame: bytes) -> None:
        kind = frame[:24]
        if b"ready" in kind:
            self._ready.set()
        elif b"finished" in kind or b"refused" in kind or not frame:
            self._over.set()
            if not frame:
                self._ready.set()


async def main(spec: Specification) -> dict[str, Any]:
    people = [Person(spec, number) for number in range(len(spec.starts))]
    gate = asyncio.Semaphore(HANDSHAKES)

    async def connect(person: Person) -> None:
        async with gate:
            await person.connect()

    async def turn(person: Person, start: float) -> None:
        await asyncio.sleep(start)
        await person.ask()

    await asyncio.gather(*(connect(person) for person in people))
    await rest(len(people))
    acknowledging = asyncio.create_task(acknowledge(people))
    began = time.monotonic_ns() // 1000
    turns = [asyncio.create_task(turn(*each)) for each in zip(people, spec.starts, strict=True)]
    _, late = await asyncio.wait(turns, timeout=spec.seconds)
    for task in late:
        task.cancel()
    await rest(len(late))
    acknowledging.cancel()
    for person in people:
        person.wire.close()
    heard = [(person.asked_at, person.wire.frames, person.trouble) for person in people]
    deltas = None if spec.windows else spec.deltas
    windows = [(began + 1e6 * start, began + 1e6 * end) for start, end in spec.windows]
    result = figures(heard, deltas=deltas, size=spec.size, windows=windows)
    answers = [] if spec.windows else [digest_of(frames) for _, frames, _ in heard]
    return {**result, "answers": answers}


async def rest(count: int) -> None:
    """Until whoever measures says that it may go on."""
    say({"at_rest": count})
    await asyncio.to_thread(sys.stdin.readline)


async def acknowledge(people: list[Person]) -> None:
    while True:
        for part in range(PARTS):
            await asyncio.sleep(ACKNOWLEDGE_SECONDS / PARTS)
            for person in people[part::PARTS]:
                person.acknowledge()


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    # A collection of garbage here would be measured as the server's delay.
    gc.disable()
    say(asyncio.run(main(Specification(**json.loads(sys.stdin.readline())))))
