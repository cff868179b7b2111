"""The live log where there are several processes: one Redis Stream, mirrored by each web process.

A process that writes answers puts what is due of all of them into one entry per tick. Each web
process reads the stream once, for all its sockets, into the log in its memory. Nothing here is the
record: what Redis loses is told from the database.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from uuid import UUID

import structlog

from streaming import metrics
from streaming.livelog import LiveLog
from streaming.protocol import Update
from streaming.streams import Entry, Reader, Writer

log = structlog.get_logger(__name__)

KEY = "chat:live"
KEPT_SECONDS = 60.0  # for a web process that starts, or comes back
FORGOTTEN_SECONDS = 900  # after the last entry, the stream is gone
UNSENT_LIMIT = 2_000  # updates: what a hundred answers say in a second
WRITTEN_BY = b"by"  # the one field of an entry that is no generation
# Others would be a newer version's, which this one lives beside while processes are exchanged.
_A_GENERATION = 16  # bytes


class RedisLog:
    """What the pump writes to. ``mirror`` is the log of this process, if it has sockets."""

    def __init__(self, url: str, mirror: LiveLog | None = None) -> None:
        self._writer = Writer(url, KEY, kept=KEPT_SECONDS, forgotten_after=FORGOTTEN_SECONDS)
        self._unsent: dict[UUID, list[Update]] = {}
        self._mirror = mirror
        self._me = secrets.token_bytes(8)
        self._reader = Reader(url, KEY, self._hear) if mirror is not None else None

    def start(self) -> None:
        if self._reader is not None:
            self._reader.start()

    def stop(self) -> None:
        if self._reader is not None:
            self._reader.stop()

    def append(self, batch: Mapping[UUID, list[Update]]) -> None:
        """One entry for all. From one thread.

        What Redis does not take now goes with the next entry: a hiccup costs no text, and what came
        twice is known by its number. After a longer absence it is dropped.
        """
        if not batch:
            return
        if self._mirror is not None:
            self._mirror.append(batch)
        for generation, updates in batch.items():
            self._unsent.setdefault(generation, []).extend(updates)
        if self._writer.ready and self._send():
            self._unsent = {}
            return
        waiting = sum(len(updates) for updates in self._unsent.values())
        if waiting > UNSENT_LIMIT:
            metrics.UPDATES_DROPPED.inc(waiting)
            self._unsent = {}

    def _send(self) -> bool:
        fields = {generation.bytes: packed(each) for generation, each in self._unsent.items()}
        return self._writer.add({WRITTEN_BY: self._me, **fields})

    def _hear(self, entries: list[Entry]) -> None:
        if self._mirror is None:
            return
        batch: dict[UUID, list[Update]] = {}
        for _, fields in entries:
            if fields.pop(WRITTEN_BY, b"") == self._me:
                continue
            for name, value in fields.items():
                if len(name) == _A_GENERATION:
                    batch.setdefault(UUID(bytes=name), []).extend(unpacked(value))
        self._mirror.append(batch)


def packed(updates: list[Update]) -> bytes:
    """A line for each update. Frames are JSON, which has no tabs and no line ends of its own."""
    return "\n".join(
        f"{update.seq}\t{update.frame}\t{update.behind}\t{'.' if update.last else ''}"
        for update in updates
    ).encode()


def unpacked(value: bytes) -> list[Update]:
    """What a newer version writes behind the fourth part of a line is left alone (R99)."""
    updates = []
    for line in value.decode().split("\n"):
        seq, frame, behind, last, *_ = line.split("\t")
        updates.append(Update(int(seq), frame, bool(last), behind))
    return updates
