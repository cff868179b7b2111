"""An HTTP server for tests, which does not print what is no fault."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class QuietServer(ThreadingHTTPServer):
    """Clients of tests hang up whenever they like: that is no error, and no page of the output."""

    daemon_threads = True

    def serve_forever(self, poll_interval: float = 0.01) -> None:
        """Looks often whether it is to end: each server of a test waits for that once."""
        super().serve_forever(poll_interval)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
