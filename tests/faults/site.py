"""A running site: its processes, the wire to it, the model behind it; and what can befall it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import psycopg

from streaming.localbedrock import LocalBedrock
from tests.faults import stored
from tests.faults.machines import ROOT, Program, free_port, postgres, redis
from tests.faults.plan import Fault
from tests.faults.wire import Wire
from tests.plugins import environment as _clean  # noqa: F401  (nobody's account, no settings)
from tests.scraped import TOKEN
from tests.socket.servers import COMMANDS

SETUPS = ("sqlite", "postgres", "many")
# Shortened, so that a round takes seconds; checkpoints are as in production.
PACE = {
    "LEASE_SECONDS": "4",
    "REAPER_SECONDS": "1",
    "MODEL_RETRY_SECONDS": "0",
    "MODEL_SLOW_NOTICE_SECONDS": "1",
    "MODEL_READ_TIMEOUT_SECONDS": "3",
    "SHUTDOWN_SECONDS": "2",
    "EVENTS_BYTES": "32768",
    "EVENTS_SECONDS": "3",
    "DATABASE_POOL_SIZE": "12",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
}
# What can befall a site of each kind, and how often beside the others.
_ON_THE_WIRE = {"reset at byte": 5, "half open": 3, "delay": 3}
KINDS = {
    "sqlite": {**_ON_THE_WIRE, "kill web": 2, "end web": 1, "pause web": 2},
    "postgres": {
        **_ON_THE_WIRE,
        **{"kill web": 2, "end web": 1, "pause web": 2},
        **{"terminate backends": 4, "crash postgres": 1, "pause postgres": 1},
    },
    "many": {
        **_ON_THE_WIRE,
        **{"kill web": 2, "end web": 1, "pause web": 2},
        **{"kill worker": 2, "end worker": 1, "pause worker": 2},
        **{"terminate backends": 4, "crash postgres": 1, "pause postgres": 1},
        **{"flush redis": 3, "kill redis": 2, "pause redis": 2},
    },
}


class Site:
    """``settings``: further variables. ``broker_apart``: in a Redis of its own, called broker."""

    def __init__(
        self,
        setup: str,
        seed: int,
        servers: tuple[str, ...],
        *,
        settings: Mapping[str, str] | None = None,
        broker_apart: bool = False,
    ) -> None:
        self.setup = setup
        self.servers = servers
        self._settings = settings or {}
        self._broker_apart = broker_apart
        self.sessions: dict[str, str] = {}
        self.deaths: list[stored.Death] = []
        self.database_troubles: list[float] = []
        self.injected: dict[str, int] = {}
        self.wire: Wire
        self.database_url = ""
        self.folder: Path
        self._chance = random.Random(seed)
        self._programs: list[Program] = []
        self._stack = AsyncExitStack()
        self._repairs: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Site:
        try:
            await self._build()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _build(self) -> None:
        place = tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True)
        self.folder = Path(self._stack.enter_context(place))
        model = self._stack.enter_context(LocalBedrock(keep=1, pace=40))
        self._stack.push_async_callback(self._end_all)
        ports = [free_port() for _ in self.servers]
        self.wire = Wire(ports, self._chance)
        await self.wire.start()
        self._stack.push_async_callback(self.wire.close)
        environment = await self._environment(model.url)
        await self._prepare(environment)
        for number, (kind, port) in enumerate(zip(self.servers, ports, strict=True)):
            arguments = [part.format(port=port) for part in COMMANDS[kind]]
            command = [sys.executable, *arguments, "chatsite.asgi:application"]
            self._add(Program(f"web{number}", command, environment, self.folder, port=port))
        if self.setup == "many":
            worker = "-m celery -A chatsite worker -Q generations -P threads -c 50 -l warning"
            command = [sys.executable, *worker.split(), "--without-gossip", "--without-mingle"]
            port = free_port()  # of its figures, which it serves from when it takes work on
            environment = {**environment, "METRICS_PORT": str(port), "METRICS_TOKEN": TOKEN}
            self._add(Program("worker0", command, environment, self.folder, port=port))
        for program in self._programs:
            if program.port:
                await program.answers()

    async def _environment(self, model_url: str) -> dict[str, str]:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"},
            **PACE,
            "VAR_DIR": str(self.folder),
            "ALLOWED_ORIGINS": f"http://127.0.0.1:{self.wire.port}",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": model_url,
            "AWS_ENDPOINT_URL_BEDROCK": model_url,
            "BEDROCK_DEMONSTRATION": "1",
            "BEDROCK_MODEL_ID": "local.demonstration-v1:0",
            **self._settings,
        }
        self.database_url = f"sqlite:///{self.folder / 'chat.sqlite3'}"
        if self.setup != "sqlite":
            cluster = self._add(postgres(self.folder))
            await cluster.answers()
            await self._create_database(cluster.port)
        if self.setup == "many":
            cache = broker = self._add(redis(self.folder))
            if self._broker_apart:
                broker = self._add(redis(self.folder, "broker"))
            for server in {cache.name: cache, broker.name: broker}.values():
                await server.answers()
            environment["REDIS_URL"] = f"redis://127.0.0.1:{cache.port}/0"
            environment["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{broker.port}/1"
        environment["DATABASE_URL"] = self.database_url
        return environment

    async def _create_database(self, port: int) -> None:
        self.database_url = f"postgresql://chat@127.0.0.1:{port}/site"
        for _ in range(100):
            with suppress(psycopg.OperationalError):
                address = f"postgresql://chat@127.0.0.1:{port}/postgres"
                with psycopg.connect(address, autocommit=True) as connection:
                    connection.execute("CREATE DATABASE site")
                    return
            await asyncio.sleep(0.1)
        raise TimeoutError("PostgreSQL does not answer")

    async def _prepare(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.faults.prepare"]
        environment = {**environment, "DJANGO_SETTINGS_MODULE": "chatsite.settings"}
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE
        )
        self.sessions = json.loads(done.stdout)

    def named(self, beginning: str) -> list[Program]:
        return [one for one in self._programs if one.name.startswith(beginning)]

    def _add(self, program: Program) -> Program:
        self._programs.append(program)
        program.start()
        return program

    async def _end_all(self) -> None:
        for task in self._repairs:
            task.cancel()
        for program in reversed(self._programs):
            program.resume()
            program.signal(signal.SIGINT if program.name == "postgres" else signal.SIGTERM)
        for program in self._programs:
            await program.gone()

    # --- faults -------------------------------------------------------------------------------

    async def inject(self, fault: Fault) -> None:
        """Do it, and have it repaired later where it does not repair itself."""
        what, _, whom = fault.kind.partition(" ")
        how: dict[str, Callable[[Program, Fault], Awaitable[bool]]] = {
            "kill": self._kill,
            "end": self._finish,
            "pause": self._pause,
            "crash": self._crash,
        }
        if what in how:
            candidates = self.named(whom)
            program = candidates[fault.number % len(candidates)]
            happened = program.is_alive and not program.is_paused
            happened = happened and await how[what](program, fault)
        else:
            happened = await self._befall(fault)
        if happened:
            self.injected[fault.kind] = self.injected.get(fault.kind, 0) + 1

    async def _befall(self, fault: Fault) -> bool:
        match fault.kind:
            case "reset at byte":
                return self.wire.reset_at(fault.number % 3000, 0.5) > 0
            case "half open":
                return self.wire.half_open(0.4) > 0
            case "delay":
                self.wire.delay = fault.seconds / 5
                return True
            case "terminate backends":
                self.database_troubles.append(time.monotonic())
                with suppress(psycopg.Error):
                    return await asyncio.to_thread(stored.terminate_backends, self.database_url) > 0
                return False
            case "flush redis":
                return await self._flush()
        raise ValueError(fault.kind)

    async def _kill(self, program: Program, fault: Fault) -> bool:
        program.kill()
        at = time.monotonic()
        await program.gone()
        if self._runs_generations(program):
            with suppress(psycopg.Error):
                rows = await asyncio.to_thread(stored.rows, self.database_url)
                texts = {row.generation: len(row.text) for row in rows}
                self.deaths.append(stored.Death(at, texts))
        self._later(fault.seconds, self._start_again(program))
        return True

    async def _finish(self, program: Program, fault: Fault) -> bool:
        program.signal(signal.SIGTERM)
        self._later(0.0, self._start_again(program))
        return True

    async def _pause(self, program: Program, fault: Fault) -> bool:
        program.pause()
        if program.name == "postgres":
            self.database_troubles.append(time.monotonic())
        # Sometimes longer than a lease: another takes over, and the first comes back as a ghost.
        seconds = fault.seconds * (3 if fault.number % 4 == 0 else 1)
        self._later(seconds, self._resume(program))
        return True

    async def _crash(self, program: Program, fault: Fault) -> bool:
        program.signal(signal.SIGQUIT)  # at once, without a last checkpoint
        self.database_troubles.append(time.monotonic())
        self._later(fault.seconds / 2, self._start_again(program))
        return True

    async def _flush(self) -> bool:
        port = next(one.port for one in self._programs if one.name == "redis")
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"FLUSHALL\r\n")
                answer = await reader.readline()
                writer.close()
                return answer.startswith(b"+OK")
        return False

    def _runs_generations(self, program: Program) -> bool:
        return program.name.startswith("worker" if self.setup == "many" else "web")

    async def _start_again(self, program: Program) -> None:
        await program.gone()
        program.start()
        if program.name == "postgres":
            self.database_troubles.append(time.monotonic())

    async def _resume(self, program: Program) -> None:
        program.resume()
        if program.name == "postgres":
            self.database_troubles.append(time.monotonic())

    def _later(self, seconds: float, repair: Awaitable[None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            await repair

        task = asyncio.create_task(wait())
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    async def heal(self) -> None:
        """Everything runs again, and answers."""
        self.wire.heal()
        for program in self._programs:
            program.resume()
        await asyncio.gather(*self._repairs)
        for program in self._programs:
            program.start()
            if program.port:
                await program.answers()
