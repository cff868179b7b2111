"""What only several processes have: coming back to an answer, stopping it, the death of a worker.

People ask a web process; their answers are written by a worker. All figures in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from bench.reading import spread
from bench.site import Site
from bench.wire import Wire, handshake

QUESTION = "[[bench deltas=10000 rate=40 size=24]]"  # nothing ends by itself meanwhile
SPREAD_SECONDS = 2.0  # of the questions, and of what is measured
PATIENCE_SECONDS = 60.0
RESUMES = 3  # of each person
AWAY_SECONDS = 0.5
ACKNOWLEDGE_EVERY = 50  # updates

Update = dict[str, Any]
Figures = dict[str, float]


class Tab:
    """A tab of somebody's who looks at one answer; knows when each update came."""

    def __init__(self, site: Site, cookie: str) -> None:
        self._port = site.port
        self._head = handshake("127.0.0.1", site.port, "/ws/chat/", cookie)
        self._news = asyncio.Event()
        self._heard: list[tuple[float, Update]] = []
        self._wire: Wire
        self.last: Update = {}  # that has a number

    async def open(self) -> None:
        self._wire = Wire(self._head, self._hear)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self._wire, "127.0.0.1", self._port)
        await self._wire.opened

    def close(self) -> None:
        self._wire.close()

    def say(self, kind: str, **fields: Any) -> float:
        """Send a command; when that was."""
        self.forget()
        self._wire.send(json.dumps({"type": kind, **fields}))
        return time.monotonic()

    async def hears(self, wanted: Callable[[Update], bool]) -> float:
        """When the first such update since the last command came."""
        looked_at = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                self._news.clear()
                for at, update in self._heard[looked_at:]:
                    if wanted(update):
                        return at
                looked_at = len(self._heard)
                await self._news.wait()

    def _hear(self, frame: bytes) -> None:
        if not frame:
            return
        update: Update = json.loads(frame)
        self._heard.append((time.monotonic(), update))
        self._news.set()
        if "seq" in update:
            self.last = update
            if update["seq"] % ACKNOWLEDGE_EVERY == 0:
                cursors = {update["generation"]: update["seq"]}
                self._wire.send(json.dumps({"type": "ack", "cursors": cursors}))

    # --- what is measured: seconds ------------------------------------------------------------

    async def ask(self) -> None:
        self.say("send", key=str(uuid.uuid4()), text=QUESTION)
        await self.hears(lambda update: update["type"] == "delta")

    async def resume(self) -> float:
        """From opening a socket to the first update that was missed meanwhile."""
        self.close()
        await asyncio.sleep(AWAY_SECONDS)
        began, last = time.monotonic(), self.last
        await self.open()
        cursors = {last["generation"]: last["seq"]}
        self.say("follow", conversation=last["conversation"], cursors=cursors)
        return await self.hears(lambda update: update.get("seq", 0) > last["seq"]) - began

    async def stop(self) -> float:
        """From the command to the end."""
        began = self.say("stop", message=self.last["message"])
        return await self.hears(lambda update: update["type"] == "finished") - began

    async def goes_on(self, killed_at: float) -> float:
        """From the death of whoever wrote it to the first words of another."""
        return await self.hears(_words_of_another()) - killed_at

    def forget(self) -> None:
        """What was heard so far."""
        self._heard.clear()


def probes(site: Site, people: int) -> dict[str, Figures | None]:
    return asyncio.run(_probes(site, people))


async def _probes(site: Site, people: int) -> dict[str, Figures | None]:
    tabs = [Tab(site, cookie) for cookie in site.cookies[:people]]
    for tab in tabs:
        await tab.open()
    await _all(tabs, Tab.ask)
    resumed = [each for _ in range(RESUMES) for each in await _all(tabs, Tab.resume)]
    stopped = await _all(tabs, Tab.stop)
    await _all(tabs, Tab.ask)
    recovered = await _kill(site, tabs)
    await _all(tabs, Tab.stop)
    for tab in tabs:
        tab.close()
    return {"resume": _ms(resumed), "stop": _ms(stopped), "recovery": _ms(recovered)}


async def _kill(site: Site, tabs: list[Tab]) -> list[float]:
    """The only worker; as where somebody looks after processes, another starts at once."""
    for tab in tabs:
        tab.forget()
    (worker,) = site.running("worker")
    worker.process.kill()
    killed_at = time.monotonic()
    worker.process.wait()
    site.start("worker")
    return list(await asyncio.gather(*(tab.goes_on(killed_at) for tab in tabs)))


async def _all(tabs: list[Tab], step: Callable[[Tab], Any]) -> list[float]:
    """Everybody, one shortly after the other."""

    async def later(number: int, tab: Tab) -> float:
        await asyncio.sleep(SPREAD_SECONDS * number / len(tabs))
        took: float = await step(tab)
        return took

    return list(await asyncio.gather(*(later(*each) for each in enumerate(tabs))))


def _words_of_another() -> Callable[[Update], bool]:
    """Words behind the update that says that another goes on."""
    said = False

    def wanted(update: Update) -> bool:
        nonlocal said
        said = said or update.get("code") == "retrying"
        return said and update["type"] == "delta"

    return wanted


def _ms(seconds: list[float]) -> Figures | None:
    return spread([1000 * each for each in seconds])
