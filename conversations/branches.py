"""The tree of a conversation and the paths through it.

A conversation is small enough to be read whole: ids, parents and order come in one query, and
every question about branches is answered from memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conversations.models import Message


@dataclass(frozen=True, slots=True)
class Siblings:
    """Where a message stands among the answers to the same question; index counts from 1."""

    index: int
    count: int
    previous: Message | None
    next: Message | None


class Tree:
    """The messages of one conversation, in the order of their keys."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages = sorted(messages, key=lambda message: message.id)
        self._by_id = {message.id: message for message in self.messages}
        self._children: dict[int | None, list[Message]] = defaultdict(list)
        for message in self.messages:
            self._children[message.parent_id].append(message)

    @property
    def newest(self) -> Message | None:
        return self.messages[-1] if self.messages else None

    def ancestors(self, message: Message) -> list[Message]:
        """From the first message down to the parent of this one."""
        path = []
        parent = self._by_id.get(message.parent_id) if message.parent_id else None
        while parent is not None:
            path.append(parent)
            parent = self._by_id.get(parent.parent_id) if parent.parent_id else None
        return path[::-1]

    def thread(self, through: Message | None = None) -> list[Message]:
        """The branch through a message, or the one that was written last."""
        through = through or self.newest
        if through is None:
            return []
        path = [*self.ancestors(through), through]
        while self._children[path[-1].id]:
            path.append(self._newest_branch(self._children[path[-1].id]))
        return path

    def siblings(self, message: Message) -> Siblings:
        family = self._children[message.parent_id]
        place = family.index(message)
        return Siblings(
            index=place + 1,
            count=len(family),
            previous=family[place - 1] if place else None,
            next=family[place + 1] if place + 1 < len(family) else None,
        )

    def _newest_branch(self, family: list[Message]) -> Message:
        """Of several answers the one below which somebody wrote last."""
        if len(family) == 1:
            return family[0]
        return max(family, key=self._last_id)

    def _last_id(self, message: Message) -> int:
        last = message.id
        waiting = [message]
        while waiting:
            for child in self._children[waiting.pop().id]:
                last = max(last, child.id)
                waiting.append(child)
        return last
