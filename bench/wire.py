"""A WebSocket client that costs little: the load shares a core with the model's endpoint.

It keeps every frame with the time of its arrival and looks inside only afterwards.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable
from typing import cast

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
LONGEST_HANDSHAKE = 64 * 1024


class Wire(asyncio.Protocol):
    """One connection. ``frames``: (CLOCK_MONOTONIC in µs, payload) of each text frame."""

    def __init__(self, head: bytes, on_frame: Callable[[bytes], None]) -> None:
        self._head = head
        self._on_frame = on_frame
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.frames: list[tuple[int, bytes]] = []
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}")

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns() // 1000
        self._buffer += data
        if not self.opened.done() and not self._shake_hands():
            return
        for kind, payload in self._split():
            if kind == TEXT:
                self.frames.append((now, payload))
                self._on_frame(payload)
            elif kind == PING:
                self._write(PONG, payload)
            elif kind == CLOSE:
                self._end(f"closed with {int.from_bytes(payload[:2])}")

    def send(self, text: str) -> None:
        self._write(TEXT, text.encode())

    def close(self) -> None:
        if self._transport is not None:
            self.closed = self.closed or "by us"
            self._write(CLOSE, (1000).to_bytes(2))
            self._transport.close()

    def _end(self, why: str) -> None:
        self.closed = self.closed or why
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(why))
        self._on_frame(b"")

    def _shake_hands(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = bytes(self._buffer[: self._buffer.find(b"\r\n")])
        if b" 101 " not in status + b" ":
            self._end(status.decode("latin-1"))
            return False
        del self._buffer[: end + 4]
        self.opened.set_result(None)
        return True

    def _split(self) -> list[tuple[int, bytes]]:
        """The whole frames that have arrived. Servers neither mask nor, here, fragment."""
        found = []
        buffer, start, end = self._buffer, 0, len(self._buffer)
        while end - start >= 2:
            length, at = buffer[start + 1], start + 2
            if length == 126:
                if end < at + 2:
                    break
                (length,) = struct.unpack_from("!H", buffer, at)
                at += 2
            elif length == 127:
                if end < at + 8:
                    break
                (length,) = struct.unpack_from("!Q", buffer, at)
                at += 8
            if end < at + length:
                break
            found.append((buffer[start] & 0x0F, bytes(buffer[at : at + length])))
            start = at + length
        del buffer[:start]
        return found

    def _write(self, kind: int, payload: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | length)
        else:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, length)
        # A mask of zeros is a mask.
        self._transport.write(head + b"\0\0\0\0" + payload)


def handshake(host: str, port: int, path: str, cookie: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: http://{host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
