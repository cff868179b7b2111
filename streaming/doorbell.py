"""Stopping an answer that another process writes: all that write hear of it at once.

A bell that nobody hears does no harm: the request is in the row, and whoever writes the answer sees
it there with its next checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from streaming.streams import Entry, Reader, Writer

KEY = "chat:stops"
LIMIT = 1_000
FORGOTTEN_SECONDS = 900
GENERATION = b"g"


class Doorbell:
    """``heard`` is called, in a thread of its own, with each generation that should stop."""

    def __init__(self, url: str, heard: Callable[[UUID], object]) -> None:
        self._writer = Writer(url, KEY, limit=LIMIT, forgotten_after=FORGOTTEN_SECONDS)
        self._heard = heard
        self._reader = Reader(url, KEY, self._hear)

    def start(self) -> None:
        self._reader.start()

    def stop(self) -> None:
        self._reader.stop()

    def ring(self, generation: UUID) -> None:
        self._writer.add({GENERATION: generation.bytes})

    def _hear(self, entries: list[Entry]) -> None:
        for _, fields in entries:
            self._heard(UUID(bytes=fields[GENERATION]))
