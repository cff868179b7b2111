"""A conversation as it is shown: rows turned into the items of page, review and HTTP API.

An item is a dictionary: ``uuid``, ``parent`` (the uuid of a message, or None), ``role``, ``text``,
``reasoning``, ``attachments`` (as `Attachment.described` gives them), ``status``, ``created_at`` (a
datetime), ``generation`` (None, or ``id``, ``model``, ``attempt``, ``seq`` and the fields of
``finished``) and ``siblings`` (None, or ``index`` from 1, ``count``, ``previous`` and ``next``,
which are uuids or None), ``pinned``, ``feedback`` (None, or ``rating``, ``reasons`` and ``comment``
of the conversation's owner), and in a thread ``view`` (see ``conversations/view.py``).
Every id in it is a string.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from conversations.branches import Tree
from conversations.models import Feedback
from conversations.outcomes import finished_fields
from conversations.view import mark

if TYPE_CHECKING:
    from conversations.models import Conversation, Generation, Message

Item = dict[str, Any]


class Transcript:
    """The whole tree of one conversation, read in three queries; in four while it is answered."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        # Before the messages: of what has ended by now, the text that is read next is the last.
        generations = list(conversation.generations.all())
        messages = {message.id: message for message in conversation.messages.all()}
        self._runs: dict[int, list[Generation]] = defaultdict(list)
        self._note(generations)
        self._settle(messages)
        # Nobody but its owner may rate what is answered in it.
        ratings = Feedback.objects.filter(message__conversation=conversation)
        self._ratings = {row.message_id: row.described() for row in ratings}
        self.tree = Tree(messages.values())
        self._by_uuid = {message.uuid: message for message in messages.values()}
        self._uuids = {message.id: str(message.uuid) for message in messages.values()}

    @property
    def newest(self) -> str | None:
        """The uuid of the message that was written last, on whatever branch."""
        return str(self.tree.newest.uuid) if self.tree.newest else None

    def find(self, uuid: UUID) -> Message | None:
        return self._by_uuid.get(uuid)

    def thread(self, through: Message | None = None, *, most: int | None = None) -> list[Item]:
        """The branch through a message, or the one that was written last.

        `most`: no more than its last messages, and those from the one that was asked for on.
        """
        path = self.tree.thread(through)
        if most is not None and len(path) > most:
            asked = path.index(through) if through else len(path)
            path = path[min(asked, len(path) - most) :]
        items = [self.item(message) for message in path]
        mark(items)
        return items

    def everything(self) -> list[Item]:
        """All branches, in the order in which the messages were written."""
        return [self.item(message) for message in self.tree.messages]

    def item(self, message: Message) -> Item:
        generation = self._latest(message)
        return {
            "uuid": str(message.uuid),
            "parent": self._uuids[message.parent_id] if message.parent_id else None,
            "role": message.role,
            "text": message.text,
            "reasoning": message.reasoning,
            "attachments": message.attached or [],
            "pinned": message.pinned,
            "status": generation.status if generation else "complete",
            "created_at": message.created_at,
            "generation": _described(generation) if generation else None,
            "siblings": self._siblings(message),
            "feedback": self._ratings.get(message.id),
        }

    def _siblings(self, message: Message) -> dict[str, Any] | None:
        family = self.tree.siblings(message)
        if family.count < 2:
            return None
        return {
            "index": family.index,
            "count": family.count,
            "previous": str(family.previous.uuid) if family.previous else None,
            "next": str(family.next.uuid) if family.next else None,
        }

    def runs(self, uuid: str) -> list[dict[str, Any]]:
        """All generations that wrote a message, the first one first."""
        runs = self._runs[self._by_uuid[UUID(uuid)].id]
        return [{**_described(run), "withdrawn": run.withdrawn} for run in runs]

    def _latest(self, message: Message) -> Generation | None:
        runs = self._runs.get(message.id)
        return runs[-1] if runs else None

    def _note(self, generations: list[Generation]) -> None:
        # Only the last can be live, whatever the clock said when they began.
        for row in sorted(generations, key=lambda row: (row.is_live, row.created_at)):
            if row.message_id is not None:
                self._runs[row.message_id].append(row)

    def _settle(self, messages: dict[int, Message]) -> None:
        """Let text and number of an answer that is being written be of the same checkpoint.

        A client goes on from that number: were the text older, words would be missing, were it
        newer, they would come twice. One statement sees both at one moment.
        """
        moving = [message.id for message in messages.values() if self._is_moving(message)]
        if moving:
            rows = self.conversation.generations.filter(message__in=moving)
            again = list(rows.select_related("message"))
            for key in moving:
                self._runs.pop(key, None)
            self._note(again)
            messages.update({row.message.id: row.message for row in again if row.message})
        for key, runs in self._runs.items():
            for run in runs:
                run.message = messages.get(key)

    def _is_moving(self, message: Message) -> bool:
        """It is being written, or began to be after the generations were read."""
        latest = self._latest(message)
        return latest.is_live if latest else message.role == "assistant"


def _described(generation: Generation) -> dict[str, Any]:
    return {
        "id": str(generation.pk),
        "model": generation.model,
        "attempt": generation.attempt,
        "seq": generation.seq,
        **finished_fields(generation),
    }
