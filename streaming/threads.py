"""Threads of our own: asyncio's default executor has six, and the seventh person would wait.

All are daemons: a server that ends does not wait minutes for a model.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

IDLE_SECONDS = 30.0


class Pool:
    """Runs jobs in at most ``size`` daemon threads, which come when needed and go when idle.

    ``leave`` is called in a thread before it goes.
    """

    def __init__(self, name: str, size: int, leave: Callable[[], None] = lambda: None) -> None:
        self._leave = leave
        self._name = name
        self._size = size
        self._jobs: deque[Callable[[], Any]] = deque()
        self._change = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, job: Callable[[], Any]) -> None:
        """Run a job as soon as a thread is free; those that wait keep their order."""
        with self._change:
            if self._closed:
                return
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._change.notify()
            elif self._threads < self._size:
                self._begin_thread()

    @property
    def busy(self) -> bool:
        with self._change:
            return bool(self._jobs) or self._threads > self._idle

    def close(self) -> None:
        """Take no more jobs and forget those that wait; the running ones go on."""
        with self._change:
            self._closed = True
            self._jobs.clear()
            self._change.notify_all()

    def _begin_thread(self) -> None:
        self._threads += 1
        name = f"{self._name}-{self._threads}"
        try:
            threading.Thread(target=self._work, name=name, daemon=True).start()
        except RuntimeError:
            # The machine gives no more threads: the job waits for one of those that are there.
            self._threads -= 1
            log.exception("no_thread", pool=self._name, threads=self._threads)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:
                log.exception("job_failed", pool=self._name)
        self._leave()

    def _next(self) -> Callable[[], Any] | None:
        with self._change:
            self._idle += 1
            found = self._change.wait_for(lambda: self._jobs or self._closed, IDLE_SECONDS)
            self._idle -= 1
            if found and not self._closed:
                return self._jobs.popleft()
            self._threads -= 1
            return None


class Repetition:
    """Takes a step after ``wait`` and then every so many seconds, in a daemon thread of its own."""

    def __init__(
        self, name: str, step: Callable[[], object], every: float, wait: float = 0.0
    ) -> None:
        self._name = name
        self._step = step
        self._every = every
        self._wait = wait
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No step after this; the one that is being taken has a few seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _work(self) -> None:
        self._stopping.wait(self._wait)
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception:
                # Whatever it was: it must not be the last step.
                log.exception("step_failed", thread=self._name)
            self._stopping.wait(self._every)
