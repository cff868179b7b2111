"""`make run` as a person sees it: one start, one sign-in page, one Ctrl-C; and a second start."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from scripts import run

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60


class Run:
    """scripts/run.py on a free port, with an empty folder for its data."""

    def __init__(self, var: Path) -> None:
        self.port = run.free_port()
        self.said: list[str] = []
        self._lines: SimpleQueue[str] = SimpleQueue()
        environment = {**os.environ, "VAR_DIR": str(var), "PORT": str(self.port)}
        for name in ("ALLOWED_ORIGINS", "ALLOWED_HOSTS", "SECRET_KEY", "AWS_ACCESS_KEY_ID"):
            del environment[name]
        self.process = subprocess.Popen(
            (sys.executable, "scripts/run.py"),
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip())

    def until(self, words: str) -> None:
        """Reads what it prints until a line has these words."""
        while not self.said or words not in self.said[-1]:
            try:
                self.said.append(self._lines.get(timeout=PATIENCE))
            except Empty:
                pytest.fail(f"it never said {words!r}, but:\n" + "\n".join(self.said))

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


def test_it_starts_twice_keeps_everything_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    first = Run(tmp_path)
    try:
        first.until("Ctrl-C ends it")
        said = "\n".join(first.said)
        assert f"The chat is at http://127.0.0.1:{first.port}" in said
        assert re.search(r"Administrator: \S+", said)
        assert re.search(r"One-time password: \S{12,}", said)
        assert "The demonstration model answers" in said
        assert first.get("/healthz")[0] == 200
        status, page = first.get("/accounts/login/")
        assert status == 200
        assert 'type="password"' in page
    finally:
        assert first.interrupt() == 0
    with pytest.raises(ConnectionRefusedError):
        first.get("/healthz")

    second = Run(tmp_path)
    try:
        second.until("Ctrl-C ends it")
        assert not any("One-time password" in line for line in second.said)
    finally:
        assert second.interrupt() == 0


def test_ctrl_c_while_it_starts_ends_it_without_a_complaint(tmp_path: Path) -> None:
    started = Run(tmp_path)
    started.until("Bringing the database up to date")
    assert started.interrupt() == 0
    started.until("Ending everything")
    assert not any("Traceback" in line or "failed" in line for line in started.said)
