"""HTTP/1.1 on an asyncio transport: h11 reads the requests, and the response is ours to break."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http.client import responses
from typing import cast

import h11

# The service takes requests of 25 MB. Of more, so much is read for the sake of an answer.
MAX_BODY = 25_000_000
_READ = 4 * MAX_BODY
_MAX_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    too_large: bool = False


class Exchange:
    """One request and the response to it.

    Either `respond()` with a whole body, or `start()`, `write()` … `finish()`. `cut()` breaks the
    connection.
    """

    def __init__(self, request: Request, connection: "Connection") -> None:
        self.request = request
        self.started = False
        self._connection = connection

    @property
    def clogged(self) -> bool:
        """True while the client does not read what was already sent."""
        return self._connection.clogged

    def respond(
        self, status: int, headers: list[tuple[str, str]], body: bytes, claimed: int | None = None
    ) -> None:
        """A response of known length; with a larger length `claimed` it ends in a cut."""
        length = len(body) if claimed is None else claimed
        self._send_head(status, [*headers, ("content-length", str(length))])
        self._connection.write(body)
        if claimed is not None:
            self.cut()
        else:
            self._connection.complete(body)

    def start(self, headers: list[tuple[str, str]]) -> None:
        """Status 200 and the headers of a chunked body."""
        self._send_head(200, [*headers, ("transfer-encoding", "chunked")])

    def write(self, data: bytes) -> None:
        """A piece of the body; an empty one would end it and is left out."""
        if data:
            self._connection.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def drain(self) -> None:
        """Wait until the client has read enough to send more."""
        await self._connection.drain()

    def finish(self) -> None:
        """The proper end of a chunked body."""
        self._connection.complete()

    def cut(self, *, reset: bool = False) -> None:
        """FIN after what was written, or RST (with `reset`), which may overtake it."""
        self._connection.cut(reset=reset)

    def _send_head(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.started = True
        self._connection.send_head(status, headers)


Handler = Callable[[Exchange], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One client. Its handler task is cancelled when it goes away in the middle of a response."""

    def __init__(self, handler: Handler, connections: "set[Connection]") -> None:
        self._handler = handler
        self._connections = connections
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._head: h11.Request
        self._body = bytearray()
        self._size = 0
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def clogged(self) -> bool:
        return not self._writable.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._receive(data)

    def eof_received(self) -> bool:
        # A client of ours never half-closes: its FIN means that nobody waits for the rest.
        self._abandon()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._writable.set()
        self._abandon()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def drain(self) -> None:
        await self._writable.wait()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def send_head(self, status: int, headers: list[tuple[str, str]]) -> None:
        head = self._http.send(
            h11.Response(
                status_code=status,
                reason=responses.get(status, "").encode(),
                headers=[("date", formatdate(usegmt=True)), *headers],
            )
        )
        self.write(head or b"")

    def complete(self, body: bytes = b"") -> None:
        """Tell h11 that the body is over: it knows the end mark and what comes after."""
        if body:
            self._http.send(h11.Data(data=body))
        self.write(self._http.send(h11.EndOfMessage()) or b"")

    def cut(self, *, reset: bool = False) -> None:
        if not reset:
            self._transport.close()
            return
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def close(self) -> None:
        """The endpoint ends."""
        self._abandon()
        self._transport.abort()

    def _abandon(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _receive(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            self._advance()
        except h11.RemoteProtocolError as exc:
            if self._task is None and self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self._reject(exc.error_status_hint)
            else:
                self._transport.close()

    def _advance(self) -> None:
        while self._task is None:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._head = event
                self._body.clear()
                self._size = 0
                if _claimed_length(event) > _READ:
                    self._reject(413)
                    return
                if self._http.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self.write(self._http.send(go_on) or b"")
            elif isinstance(event, h11.Data):
                self._size += len(event.data)
                if self._size > _READ:
                    self._reject(413)
                    return
                if self._size <= MAX_BODY:
                    self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self._begin()
            else:
                return

    def _begin(self) -> None:
        request = Request(
            self._head.method.decode(),
            self._head.target.decode(),
            {name.decode(): value.decode("latin-1") for name, value in self._head.headers},
            bytes(self._body),
            too_large=self._size > MAX_BODY,
        )
        self._task = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            await self._handler(Exchange(request, self))
        finally:
            self._task = None
            if not self._transport.is_closing():
                self._next()

    def _next(self) -> None:
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._receive_pending()
        else:
            self._transport.close()

    def _receive_pending(self) -> None:
        try:
            self._advance()
        except h11.RemoteProtocolError:
            self._transport.close()

    def _reject(self, status: int) -> None:
        self.send_head(status, [("content-length", "0"), ("connection", "close")])
        self.complete()
        self._transport.close()


def _claimed_length(request: h11.Request) -> int:
    """What the client says about the size of its body; h11 has seen to it that it is a number."""
    return next((int(v) for name, v in request.headers if name == b"content-length"), 0)
