"""One socket: admit, parse, delegate, relay.

A socket is the widest door of the product. What comes in is hostile until ``protocol.decode`` has
let it through; who sends it is asked anew at each command; and no handler waits: ``receive`` puts
a command into the socket's own queue, whose worker carries them out in order.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from streaming import protocol, visitors
from streaming.connection import Connection, greeting
from streaming.limits import SLOWER_SECONDS, TOO_FAST, Pace
from streaming.visitors import Visitor

if TYPE_CHECKING:
    from streaming.engine import Engine

log = structlog.get_logger(__name__)

_BEGINNING = (protocol.Send, protocol.Regenerate, protocol.Continue)
BAD_FRAMES = 3  # in a row, then the socket is closed


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """A person's tab. ``engine`` is what this process shares between its sockets."""

    engine: Engine  # given by as_asgi, the same for all sockets of a server

    def __init__(self, *args: Any, engine: Engine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.engine = engine
        self._connection: Connection | None = None  # until it is admitted
        # Its own, and that of its person.
        self._paces = [Pace(settings.MAX_FRAMES_PER_SECOND, 5 * settings.MAX_FRAMES_PER_SECOND)]
        self._bad_frames = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Here and not in disconnect(): a server that loses patience cancels us, and a handler
            # that fails ends us, without it.
            if self._connection is not None:
                self._connection.leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels goes through a thread before each message, to close database connections that
        # the loop may have opened. Nothing here opens any: queries run in the relay's threads.
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            # Of a newer version: what an announcement is about is found by looking (R99).
            log.info("announcement_not_understood", kind=message["type"])
            return
        await handler(message)

    # --- the life of a socket -----------------------------------------------------------------

    async def connect(self) -> None:
        relay = self.engine.relay
        session_key = visitors.session_key_of(self.scope["headers"])
        accepts = visitors.accepted_languages(self.scope["headers"])
        try:
            visitor = await relay.database(visitors.admit, session_key, accepts)
        except (DatabaseError, InterfaceError):
            log.warning("database_away", look="connect")
            await self._turn_away(protocol.TRY_LATER)
            return
        if visitor is None:
            await self.close()
        elif relay.sockets_of(visitor.user_id) >= settings.MAX_SOCKETS_PER_PERSON:
            await self._turn_away(protocol.TOO_MANY_SOCKETS)
        elif self.engine.draining:
            await self._turn_away(protocol.RESTARTING)
        elif not protocol.is_spoken(self.scope.get("query_string", b"")):
            # Told which one we speak: another process may speak the client's (R99).
            await self._turn_away(protocol.TRY_LATER, greeting(visitor))
        else:
            await self._admit(visitor)

    async def _admit(self, visitor: Visitor) -> None:
        self._connection = Connection(
            self.engine,
            visitor,
            layer=self.channel_layer,
            channel=self.channel_name,
            window=settings.UNACKNOWLEDGED_BYTES,
            send=self._send_frame,
            close=self._close,
        )
        self._paces.append(self.engine.presence.pace_of(visitor.user_id))
        await self._connection.join()
        await self.accept()
        await self._connection.greet()
        self._connection.start()

    async def _turn_away(self, code: int, frame: str = "") -> None:
        """Closed after the handshake: a browser is not told the code of one that is refused."""
        await self.accept()
        if frame:
            await self._send_frame(frame)
        await self.close(code)

    async def _close(self, code: int) -> None:
        with suppress(OSError, RuntimeError):  # what uvicorn raises when the client is gone
            await self.close(code)

    async def _send_frame(self, frame: str) -> None:
        # Past the generic consumer's wrapper: this is the hot path.
        try:
            await self.base_send({"type": "websocket.send", "text": frame})
        except Exception as error:  # whatever its server raises
            raise ConnectionError("the client is gone") from error

    # --- what comes in ------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        in_time = all(pace.take() for pace in self._paces)
        try:
            if text_data is None:
                raise protocol.NotACommand
            command, body = protocol.decode(text_data)
        except protocol.NotACommand:
            await self._bad_frame(connection)
            return
        except protocol.Malformed as error:
            self._bad_frames = 0
            connection.queue(partial(connection.desk.refuse, error.ref, error.code, error.detail))
            return
        self._bad_frames = 0
        if isinstance(command, protocol.Ack):
            # At once: it makes room, for which the worker may be waiting.
            connection.follower.acknowledge(command.cursors)
        elif not in_time:
            refuse = connection.desk.refuse
            connection.queue(partial(refuse, command.ref, "rate_limited", TOO_FAST, SLOWER_SECONDS))
        elif self.engine.draining and isinstance(command, _BEGINNING):
            # Unanswered, so the client repeats it, with its key, where it comes back.
            connection.end_soon(protocol.RESTARTING)
        else:
            carry_out = partial(connection.desk.carry_out, command, body)
            connection.queue(carry_out, len(text_data))

    async def _bad_frame(self, connection: Connection) -> None:
        self._bad_frames += 1
        if self._bad_frames >= BAD_FRAMES:
            await connection.end(protocol.NOT_JSON)
        else:
            refuse = connection.desk.refuse
            connection.queue(partial(refuse, None, "malformed", "A frame is one JSON object."))

    # --- what the channel layer calls -----------------------------------------------------------

    async def conversation_changed(self, message: dict[str, Any]) -> None:
        if self._connection is not None:
            self._connection.hear(message)
