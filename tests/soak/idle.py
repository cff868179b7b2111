"""R39: sockets that nobody uses stay open, and hear what comes after that.

With the pinned redis-py, the newest that requirements.in allows, and the oldest: their defaults for
timeouts differ, and one of them would close each idle socket after five seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from tests.faults.machines import ROOT
from tests.faults.site import Site
from tests.soak import memory
from tests.soak.result import Result

SECONDS = 600
SOCKETS = 10  # on each web process
HEARS_WITHIN = 30.0
WARM_UP = 5.0
CALM = {"info", "debug"}  # levels of a log line that tells of no trouble


class Quiet:
    """A socket that follows a conversation and says nothing more."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self._socket: ClientConnection
        self._news = asyncio.Condition()

    async def open(self, site: Site, port: int, stack: AsyncExitStack) -> Quiet:
        opening = connect(
            f"ws://127.0.0.1:{port}/ws/chat/",
            origin=f"http://127.0.0.1:{site.wire.port}",  # type: ignore[arg-type]
            additional_headers={"Cookie": f"sessionid={site.sessions['alice']}"},
            compression=None,
            ping_interval=None,
        )
        self._socket = await stack.enter_async_context(opening)
        task = asyncio.create_task(self._read())
        stack.callback(task.cancel)
        await self.hears("ready")
        return self

    async def say(self, **command: Any) -> None:
        await self._socket.send(json.dumps(command))

    async def hears(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The first update of this type with these fields, whenever it came."""
        wanted = {"type": kind, **fields}

        def found() -> dict[str, Any] | None:
            return next((each for each in self.heard if wanted.items() <= each.items()), None)

        async with asyncio.timeout(HEARS_WITHIN), self._news:
            while not (update := found()):
                if self.close_code is not None:
                    raise ConnectionError(f"closed with {self.close_code}")
                await self._news.wait()
            return update

    async def _read(self) -> None:
        async for frame in self._socket:
            async with self._news:
                self.heard.append(json.loads(frame))
                self._news.notify_all()
        async with self._news:
            self.close_code = self._socket.close_code
            self._news.notify_all()


async def idle(seed: int, short: bool = False) -> Result:
    """All versions at the same time: they cost nothing but time."""
    seconds = 8 if short else SECONDS
    whole = Result("idle", seed, figures={"seconds": seconds})
    with tempfile.TemporaryDirectory(prefix="redis-py-") as folder:
        versions = {"pinned": version("redis")} if short else _versions()
        found = await asyncio.gather(
            *(_one(seed, seconds, each, Path(folder)) for each in dict.fromkeys(versions.values()))
        )
    whole.figures["redis-py"] = ", ".join(f"{each} ({name})" for name, each in versions.items())
    whole.violations = [wrong for result in found for wrong in result.violations]
    for name in ("sockets", "closed"):
        whole.figures[name] = sum(int(result.figures[name]) for result in found)
    for name in ("growth MB", "largest MB"):
        whole.figures[name] = max(float(result.figures[name]) for result in found)
    return whole


async def _one(seed: int, seconds: float, redis_version: str, folder: Path) -> Result:
    result = Result("idle", seed)
    settings = {}
    if redis_version != version("redis"):
        settings["PYTHONPATH"] = await asyncio.to_thread(_install, redis_version, folder)
    site = Site("many", seed, ("daphne", "uvicorn"), settings=settings, broker_apart=True)
    async with site, AsyncExitStack() as stack:
        await asyncio.to_thread(_check_version, site, redis_version)
        ports = [program.port for program in site.named("web")]
        asker = await Quiet().open(site, ports[0], stack)
        conversation = (await _ask(asker, "First."))["conversation"]
        sockets = [await Quiet().open(site, port, stack) for port in ports for _ in range(SOCKETS)]
        for socket in sockets:
            await socket.say(type="follow", ref="follow", conversation=conversation)
            await socket.hears("following")
        await asyncio.sleep(WARM_UP)
        before, logs = memory.resident(site), _logs(site)
        await asyncio.sleep(seconds)
        memory.compare(result, before, site)
        label = f"redis-py {redis_version}"
        result.violations += [f"{label}: {line}" for line in troubles(logs)]
        closed = [each.close_code for each in sockets if each.close_code is not None]
        result.figures |= {"sockets": len(sockets), "closed": len(closed)}
        result.violations += [f"{label}: an idle socket was closed with {code}" for code in closed]
        result.violations += [f"{label}: {wrong}" for wrong in await _still_hear(sockets, site)]
    return result


async def _ask(asker: Quiet, text: str, **fields: Any) -> dict[str, Any]:
    """Asks and waits for the whole answer."""
    key = str(uuid4())
    await asker.say(type="send", key=key, text=f"[[echo]] {text}", **fields)
    accepted = await asker.hears("accepted", key=key)
    await asker.hears("finished", generation=accepted["generation"], status="complete")
    return accepted


async def _still_hear(sockets: list[Quiet], site: Site) -> list[str]:
    """Somebody who just came asks; all that were idle hear the whole answer."""
    open_ones = [socket for socket in sockets if socket.close_code is None]
    if not open_ones:
        return ["nobody is left to hear anything"]
    async with AsyncExitStack() as stack:
        late = await Quiet().open(site, site.named("web")[1].port, stack)
        conversation = open_ones[0].heard[1]["conversation"]
        end = (await _ask(late, "Last.", conversation=conversation))["generation"]
        hearing = (each.hears("finished", generation=end, status="complete") for each in open_ones)
        outcomes = await asyncio.gather(*hearing, return_exceptions=True)
    return [f"a socket did not hear the end: {each!r}" for each in outcomes if _failed(each)]


def _failed(outcome: object) -> bool:
    return isinstance(outcome, BaseException)


# --- versions of redis-py -------------------------------------------------------------------------


def _versions() -> dict[str, str]:
    requirements = (ROOT / "requirements.in").read_text(encoding="utf-8")
    allowed = re.search(r"^redis(>=([\d.]+),<\d+)$", requirements, re.MULTILINE)
    assert allowed is not None, "requirements.in says from which redis-py on to which"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    told = subprocess.run(
        [*command, "--no-deps", "--quiet", "--report", "-", f"redis{allowed[1]}"],
        check=True,
        capture_output=True,
        text=True,
    )
    newest = json.loads(told.stdout)["install"][0]["metadata"]["version"]
    return {"pinned": version("redis"), "newest allowed": newest, "oldest allowed": allowed[2]}


def _install(redis_version: str, folder: Path) -> str:
    target = folder / redis_version
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--no-deps", "--target", str(target), f"redis=={redis_version}"], check=True
    )
    return str(target)


def _check_version(site: Site, redis_version: str) -> None:
    """What is measured must be what is told."""
    program = site.named("web")[0]
    told = subprocess.run(
        [sys.executable, "-c", "import redis; print(redis.__version__)"],
        env=program.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == redis_version, told.stdout


# --- what processes wrote about it ----------------------------------------------------------------


def _logs(site: Site) -> dict[Path, int]:
    """How long the logs of web processes and workers are."""
    names = [program.name for program in [*site.named("web"), *site.named("worker")]]
    paths = [site.folder / f"{name}.log" for name in names]
    return {path: path.stat().st_size for path in paths}


def troubles(since: dict[Path, int]) -> list[str]:
    """Lines since then that are no plain information, such as of a connection made anew."""
    found = []
    for path, size in since.items():
        for line in path.read_bytes()[size:].decode(errors="replace").splitlines():
            if line.strip() and not _is_calm(line):
                found.append(f"{path.stem} wrote {line[:300]}")
    return found[:10]


def _is_calm(line: str) -> bool:
    try:
        return json.loads(line)["level"] in CALM
    except (ValueError, KeyError, TypeError):
        return False
