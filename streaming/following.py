"""What one socket follows: cursors, catch-up, and what is held back until it is acknowledged.

What does not fit the window is in the live log anyway, or is told by a snapshot. Everything here
runs on the event loop and waits for nothing but the socket and the database threads.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError

from streaming import metrics
from streaming.protocol import Update
from streaming.stored import Begun, Stored
from streaming.window import Window, frame_size

if TYPE_CHECKING:
    from streaming.livelog import LiveLog

log = structlog.get_logger(__name__)

# A backlog above this many characters is told by one snapshot instead of its hundreds of updates.
LONG_BACKLOG = 64 * 1024
REMEMBERED = 200  # ended generations, so that a late announcement does not replay them
AGAIN = 1.0  # seconds until the database is asked again after it was away


class Stream:
    """One generation that a socket catches up with; ``cursor`` is the last number sent."""

    __slots__ = ("began_at", "conversation", "cursor", "fresh", "generation", "replace", "told_at")

    def __init__(self, conversation: UUID, generation: UUID, cursor: int, fresh: bool) -> None:
        self.conversation = conversation
        self.generation = generation
        self.cursor = cursor
        self.began_at: int | None = cursor or None  # where it resumed, until that is looked at
        self.fresh = fresh  # accepted a moment ago: its log is about to begin
        self.replace = False  # the log cannot be trusted with this one: tell what is stored
        self.told_at: int | None = None  # the number of the last snapshot


class Follower:
    """The numbered updates of one socket. ``send`` sends a frame, ``load`` reads a stored row."""

    def __init__(
        self,
        *,
        send: Callable[[str], Awaitable[None]],
        load: Callable[[UUID], Awaitable[Stored | None]],
        livelog: LiveLog,
        window: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._load = load
        self._livelog = livelog
        self._window = Window(window, clock)
        self._wake = asyncio.Event()
        self._done = asyncio.Event()
        self._streams: dict[UUID, Stream] = {}
        self._ended: deque[UUID] = deque(maxlen=REMEMBERED)
        # What this socket was told of each conversation.
        self.conversations: dict[UUID, Begun] = {}
        # Something did not fit: nothing is looked at until the client has acknowledged something.
        # Otherwise each new delta would ask the database for a snapshot that does not fit either.
        self._full = False
        # Called with a generation when it is attached (True) or done with (False).
        self.on_change: Callable[[UUID, bool], None] = lambda generation, attached: None

    # --- what is followed ---------------------------------------------------------------------

    def follow(self, conversation: UUID, begun: Begun) -> None:
        """From now on; or: of this, too, it has been told."""
        self.conversations[conversation] = self.conversations.get(conversation, Begun()) | begun

    def unfollow(self, conversation: UUID) -> None:
        self.conversations.pop(conversation, None)
        for stream in list(self._streams.values()):
            if stream.conversation == conversation:
                self._detach(stream)
        self._full = False
        self._wake.set()

    def pause(self, conversation: UUID) -> None:
        """Send nothing of it until it is attached anew: what comes then starts at that cursor."""
        for stream in list(self._streams.values()):
            if stream.conversation == conversation:
                self._detach(stream)

    def attach(
        self, conversation: UUID, generation: UUID, cursor: int = 0, *, fresh: bool = False
    ) -> None:
        """Catch up with a generation after a cursor, then go on with it live."""
        self._streams[generation] = Stream(conversation, generation, cursor, fresh)
        metrics.RESUMES.inc(1 if cursor else 0)
        self.on_change(generation, True)
        self._wake.set()

    async def delivered(self) -> None:
        """Wait until all that is attached now has been sent to its end."""
        while self._streams:
            self._done.clear()
            await self._done.wait()

    def knows(self, generation: UUID) -> bool:
        return generation in self._streams or generation in self._ended

    @property
    def attached(self) -> set[UUID]:
        return set(self._streams)

    def nudge(self) -> None:
        """There is something new in the log."""
        self._wake.set()

    def tell_stored(self, generation: UUID) -> None:
        """The log is silent about what the database has: tell it from there."""
        stream = self._streams.get(generation)
        if stream is not None:
            stream.replace = True
            self._wake.set()

    @property
    def unacknowledged(self) -> int:
        """Bytes."""
        return self._window.unacknowledged

    # --- acknowledgement ----------------------------------------------------------------------

    def acknowledge(self, cursors: Mapping[UUID, int]) -> None:
        """The client has handled these. Any acknowledgement shows that it reads."""
        if self._window.acknowledge(cursors):
            self._full = False
        self._wake.set()

    def stuck_for(self) -> float:
        """Seconds without progress while something is held back."""
        return self._window.stuck_for()

    # --- sending ------------------------------------------------------------------------------

    async def tell(self, frame: str) -> None:
        """Send an answer to a command; waits while too much is unacknowledged."""
        await self._window.take_answer(frame_size(frame))
        await self._send(frame)

    async def run(self) -> None:
        """Send what is due until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self._full:
                await self._round()

    async def _round(self) -> None:
        """Look at every stream once; stop at the first that has more than may be on its way."""
        for stream in list(self._streams.values()):
            try:
                fits = await self._forward(stream)
            except (DatabaseError, InterfaceError):
                log.warning("database_away", generation=str(stream.generation))
                asyncio.get_running_loop().call_later(AGAIN, self._wake.set)
                continue
            if not fits:
                self._full = True
                # The next round begins with the others, so that none waits for this one for ever.
                if self._streams.pop(stream.generation, None) is stream:
                    self._streams[stream.generation] = stream
                return
        self._window.all_sent()

    async def _forward(self, stream: Stream) -> bool:
        """Send what a stream has; False when no more may be on its way."""
        await self._repeat_behind(stream)
        updates = None
        if not stream.replace:
            updates = self._livelog.read(stream.generation, stream.cursor)
        if updates is None:
            if stream.fresh and not stream.replace and not self._livelog.knows(stream.generation):
                return True
            return await self._forward_stored(stream)
        if len(updates) > 1 and sum(len(update.frame) for update in updates) > LONG_BACKLOG:
            # The stored text is at most a second old; from there the log goes on.
            before = stream.cursor
            if not await self._forward_stored(stream, newer_than=before):
                return False
            if stream.cursor > before:
                self._wake.set()
                return True
        return await self._forward_updates(stream, updates)

    async def _forward_updates(self, stream: Stream, updates: list[Update]) -> bool:
        for update in updates:
            if self._streams.get(stream.generation) is not stream:
                return True
            if not await self._send_numbered(stream, update):
                return False
        return True

    async def _repeat_behind(self, stream: Stream) -> None:
        """The socket may have been cut between an update and what comes right behind it."""
        if stream.cursor != stream.began_at:
            return
        stream.began_at = None
        if behind := self._livelog.behind(stream.generation, stream.cursor):
            await self._send(behind)

    async def _forward_stored(self, stream: Stream, newer_than: int = -1) -> bool:
        """A snapshot, and ``finished`` behind it where the generation has ended."""
        why = "long" if newer_than >= 0 else "silent" if stream.replace else "gap"
        seen = stream.cursor
        stored = await self._load(stream.generation)
        if self._streams.get(stream.generation) is not stream:
            return True
        if stored is None:
            self._detach(stream)
            return True
        at = stored.snapshot.seq
        if stored.finished is None:
            stream.replace = stream.fresh = False  # told once; then the log is looked at again
            if at == stream.told_at or at <= newer_than:
                return True  # nothing newer is stored yet; the next look finds it
        # Once: where it fills the window alone, what is behind it waits for the next round.
        if at != stream.told_at:
            if not await self._send_numbered(stream, stored.snapshot):
                return False
            stream.told_at = at
            if seen or why == "silent":
                metrics.BACKFILLS.labels(why).inc()
        if stored.finished is not None:
            return await self._send_numbered(stream, stored.finished)
        if self._livelog.read(stream.generation, stream.cursor):
            self._wake.set()
        return True

    async def _send_numbered(self, stream: Stream, update: Update) -> bool:
        size = frame_size(update.frame) + frame_size(update.behind)
        if not self._window.take(stream.generation, update.seq, size):
            return False
        stream.cursor = update.seq
        if update.last:
            self._detach(stream)
        await self._send(update.frame)
        if update.behind:
            await self._send(update.behind)
        return True

    def _detach(self, stream: Stream) -> None:
        if self._streams.get(stream.generation) is stream:
            del self._streams[stream.generation]
            self._ended.append(stream.generation)
            self._done.set()
            self.on_change(stream.generation, False)
