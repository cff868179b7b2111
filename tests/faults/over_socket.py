"""A browser's line over a WebSocket: frames out, frames in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from http.client import HTTPException
from typing import Any, Protocol

from h11 import RemoteProtocolError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

OPENING = 4.0  # seconds until a handshake is given up
SILENCE = 4.0  # seconds without anything after which a connection counts as dead
AWAY = (
    *(OSError, EOFError, ConnectionClosed, InvalidHandshake, InvalidMessage),
    *(HTTPException, RemoteProtocolError),
)


class Line(Protocol):
    """What carries a browser's commands and updates."""

    async def __aenter__(self) -> Line: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def say(self, command: dict[str, Any]) -> None: ...

    def frames(self) -> AsyncIterator[str]:
        """What comes in, until the line breaks."""

    def carries(self, conversations: Collection[str]) -> bool:
        """Whether what changes in these reaches the browser just now."""


class SocketLine:
    """Open when its ``ready`` has come, which is the first of its frames."""

    def __init__(self, origin: str, headers: dict[str, str]) -> None:
        self._connecting = connect(
            f"ws{origin[4:]}/ws/chat/",
            origin=origin,  # type: ignore[arg-type]  # a plain string will do
            additional_headers=headers,
            compression=None,
            max_size=None,
            open_timeout=OPENING,
            close_timeout=0.5,
            ping_interval=None,
        )
        self._socket: ClientConnection
        self._first = ""

    async def __aenter__(self) -> SocketLine:
        self._socket = await self._connecting.__aenter__()
        try:
            self._first = _text(await asyncio.wait_for(self._socket.recv(), OPENING))
        except BaseException:
            await self._connecting.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connecting.__aexit__(None, None, None)

    async def say(self, command: dict[str, Any]) -> None:
        await asyncio.wait_for(self._socket.send(json.dumps(command)), SILENCE)

    async def frames(self) -> AsyncIterator[str]:
        yield self._first
        async for frame in self._socket:
            yield _text(frame)

    def carries(self, conversations: Collection[str]) -> bool:
        return True


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode()
