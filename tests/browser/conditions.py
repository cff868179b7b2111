"""Waiting for what the browser does not show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], object], timeout: float = 30.0) -> None:
    """Wait until it holds; fails with its name when it does not in ``timeout`` seconds."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{condition} never came true"
        pause.wait(0.02)
