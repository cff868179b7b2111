"""What a tab shows of each message, and how far it has heard of each generation."""

from __future__ import annotations

import time
from typing import Any

from tests.faults.book import Book, Shown


class Screen:
    """``is_whole``: every gap is a violation; else only one within what a connection has told."""

    def __init__(self, name: str, book: Book, *, is_whole: bool) -> None:
        self.shown: dict[str, Shown] = {}
        self.cursors: dict[str, int] = {}
        self.here: set[str] = set()  # generations this connection has updates of
        self._name = name
        self._book = book
        self._is_whole = is_whole
        self._conversation_of: dict[str, str] = {}
        self._ended: set[str] = set()

    @property
    def live(self) -> list[str]:
        """Generations whose end has not been told."""
        return sorted(set(self.cursors) - self._ended)

    def cursors_of(self, conversation: str) -> dict[str, int]:
        """Of what has ended too: what went on with it meanwhile made no new message."""
        return {
            generation: seq
            for generation, seq in self.cursors.items()
            if self._conversation_of[generation] == conversation
        }

    def message(self, update: dict[str, Any]) -> Shown:
        message = update.get("message") or update["assistant_message"]
        shown = self.shown.setdefault(message, Shown(update["conversation"]))
        self.expect(update["conversation"], update["generation"])
        return shown

    def expect(self, conversation: str, generation: str) -> None:
        """There is such a generation: its updates and its end are to come."""
        self._conversation_of[generation] = conversation
        self.cursors.setdefault(generation, 0)

    def take(self, update: dict[str, Any]) -> bool:
        """A numbered update; False where something is missing before it."""
        generation, seq, kind = update["generation"], update["seq"], update["type"]
        last = self.cursors.get(generation, 0)
        if kind != "snapshot" and seq > last + 1:
            if self._is_whole or generation in self.here:
                self._book.complain(f"{self._name}: a gap: {last}, then {update}")
            return False
        if kind != "snapshot" and seq <= last:
            if kind == "finished":
                self._book.end(update)
            return True
        self.here.add(generation)
        self.cursors[generation] = seq
        shown = self.message(update)
        self._show(shown, update)
        shown.lengths.append((time.monotonic(), generation, len(shown.text)))
        expected = self._book.expected.get(update["message"])
        if expected is not None and not expected.startswith(shown.text):
            self._book.complain(f"{self._name} shows what was not answered: {shown.text} {update}")
        return True

    def _show(self, shown: Shown, update: dict[str, Any]) -> None:
        match update["type"]:
            case "snapshot":
                shown.text = update["text"]
            case "restarted":
                shown.text, shown.voided = "", True
            case "started":
                shown.text = ""
            case "delta" if update["kind"] == "text":
                shown.text += update["text"]
            case "finished":
                shown.status, shown.actions = update["status"], update["actions"]
                self._ended.add(update["generation"])
                self._book.end(update)
        shown.generation = update["generation"]
