"""Hanging up on a call that another thread is blocked in.

`EventStream.close()` from a second thread waits for the first one's read and frees nobody. Shutting
the socket down does: the blocked read returns at once, and the reader closes its own connection.
urllib3's `HTTPResponse.shutdown()` does that once there is a response. Before (a model can think
for minutes ahead of the first byte) nobody outside urllib3 can reach the socket, so connections of
our clients tell the call that waits in them which socket it is.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from streaming.bedrock.errors import Aborted

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Line:
    """The connection of one call, for whoever may have to hang up on it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shutdown: Callable[[], None] | None = None
        self.aborted = False

    def abort(self) -> None:
        """Frees the thread that reads; a line that is not connected yet never will be."""
        with self._lock:
            self.aborted = True
            if self._shutdown is not None:
                # The connection can have ended by itself in this very moment.
                with suppress(OSError, RuntimeError, ValueError):
                    self._shutdown()

    @contextmanager
    def connected(self, shutdown: Callable[[], None]) -> Iterator[None]:
        """Meanwhile `abort()` calls `shutdown`. Raises Aborted where it was called before."""
        with self._lock:
            if self.aborted:
                raise Aborted
            self._shutdown = shutdown
        try:
            yield
        finally:
            # Once this returns, nobody shuts down a socket that another call may be using.
            with self._lock:
                self._shutdown = None

    @contextmanager
    def dialling(self) -> Iterator[None]:
        """Meanwhile a call that this thread makes with one of our clients is on this line."""
        _calls.line = self
        try:
            yield
        finally:
            _calls.line = None


class _Calls(threading.local):
    line: Line | None = None


_calls = _Calls()


class _Watched:
    """Mixed into botocore's connections: an abort ends the wait for the response's headers."""

    sock: socket.socket

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        if _calls.line is not None and _calls.line.aborted:
            raise Aborted

    def getresponse(self) -> Any:
        line, sock = _calls.line, self.sock
        if line is None:
            return super().getresponse()  # type: ignore[misc]
        with line.connected(lambda: sock.shutdown(socket.SHUT_RDWR)):
            return super().getresponse()  # type: ignore[misc]


class _WatchedConnection(_Watched, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _WatchedSecureConnection(_Watched, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _WatchedPool(AWSHTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedSecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _WatchedSecureConnection


def watch_connections(client: "BaseClient") -> None:
    """From now on this client's calls can be aborted before their response begins.

    botocore has no public way to choose the class of its connections; a test holds this one.
    """
    client._endpoint.http_session._pool_classes_by_scheme.update(  # type: ignore[attr-defined]
        http=_WatchedPool, https=_WatchedSecurePool
    )
