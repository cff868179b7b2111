"""Replies that tests have put in line for the next calls."""

import threading
from dataclasses import dataclass

from .history import Call
from .steps import Reply


@dataclass(slots=True)
class _Entry:
    reply: Reply
    model: str | None
    match: str | None
    operation: str | None
    left: int


class Enqueued:
    """First in, first out, among those that fit a call; safe to use from any thread."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def put(
        self,
        reply: Reply,
        *,
        model: str | None,
        match: str | None,
        operation: str | None,
        times: int,
    ) -> None:
        with self._lock:
            self._entries.append(_Entry(reply, model, match, operation, times))

    def take(self, call: Call, *, only_bound: bool) -> Reply | None:
        """The first reply that fits; `only_bound`: only what names an operation or a text."""
        with self._lock:
            for entry in self._entries:
                if _fits(entry, call, only_bound=only_bound):
                    return self._use(entry)
        return None

    def take_for_operation(self, call: Call) -> Reply | None:
        """The first reply that names this call's operation, among those that fit."""
        with self._lock:
            for entry in self._entries:
                if entry.operation is not None and _fits(entry, call, only_bound=True):
                    return self._use(entry)
        return None

    def _use(self, entry: _Entry) -> Reply:
        entry.left -= 1
        if entry.left == 0:
            self._entries.remove(entry)
        return entry.reply

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def _fits(entry: _Entry, call: Call, *, only_bound: bool) -> bool:
    return (
        entry.model in (None, call.model_id)
        and entry.operation in (None, call.operation)
        and (entry.match is None or entry.match in call.last_user_text)
        and not (only_bound and entry.operation is None and entry.match is None)
    )
