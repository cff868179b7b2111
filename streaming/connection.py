"""A person's line to this process, whatever carries it: a WebSocket, or a response over HTTP.

It has its place in the relay and in its person's group of announcements, follows conversations, and
carries out commands one after the other. What it tells leaves by ``send``, a frame at a time;
``close`` ends what carries it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError

from conversations.languages import in_language
from streaming import protocol, stored
from streaming.announcements import Announcements, Job
from streaming.desk import Desk
from streaming.following import Follower
from streaming.protocol import encode
from streaming.visitors import SessionEnded, Visitor

if TYPE_CHECKING:
    from streaming.engine import Engine

log = structlog.get_logger(__name__)

T = TypeVar("T")

WAITING_COMMANDS = 100
WAITING_CHARACTERS = 1_000_000  # of their frames: some of the longest ones


def greeting(visitor: Visitor) -> str:
    """The first frame that anybody gets."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return encode("ready", protocol=protocol.VERSION, user=visitor.public_id, server_time=now)


class Connection:
    """``channel`` is its name in Channels' ``layer``; ``window`` as for ``Follower``.

    ``in_order`` as for ``Announcements``.
    """

    def __init__(
        self,
        engine: Engine,
        visitor: Visitor,
        *,
        layer: Any,
        channel: str,
        window: float,
        in_order: bool = False,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        relay = engine.relay
        self.visitor = visitor
        self.closed = False
        self._relay = relay
        self._layer = layer
        self._channel = channel
        self._send = send
        self._close = close
        self._jobs: asyncio.Queue[tuple[Job, int]] = asyncio.Queue()
        self._waiting = 0  # characters
        self._tasks: list[asyncio.Task[None]] = []
        self.follower = Follower(
            send=self._send_frame,
            load=lambda generation: self._database(stored.stored, generation),
            livelog=engine.livelog,
            window=window,
        )
        self._announcements = Announcements(
            visitor,
            self.follower,
            queue=self.queue,
            database=self._database,
            in_order=in_order,
        )
        self.desk = Desk(
            visitor,
            self.follower,
            announcements=self._announcements,
            database=self._database,
            start=engine.runner.start,
        )
        relay.register(self)

    async def _database(self, function: Callable[..., T], *args: Any) -> T:
        """In a thread, and what is said there is said in the person's language."""

        def speaking() -> T:
            with in_language(self.visitor.language):
                return function(*args)

        return await self._relay.database(speaking)

    # --- its life -----------------------------------------------------------------------------

    async def join(self) -> None:
        """From here on it hears what concerns its person; again, where the layer forgot it."""
        await self._layer.group_add(self.visitor.user_group, self._channel)

    async def greet(self) -> None:
        """The first that it tells."""
        await self._send(greeting(self.visitor))

    def start(self) -> None:
        """Carry out what is queued, and tell what is followed."""
        self.watch(self._work())
        self.watch(self.follower.run())

    def watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what this connection would be deaf or mute without, and its person not know it."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._check)
        self._tasks.append(task)

    def _check(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None or self.closed:
            return
        if not isinstance(error, OSError):  # of a client that is gone
            log.error("socket_failed", exc_info=error)
        self.end_soon(protocol.TRY_LATER)

    def leave(self) -> None:
        """Forget everything about it; however it ended, and once more does nothing."""
        if self.closed:
            return
        self.closed = True
        for task in self._tasks:
            task.cancel()
        self._relay.unregister(self)
        self._relay.spawn(self._layer.group_discard(self.visitor.user_group, self._channel))

    async def end(self, code: int) -> None:
        """Close from our side; nothing is given after that, whatever is still on its way here."""
        if not self.closed:
            self.leave()
            await self._close(code)

    def end_soon(self, code: int) -> None:
        """From within a task of this connection, which ending cancels."""
        self._relay.spawn(self.end(code))

    async def _send_frame(self, frame: str) -> None:
        if not self.closed:
            await self._send(frame)

    # --- what it does, one after the other -----------------------------------------------------

    def queue(self, job: Job, size: int = 0) -> None:
        """``size``: characters of the frame that it keeps in memory."""
        if self._jobs.qsize() < WAITING_COMMANDS and self._waiting + size <= WAITING_CHARACTERS:
            self._jobs.put_nowait((job, size))
            self._waiting += size
        else:
            # Whoever sends faster than it reads the answers: come back later, slower.
            self.end_soon(protocol.TRY_LATER)

    async def _work(self) -> None:
        while True:
            job, size = await self._jobs.get()
            self._waiting -= size
            try:
                await job()
            except SessionEnded:
                self.end_soon(protocol.SESSION_ENDED)
                return
            except (DatabaseError, InterfaceError):
                # Of an announcement: what it was about is looked for again.
                log.warning("database_away", look="announcement")

    # --- what the channel layer and the relay call ---------------------------------------------

    def hear(self, announcement: dict[str, Any]) -> None:
        """An announcement to its person."""
        conversation = UUID(announcement["conversation"])
        # A process of the version before says nothing of it; then it is found by looking (R99).
        if began := announcement.get("began"):
            self._announcements.look_for_turns(conversation, UUID(began))
        self._announcements.conversation_changed(conversation, announcement["fields"])

    def look_for_turns(self, conversation: UUID) -> None:
        """Tell of turns that began elsewhere; in order with our own commands."""
        self._announcements.look_for_turns(conversation)
