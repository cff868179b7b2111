"""Where Prometheus asks: ``/metrics`` of a web process, a port of its own of a Celery worker.

Only whoever has the token is answered. To everybody else there is no such page.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from django.conf import settings
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

log = structlog.get_logger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_ask(request.headers.get("Authorization", "")):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def serve() -> ThreadingHTTPServer | None:
    """In a worker, which serves nothing else. None where the settings name no port."""
    if not settings.METRICS_PORT:
        return None
    address = (settings.METRICS_HOST, settings.METRICS_PORT)
    try:
        server = ThreadingHTTPServer(address, _Scraped)
    except OSError as error:
        # Figures are not worth an answer: the worker works, and the log says what is missing.
        log.error("metrics_not_served", port=settings.METRICS_PORT, cause=repr(error))
        return None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


class _Scraped(BaseHTTPRequestHandler):
    timeout = 10  # seconds, for a client that says nothing
    server_version = "chat"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics" or not _may_ask(
            self.headers.get("Authorization", "")
        ):
            self._answer(404, "text/plain", b"not found\n")
            return
        try:
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
        finally:
            connections.close_all()  # of this thread, which ends now

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A line per scrape says nothing."""


def _may_ask(authorization: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and scheme.lower() == "bearer" and constant_time_compare(token, expected)
