"""The real product in a process of its own, on Daphne or uvicorn, beside the test's database."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

from tests.scraped import TOKEN

ROOT = Path(__file__).resolve().parent.parent.parent
_UVICORN = [
    *["-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}"],
    *["--log-level", "warning", "--ws", "websockets-sansio", "--ws-max-size", "1048576"],
    *["--no-server-header", "--ws-per-message-deflate", "false"],
]
COMMANDS = {
    "daphne": ["-m", "daphne", "--no-server-name", "-v", "0", "-b", "127.0.0.1", "-p", "{port}"],
    "uvicorn": [*_UVICORN, "--lifespan", "off"],
    "uvicorn with lifespan": [*_UVICORN, "--lifespan", "on"],
}
# What imports take at the most where every core has work for ten; two seconds when it has none.
START_SECONDS = 120
UNVERIFIED = ssl._create_unverified_context()  # noqa: S323  (this machine's)

# Shortened, so that no test waits for minutes.
PACE = {
    "LEASE_SECONDS": "2",
    "REAPER_SECONDS": "1",
    "CHECKPOINT_MS": "200",
    "SESSION_CHECK_SECONDS": "1",
    "MODEL_RETRY_SECONDS": "0",
    "MODEL_SLOW_NOTICE_SECONDS": "1",
    "MODEL_READ_TIMEOUT_SECONDS": "20",
    "MAX_RUNNING_PER_PERSON": "3",
    "MAX_LIVE_PER_PERSON": "10",
    "UNACKNOWLEDGED_BYTES": "65536",
    "UNACKNOWLEDGED_SECONDS": "2",
    "SHUTDOWN_SECONDS": "2",
    "EVENTS_BYTES": "32768",
    "EVENTS_SECONDS": "3",
    "METRICS_TOKEN": TOKEN,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def database_url() -> str:
    """The test's own database, as the settings of another process name it."""
    described = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{described['NAME']}"
    user, password = described.get("USER", ""), described.get("PASSWORD", "")
    host = described.get("HOST") or "127.0.0.1"
    port = described.get("PORT") or 5432
    return (
        f"postgresql://{user}{':' + password if password else ''}@{host}:{port}/{described['NAME']}"
    )


class ChatServer:
    """One server process; ``kill`` and ``start`` are what a crash and a restart are."""

    def __init__(self, kind: str, endpoint_url: str, **changed: str) -> None:
        self.kind = kind
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"},
            **PACE,
            "DATABASE_URL": database_url(),
            "DATABASE_POOL_SIZE": "12",
            "ALLOWED_ORIGINS": self.origin,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": endpoint_url,
            "AWS_ENDPOINT_URL_BEDROCK": endpoint_url,
            "BEDROCK_DEMONSTRATION": "1",
            "BEDROCK_MODEL_ID": settings.BEDROCK_MODEL_ID,
            **changed,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [part.format(port=self.port) for part in COMMANDS[self.kind]]

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *self.command(), "chatsite.asgi:application"],
            cwd=ROOT,
            env=self._environment,
        )
        self._wait_until_it_answers()

    def kill(self) -> None:
        """As the kernel kills: nothing of it runs on."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def ask_to_end(self) -> None:
        """As an orchestrator does: SIGTERM, and it has some seconds."""
        os.kill(self.pid, signal.SIGTERM)

    def wait_for_end(self) -> int:
        assert self._process is not None
        code = self._process.wait(timeout=120)
        self._process = None
        return code

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=120)
            self._process = None

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        pause = threading.Event()
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "the server ended at its start"
            try:
                # Our own server; its certificate, if any, is nobody's.
                with urlopen(f"{self.origin}/healthz", timeout=10, context=UNVERIFIED):  # noqa: S310
                    return
            except OSError:
                pause.wait(0.05)
        raise TimeoutError("the server does not answer")
