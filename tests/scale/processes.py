"""Redis, two web processes and a worker, each of which a test may kill and start again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from tests.socket.servers import ROOT, START_SECONDS, ChatServer, free_port
from tests.together import together

NOBODY = "redis://127.0.0.1:9/0"  # that port is closed
PACE = {
    "MAX_RUNNING_PER_PERSON": "100",
    "MAX_LIVE_PER_PERSON": "100",
    "UNACKNOWLEDGED_BYTES": "262144",
    "UNACKNOWLEDGED_SECONDS": "60",
}


def until(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(0.02)


class Redis:
    """A server of its own, on one port for all its lives; it keeps nothing on disk."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        assert program, "the package redis-server"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._running is None:
            self._running = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(self._listens, "Redis does not listen")

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def freeze(self) -> None:
        """It takes connections and answers nothing."""
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGCONT)

    def client(self, database: int = 0) -> redis.Redis:
        return redis.Redis(port=self.port, db=database)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Worker:
    """A Celery worker; ``pool`` is threads or prefork."""

    def __init__(self, environment: dict[str, str], queues: str, pool: str = "threads") -> None:
        self._environment = environment
        self._queues = queues
        self._arguments = ["-A", "chatsite", "worker", "-P", pool]
        self._arguments += ["-c", "100" if pool == "threads" else "2", "-Q", queues]
        self._arguments += ["-n", f"{pool}@test", "--without-gossip", "--without-mingle"]
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._running is None:
            command = [sys.executable, "-m", "celery", *self._arguments]
            self._running = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, start_new_session=True
            )

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    @property
    def is_alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._running is not None
        self._running.send_signal(signal.SIGCONT)

    def end(self) -> int | None:
        """As an orchestrator does."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int | None:
        if self._running is None:
            return None
        running, self._running = self._running, None
        running.send_signal(how)
        return running.wait(timeout=60)


class Cluster:
    def __init__(self, endpoint_url: str, folder: Path) -> None:
        self.redis = Redis()
        # Live log and broker apart, so that a test can take one away and leave the other.
        self.broker = Redis()
        self.metrics_port = free_port()  # of the worker
        pace = {
            **PACE,
            "REDIS_URL": self.redis.url,
            "CELERY_BROKER_URL": self.broker.url,
            "METRICS_PORT": str(self.metrics_port),
        }
        self.web = [ChatServer("daphne", endpoint_url, **pace) for _ in range(2)]
        self.environment = self.web[0]._environment
        self.worker = Worker(self.environment, "generations,background")

    def start(self) -> None:
        self.redis.start()
        self.broker.start()
        self.worker.start()
        # Both at once: each takes seconds, most of them for imports.
        together(2, lambda number: self.web[number].start())

    def mend(self) -> None:
        """Start again what a test has ended."""
        for each in (self.redis, self.broker):
            each.thaw()
            each.start()
        self.worker.start()

    def stop(self) -> None:
        for server in self.web:
            server.kill()
        self.worker.kill()
        self.redis.kill()
        self.broker.kill()
