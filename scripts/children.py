"""Programs started beside this one: none outlives it, and the end of any is noticed.

Run as a program, `children.py PARENT COMMAND…`, it becomes COMMAND, tied to the process PARENT.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 10
_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def follow_parent(parent: int) -> None:
    """Linux: this process gets SIGTERM when the one that started it dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGTERM)


class Children:
    """Starts programs, each in a process group of its own, and ends them all.

    A terminal's Ctrl-C reaches only this process, which then ends the children in the reverse
    order of their start: the server may still finish what it reads from the model.
    """

    def __init__(self) -> None:
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._happened: SimpleQueue[tuple[str, int]] = SimpleQueue()
        for number in STOP:
            signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, number: int, frame: Any) -> None:
        self._happened.put(("", number))

    def start(self, name: str, *command: str, environment: dict[str, str]) -> None:
        """Start a program, in the place of an earlier one of this name."""
        self._forget(name)
        process = subprocess.Popen(
            (sys.executable, __file__, str(os.getpid()), *command),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._running.append((name, process))
        threading.Thread(target=self._watch, args=(name, process), daemon=True).start()

    def _forget(self, name: str) -> None:
        for each in [each for each in self._running if each[0] == name]:
            _signal_group(each[1], signal.SIGKILL)  # what it started and left behind
            self._running.remove(each)

    def _watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self._happened.put((name, process.wait()))

    def wait(self, seconds: float | None = None) -> tuple[str, int] | None:
        """The next thing that happened: (child's name, its exit status), or ("", signal).

        None when nothing happened within `seconds`.
        """
        with contextlib.suppress(Empty):
            return self._happened.get(timeout=seconds)
        return None

    def stop(self) -> None:
        """Ends every child with what it started; one that takes longer than 10 s is killed."""
        for name, process in reversed(self._running):
            _signal_group(process, signal.SIGTERM)
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"{name} does not end by itself and is killed.", flush=True)
            _signal_group(process, signal.SIGKILL)
            process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group outlives its leader as long as a grandchild is in it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    follow_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is wanted
