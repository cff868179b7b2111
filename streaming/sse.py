"""The same updates over HTTP: as server-sent events, or as the one answer that is waited for.

A server cannot slow down what it sends to a slow reader (Daphne keeps it all), and here nobody
acknowledges: so each response ends by itself, after so many bytes or seconds, and the client
resumes after the last id that it saw. An id tells of all that came before it: a turn is told only
when everything of the turns before it has been sent.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from channels.layers import get_channel_layer

from streaming.connection import Connection
from streaming.window import frame_size

if TYPE_CHECKING:
    from streaming.engine import Engine
    from streaming.visitors import Visitor

RETRY_MS = 1_000  # after which a browser's EventSource resumes
HEARTBEAT_SECONDS = 10.0  # of silence, then a comment shows that the line is alive
# A server that does slow down can be held by a client that never reads: this long after its end.
PATIENCE_SECONDS = 10.0


class Event(NamedTuple):
    """An update as it leaves. ``id`` is empty where there is nothing to resume from."""

    kind: str
    id: str
    frame: str

    def encode(self) -> bytes:
        number = f"id: {self.id}\n" if self.id else ""
        return f"{number}event: {self.kind}\ndata: {self.frame}\n\n".encode()


def event_of(frame: str) -> Event:
    """``accepted`` has the number 0 of what it promises: nothing of it was seen yet."""
    update: dict[str, Any] = json.loads(frame)
    seq = 0 if update["type"] == "accepted" else update.get("seq")
    number = "" if seq is None else f"{update['generation']}:{seq}"
    return Event(update["type"], number, frame)


def last_seen(event_id: str) -> tuple[UUID, int] | None:
    """What a ``Last-Event-ID`` says; None where it is none of ours."""
    generation, _, seq = event_id.partition(":")
    try:
        seen = UUID(generation), int(seq)
    except ValueError:
        return None
    return seen if 0 <= seen[1] < 2**31 else None


class Line:
    """One call over HTTP, and all that its person's connection tells meanwhile.

    ``bytes_`` and ``seconds``: when it ends by itself.
    """

    def __init__(
        self,
        engine: Engine,
        visitor: Visitor,
        channel: str,
        *,
        bytes_: float = math.inf,
        seconds: float = math.inf,
    ) -> None:
        self.ended_with: int | None = None
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._limit = bytes_
        self._seconds = seconds
        self._given = 0
        self._progress = False
        self._layer = get_channel_layer()
        self._channel = channel
        self.connection = Connection(
            engine,
            visitor,
            layer=self._layer,
            channel=channel,
            window=math.inf,
            in_order=True,
            send=self._take,
            close=self._close,
        )
        self._timer = (
            asyncio.get_running_loop().call_later(seconds, self.finish)
            if seconds < math.inf
            else None
        )

    @classmethod
    async def open(cls, engine: Engine, visitor: Visitor, **limits: float) -> Line:
        layer = get_channel_layer()
        line = cls(engine, visitor, await layer.new_channel(), **limits)
        await line.connection.join()
        line.connection.watch(line._listen())
        return line

    def finish(self) -> None:
        """Nothing more is given; once more does nothing."""
        if self._timer is not None:
            self._timer.cancel()
        self.connection.leave()
        self._events.put_nowait(None)

    async def next(self) -> Event | None:
        """None at the end."""
        return await self._events.get()

    async def body(self) -> AsyncIterator[bytes]:
        """The response."""
        # Whoever sends this: where it waits for a client that never reads, that must end too.
        stuck = asyncio.get_running_loop().call_later(
            self._seconds + PATIENCE_SECONDS, _cancel, asyncio.current_task()
        )
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while (event := await self._next_or_silence()) is not None:
                yield event
        finally:
            stuck.cancel()
            self.finish()

    async def _next_or_silence(self) -> bytes | None:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                event = await self.next()
        except TimeoutError:
            return b":\n\n"
        return None if event is None else event.encode()

    async def _listen(self) -> None:
        while True:
            message = await self._layer.receive(self._channel)
            self.connection.hear(message)

    async def _take(self, frame: str) -> None:
        size = frame_size(frame)
        if self._progress and self._given + size > self._limit:
            self.finish()  # what does not fit is for the response that resumes
            return
        event = event_of(frame)
        self._given += size
        # Without an id to resume from, the next response would have no room for it either.
        self._progress = self._progress or bool(event.id)
        self._events.put_nowait(event)

    async def _close(self, code: int) -> None:
        self.ended_with = code
        self.finish()


def _cancel(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
