"""What is compared: the product on two servers, the bare loop, the naive consumer."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from bench.processes import ROOT, Program, cores, free_port

MODEL = "local.demonstration-v1:0"
DAPHNE = ("-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", "{port}")
UVICORN = (
    *("-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off"),
    *("--log-level", "warning", "--ws", "websockets-sansio"),
)


@dataclass(frozen=True)
class Candidate:
    """``dialect``: see bench.load. ``signed_in``: whether its sockets want a session."""

    name: str
    command: tuple[str, ...]
    dialect: str = "chat"
    signed_in: bool = True


PRODUCTS = {
    "daphne": Candidate("product on Daphne", (*DAPHNE, "chatsite.asgi:application")),
    "uvicorn": Candidate("product on uvicorn", (*UVICORN, "chatsite.asgi:application")),
}
BARE = Candidate("bare loop", ("-m", "bench.bare", "{port}"), "plain", signed_in=False)
NAIVE = Candidate("naive consumer", (*DAPHNE, "bench.naive:application"), "plain")


@dataclass
class Place:
    """Where everything of a run lives: folder, endpoint, people."""

    folder: Path
    endpoint_port: int
    cookies: list[str] = field(default_factory=list)

    def database(self, port: int) -> Path:
        """One for each server: two of them on one file would take over each other's answers."""
        return self.folder / f"{port}.sqlite3"

    @property
    def log(self) -> Path:
        """What all programs have to say."""
        return self.folder / "bench.log"

    def environment(self, port: int = 0) -> dict[str, str]:
        """As in production, with the local endpoint in the place of Bedrock."""
        others = ("AWS_", "REDIS_", "CELERY_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        url = f"http://127.0.0.1:{self.endpoint_port}"
        return kept | {
            "DJANGO_SETTINGS_MODULE": "chatsite.settings",
            "DEBUG": "0",
            "SECRET_KEY": "of-a-benchmark-and-of-nothing-else-" + "x" * 20,
            "ALLOWED_HOSTS": "127.0.0.1",
            "ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": f"sqlite:///{self.database(port)}",
            "LOG_LEVEL": "WARNING",
            "GENERATION_THREADS": "1000",
            "BEDROCK_DEMONSTRATION": "1",
            "BEDROCK_MODEL_ID": MODEL,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
            "AWS_ENDPOINT_URL_BEDROCK": url,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "us-east-1",
        }


class Server:
    """A candidate that runs, on one core where that is possible."""

    def __init__(self, candidate: Candidate, place: Place) -> None:
        self.candidate = candidate
        self.cookies = place.cookies
        self.port = free_port()
        self.database = place.database(self.port)
        shutil.copy(place.database(0), place.database(self.port))
        command = [part.format(port=self.port) for part in candidate.command]
        environment = place.environment(self.port)
        self.program = Program(*command, environment=environment, core=cores()[0], log=place.log)
        self.program.listens(self.port)

    def parts(self) -> dict[str, float]:
        """Seconds of processor time of each part of it."""
        return {"server": self.program.cpu()}

    def memory(self) -> int:
        return self.program.memory()

    def texts(self, messages: list[str]) -> list[str]:
        """What is stored of these answers."""
        with closing(sqlite3.connect(self.database)) as connection:
            found = [
                connection.execute(
                    "SELECT text FROM conversations_message WHERE uuid = ?",
                    [message.replace("-", "")],
                ).fetchone()
                for message in messages
            ]
        return [row[0] if row else "" for row in found]

    def stop(self) -> None:
        self.program.stop()


class Stoppable(Protocol):
    def stop(self) -> None: ...


S = TypeVar("S", bound=Stoppable)


@contextmanager
def running(server: S) -> Iterator[S]:
    try:
        yield server
    finally:
        server.stop()


def make_people(environment: dict[str, str], count: int) -> list[str]:
    """Their cookies; the database is made too."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.people", str(count)],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    cookies: list[str] = json.loads(done.stdout)
    return cookies


def start_endpoint(place: Place) -> Program:
    """The model: the local endpoint, which answers at once and at the pace it is asked for."""
    program = Program(
        *("manage.py", "bedrock_local", "--port", str(place.endpoint_port)),
        *("--first-after", "0", "--pace", "0"),
        environment=place.environment(),
        core=cores()[1],
        log=place.log,
    )
    program.listens(place.endpoint_port)
    return program
