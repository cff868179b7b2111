"""The programs of a benchmark: started on a core of their own, and what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30
_SCHEDULER_CLOCK = 2  # CPUCLOCK_SCHED of Linux: nanoseconds, of a process with all its threads


def cores() -> tuple[set[int], set[int]]:
    """Cores for the server and for everything else; empty sets where nothing can be pinned."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return set(), set()
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others)


class Program:
    """One of our own programs, running; ended by ``stop``."""

    def __init__(
        self,
        *arguments: str,
        environment: dict[str, str],
        core: set[int],
        log: Path,
        pipes: bool = False,
        run_by: str = sys.executable,
    ) -> None:
        pipe = subprocess.PIPE if pipes else subprocess.DEVNULL
        with _on(core), log.open("a") as errors:
            self.process = subprocess.Popen(
                [run_by, *arguments],
                cwd=ROOT,
                env=environment,
                stdin=pipe,
                stdout=pipe,
                stderr=errors,
                text=True,
            )

    def cpu(self) -> float:
        """Seconds of processor time, user and system, of all threads that there were."""
        if sys.platform != "linux":
            times = psutil.Process(self.process.pid).cpu_times()
            return times.user + times.system
        return time.clock_gettime((~self.process.pid << 3) | _SCHEDULER_CLOCK)

    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def listens(self, port: int) -> None:
        """Wait until it does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args!r} ended at its start")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)
        raise TimeoutError(f"{self.process.args!r} does not listen")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def busy_seconds() -> float:
    """Of all cores, since the machine started."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _on(core: set[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores, with every thread that it makes."""
    if not core:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
