"""What Daphne has no option for."""

from __future__ import annotations

from typing import Any

import daphne.server
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import tcp

# Its own error pages, for what never gets as far as Django, named the server (R114).
PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>%(title)s</title>"
    "<h1>%(title)s</h1><p>%(body)s</p>"
)
# Seconds for a client to answer a close. After one, which is the library's own, the connection is
# reset: a client that still writes then sees 1006 instead of the code that it was sent (R50).
CLOSE_SECONDS = 5


class PromptProtocol(WebSocketProtocol):
    """Twisted would wait for each frame until the loop says that there is room for it, which there
    nearly always is: a third of what a frame costs."""

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        if not self.send_queue:
            data = _send_now(self.transport, data)
        if data:
            super().sendData(data, sync, chopsize)


def _send_now(transport: Any, data: bytes) -> bytes:
    """What is left of the data: all of it where something waits already, or goes through TLS."""
    if type(transport) is not tcp.Server or not transport.connected or transport.disconnecting:
        return data
    if transport.dataBuffer or transport._tempDataBuffer:
        return data
    try:
        return data[transport.socket.send(data) :]
    except OSError:
        return data  # no room, or nobody there: as Twisted deals with it


class PatientFactory(WebSocketFactory):
    protocol = PromptProtocol

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setProtocolOptions(closeHandshakeTimeout=CLOSE_SECONDS)


def improve() -> None:
    """Before the server runs: it imports its application first."""
    WebRequest.error_template = PAGE
    daphne.server.WebSocketFactory = PatientFactory
