"""One reader of the live log per process, for all sockets: news come in, followers wake.

It also looks after what announcements may miss: turns that began elsewhere, generations whose end
was not heard, sessions that ended, clients that stopped reading.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import structlog
from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError, connections

from streaming import metrics, protocol, stored, visitors
from streaming.database import Database
from streaming.following import Follower
from streaming.livelog import LiveLog
from streaming.pump import Pump
from streaming.threads import Pool
from streaming.visitors import Visitor

log = structlog.get_logger(__name__)

GROUP_EXPIRY = 86_400.0  # seconds; that of Channels' own layers where nothing else is set

LAG_EVERY = 0.5  # seconds between two looks at the loop's lateness


class Socket(Protocol):
    """What the relay needs of a connection."""

    visitor: Visitor
    follower: Follower

    def look_for_turns(self, conversation: UUID) -> None: ...

    async def join(self) -> None: ...

    async def end(self, code: int) -> None: ...


class Relay:
    """Lives on the event loop of the process's server; threads reach it by ``from_thread``."""

    def __init__(
        self,
        livelog: LiveLog,
        pump: Pump,
        *,
        poll_every: float,
        sessions_every: float,
        patience: float,
        elsewhere: Callable[[int], int] = lambda person: 0,
        database_threads: int = 8,
    ) -> None:
        self._livelog = livelog
        self._pump = pump
        self._poll_every = poll_every
        self._sessions_every = sessions_every
        self._patience = patience
        self._elsewhere = elsewhere  # how many sockets a person has in other processes
        self._threads = Pool("commands", database_threads, leave=connections.close_all)
        self.database = Database(self._threads)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: set[Socket] = set()
        self._followers: dict[UUID, set[Follower]] = {}
        self._lock = threading.Lock()
        self._news: set[UUID] = set()
        self._progress: dict[UUID, stored.Progress] = {}  # of the record, a look ago
        livelog.on_news = self._hear

    # --- sockets ------------------------------------------------------------------------------

    def register(self, socket: Socket) -> None:
        self._begin()
        self._sockets.add(socket)
        follower = socket.follower
        follower.on_change = lambda generation, attached: self._note(follower, generation, attached)

    def unregister(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        for generation in socket.follower.attached:
            self._note(socket.follower, generation, False)
        # What a command that is still on its way attaches now must not be kept for ever.
        socket.follower.on_change = lambda generation, attached: None

    @property
    def sockets(self) -> set[Socket]:
        return set(self._sockets)

    def people(self) -> Counter[int]:
        """How many sockets of whom there are here; from any thread."""
        return Counter(socket.visitor.user_id for socket in self.sockets)

    def sockets_of(self, user_id: int) -> int:
        """In all processes, as far as this one has heard."""
        here = sum(1 for socket in self._sockets if socket.visitor.user_id == user_id)
        return here + self._elsewhere(user_id)

    # --- from threads -------------------------------------------------------------------------

    def announce(self, group: str, message: dict[str, Any]) -> None:
        """Tell a group of sockets, from any thread. May be lost; is found again by looking."""
        # A layer used from a thread of its own loop was seconds late.
        self._on_loop(self._send_to_group, group, message)

    def _hear(self, generations: set[UUID]) -> None:
        # Whoever begins to follow looks into the log by itself.
        generations = {each for each in generations if each in self._followers}
        if not generations:
            return
        with self._lock:
            waiting = bool(self._news)
            self._news |= generations
        if not waiting:
            self._on_loop(self._deliver, time.monotonic())

    def _on_loop(self, call: Callable[..., object], *args: Any) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has closed meanwhile: there is nobody to tell
                self._loop.call_soon_threadsafe(call, *args)

    # --- on the loop --------------------------------------------------------------------------

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        with self._lock:
            self._news = set()  # what was heard without a loop has woken nobody, and never would
        self.spawn(self._repeat(self._poll_every, self._poll))
        self.spawn(self._repeat(self._sessions_every, self._check_sessions))
        self.spawn(_watch_lag())
        # Layers forget members after a time and tell nobody; a socket may live longer (R51).
        expiry = getattr(get_channel_layer(), "group_expiry", GROUP_EXPIRY)
        self.spawn(self._repeat(expiry / 3, self._rejoin))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something beside whoever calls; asyncio alone would forget it in mid-run."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=error)

    def _send_to_group(self, group: str, message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        if layer is not None:
            self.spawn(layer.group_send(group, message))

    def _note(self, follower: Follower, generation: UUID, attached: bool) -> None:
        if attached:
            self._followers.setdefault(generation, set()).add(follower)
            return
        followers = self._followers.get(generation, set())
        followers.discard(follower)
        if not followers:
            self._followers.pop(generation, None)

    def _deliver(self, heard_at: float) -> None:
        with self._lock:
            generations, self._news = self._news, set()
        for generation in generations:
            for follower in self._followers.get(generation, ()):
                follower.nudge()
        # A loop that is late asks the pump for fewer and larger updates.
        self._pump.reader_lag = time.monotonic() - heard_at

    async def _repeat(self, every: float, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await look()
            except (DatabaseError, InterfaceError):
                log.warning("database_away", look=look.__name__)
            except Exception:
                # All sockets depend on these looks: one that fails must not be the last.
                log.exception("look_failed", look=look.__name__)

    async def _poll(self) -> None:
        """Find what was not announced, and what ended without the log saying so."""
        self._close_the_stuck()
        await self._look_after_groups()
        sockets = [socket for socket in self._sockets if socket.follower.conversations]
        followed = {each for socket in sockets for each in socket.follower.conversations}
        if not followed:
            return
        begun = await self.database(stored.begun_in, followed)
        for socket in sockets:
            for conversation, told in list(socket.follower.conversations.items()):
                if told | begun.get(conversation, told) != told:
                    socket.look_for_turns(conversation)
        await self._tell_overdue()

    async def _tell_overdue(self) -> None:
        """What the record had a look ago and the log still has not: an end, or text.

        The log is on its way for milliseconds. What took longer is lost (a process died before it
        told of an end, Redis is away), and is told from the record until the log is back.
        """
        followed = set(self._followers)
        elsewhere = {each for each in followed if not self._pump.has(each)}
        before, self._progress = self._progress, {}
        if not elsewhere:
            return
        self._progress = await self.database(stored.progress_of, elsewhere)
        for generation in elsewhere:
            recorded = before.get(generation)
            late = recorded is not None and (
                recorded.ended or recorded.seq > self._livelog.last(generation)
            )
            for follower in list(self._followers.get(generation, ())):
                if late:
                    follower.tell_stored(generation)
                else:
                    follower.nudge()

    async def _check_sessions(self) -> None:
        sockets = {id(socket.visitor): socket for socket in self._sockets}
        if not sockets:
            return
        visiting = [socket.visitor for socket in sockets.values()]
        for visitor in await self.database(visitors.ended, visiting):
            # Not waited for: under uvicorn closing waits for a client that does not read.
            self.spawn(sockets[id(visitor)].end(protocol.SESSION_ENDED))

    def _close_the_stuck(self) -> None:
        for socket in list(self._sockets):
            if socket.follower.stuck_for() > self._patience:
                self.spawn(socket.end(protocol.TRY_LATER))

    async def _look_after_groups(self) -> None:
        """A layer in Redis may have lost its members, and then says so."""
        forgot = getattr(get_channel_layer(), "forgot", None)
        if forgot is not None and await forgot():
            self.spawn(self._rejoin())

    async def _rejoin(self) -> None:
        for socket in list(self._sockets):
            await socket.join()

    def close(self) -> None:
        """No more questions to the database."""
        self._threads.close()


async def _watch_lag() -> None:
    """How late the loop is for everybody, by how late it is for this."""
    now = asyncio.get_running_loop().time
    while True:
        due = now() + LAG_EVERY
        await asyncio.sleep(LAG_EVERY)
        metrics.LOOP_LAG.observe(max(0.0, now() - due))
