"""The product as many processes, started as containers start them, with servers of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.socket.servers import ROOT, free_port

START_SECONDS = 120
_SESSION = """
from conversations.models import User
from tests.socket.tab import session_of
user, _ = User.objects.get_or_create(username={name!r}, email={name!r} + "@example.com")
print(session_of(user))
"""


class Process:
    """One line of the Procfile."""

    def __init__(self, name: str, environment: dict[str, str], port: int = 0) -> None:
        self.name = name
        self.port = port
        self._environment = environment | ({"PORT": str(port)} if port else {})
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = subprocess.Popen(
            ("sh", "deploy/process.sh", self.name), cwd=ROOT, env=self._environment
        )

    def end(self) -> int:
        """As an orchestrator does; it has thirty seconds."""
        assert self._running is not None
        self._running.send_signal(signal.SIGTERM)
        return self._running.wait(30)

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def wait_until_ready(self) -> None:
        """For web processes: whether they can serve. A worker needs no waiting for."""
        deadline = time.monotonic() + START_SECONDS
        pause = threading.Event()
        while self.port and time.monotonic() < deadline:
            assert self._running is not None
            assert self._running.poll() is None, f"{self.name} ended at its start"
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                    return
            except OSError:
                pause.wait(0.1)
        assert not self.port, f"{self.name} does not get ready"


class Site:
    """Two web processes, one worker or more, one for the background, the scheduler."""

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        endpoint_url: str,
        folder: Path,
        workers: int = 1,
        **settings: str,
    ) -> None:
        self.ports = [free_port(), free_port()]
        # Wherever a tab connects: all processes are one site.
        self.origin = f"http://127.0.0.1:{self.ports[0]}"
        python = Path(sys.executable).parent
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"},
            "PATH": f"{python}:{os.environ.get('PATH', os.defpath)}",
            "DATABASE_URL": database_url,
            "DATABASE_POOL_SIZE": "10",
            "REDIS_URL": redis_url,
            "CELERY_BROKER_URL": redis_url,
            "ALLOWED_ORIGINS": self.origin,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": endpoint_url,
            "AWS_ENDPOINT_URL_BEDROCK": endpoint_url,
            "BEDROCK_DEMONSTRATION": "1",
            "BEDROCK_MODEL_ID": "local.demonstration-v1:0",
            "BEAT_SCHEDULE": str(folder / "celerybeat-schedule"),
            "SHUTDOWN_SECONDS": "2",
            "MAX_RUNNING_PER_PERSON": "200",
            "MAX_SOCKETS_PER_PERSON": "200",
            **settings,
        }
        self.web = [Process("web", self.environment, port) for port in self.ports]
        self.workers = [Process("worker", self.environment) for _ in range(workers)]
        others = [Process(name, self.environment) for name in ("background", "beat")]
        self.rest = [*self.workers, *others]

    def start(self) -> None:
        release = ("sh", "deploy/process.sh", "release")
        subprocess.run(release, cwd=ROOT, env=self.environment, check=True, capture_output=True)
        for process in [*self.rest, *self.web]:
            process.start()
        for process in self.web:
            process.wait_until_ready()

    def stop(self) -> None:
        for process in [*self.web, *self.rest]:
            process.kill()

    def session(self, name: str) -> str:
        return session_of(name, self.environment)


def session_of(name: str, environment: dict[str, str]) -> str:
    """A signed-in session of a person who is made for it."""
    told = subprocess.run(
        (sys.executable, "manage.py", "shell", "-v", "0", "-c", _SESSION.format(name=name)),
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.split()[-1]


@contextmanager
def a_site(
    postgres_url: str, endpoint_url: str, workers: int = 1, **settings: str
) -> Iterator[Site]:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_database(postgres_url) as database_url,
        _redis(Path(folder)) as redis_url,
    ):
        site = Site(database_url, redis_url, endpoint_url, Path(folder), workers, **settings)
        try:
            site.start()
            yield site
        finally:
            site.stop()


@contextmanager
def a_database(server: str) -> Iterator[str]:
    name = f"chat_site_{uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """A server of its own: what all processes of a site share must not be shared by two sites."""
    program = shutil.which("redis-server")
    assert program, "the package redis-server"
    port = free_port()
    options = ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder), "--loglevel", "warning"]
    with subprocess.Popen([program, "--port", str(port), *options]) as server:
        try:
            _wait_for_port(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.kill()


def _wait_for_port(port: int) -> None:
    pause = threading.Event()
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.05)
    raise TimeoutError(f"nothing listens on {port}")
