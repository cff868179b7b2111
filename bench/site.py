"""The product as several processes, on PostgreSQL and Redis of this machine.

Web, worker and background process are started by the same commands as by `make scale` and by the
containers (the Procfile), on a database of their own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis
from psycopg import sql

from bench.candidates import Candidate, Place, make_people
from bench.processes import Program, free_port
from scripts import scale

REDIS_URL = "redis://127.0.0.1:6379/10"
PROCESSES = ("web", "worker", "background")


class Site:
    """Not pinned to a core: that its processes share the work of several is what they are for."""

    candidate = Candidate("product, several processes", ())

    def __init__(self, place: Place, people: int) -> None:
        self.port = free_port()
        self.database_url = scale.own_database(f"chat_bench_{self.port}")
        self._programs: list[tuple[str, Program]] = []
        try:
            self._redis = redis.Redis.from_url(scale.redis_url(REDIS_URL))
            self._environment = _environment(place, self.port, self.database_url, people)
            self._log = place.log
            self.cookies = make_people(self._environment, people)
            for name in PROCESSES:
                self.start(name)
            self.running("web")[0].listens(self.port)
        except BaseException:
            self.stop()
            raise

    def start(self, name: str) -> Program:
        """One more process of a kind."""
        program = Program(
            *("deploy/process.sh", name),
            environment=self._environment,
            core=set(),
            log=self._log,
            run_by="sh",
        )
        self._programs.append((name, program))
        return program

    def running(self, kind: str = "") -> list[Program]:
        """Its processes of a kind, the oldest first; or all."""
        return [
            program
            for name, program in self._programs
            if kind in {name, ""} and program.process.poll() is None
        ]

    def parts(self) -> dict[str, float]:
        """Seconds of processor time; of Redis and PostgreSQL whatever else they do is in it."""
        used = {name: sum(each.cpu() for each in self.running(name)) for name in PROCESSES}
        used["redis"] = self._redis_cpu()
        if (postgres := _postgres_cpu()) is not None:
            used["postgres"] = postgres
        return used

    def memory(self) -> int:
        """Resident bytes of its own processes."""
        return sum(program.memory() for program in self.running())

    def texts(self, messages: list[str]) -> list[str]:
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(
                "SELECT uuid::text, text FROM conversations_message WHERE uuid = ANY(%s::uuid[])",
                [messages],
            ).fetchall()
        stored: dict[str, str] = dict(rows)
        return [stored.get(message, "") for message in messages]

    def stop(self) -> None:
        for program in self.running():
            program.stop()
        name = self.database_url.rpartition("/")[2]
        others = scale.other_database(self.database_url, "postgres")
        with psycopg.connect(others, autocommit=True) as server:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))

    def _redis_cpu(self) -> float:
        told: dict[str, Any] = self._redis.info("cpu")
        return float(told["used_cpu_sys"] + told["used_cpu_user"])


def _environment(place: Place, port: int, database_url: str, people: int) -> dict[str, str]:
    python = Path(sys.executable).parent
    url = os.environ.get("REDIS_URL") or REDIS_URL
    return place.environment(port) | {
        "PATH": f"{python}:{os.environ.get('PATH', os.defpath)}",
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "REDIS_URL": url,
        "CELERY_BROKER_URL": url,
        "WORKER_THREADS": str(max(100, people)),
    }


def _postgres_cpu() -> float | None:
    """Of all its processes, also those that have ended; None where none of them can be seen."""
    found = list(_postgres_processes())
    if not found:
        return None
    return sum(
        each.user + each.system + each.children_user + each.children_system for each in found
    )


def _postgres_processes() -> Iterator[Any]:
    for process in psutil.process_iter(["name", "cpu_times"]):
        if process.info["name"] in {"postgres", "postmaster"} and process.info["cpu_times"]:
            yield process.info["cpu_times"]
