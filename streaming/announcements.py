"""What a socket is told of without having asked: turns of other tabs, changed conversations.

Announcements come over their person's group of the channel layer, carry ids only, and may be lost,
late or doubled; what is told is read from the database then. Telling is a job in the socket's own
queue, so it is in order with the answers to its commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from conversations.turns import Turn
from streaming import stored
from streaming.following import Follower
from streaming.protocol import encode
from streaming.visitors import Visitor

AGAIN = 1.0  # seconds until the database is asked again after it was away

Job = Callable[[], Awaitable[None]]


class Announcements:
    """``queue`` takes a job of the socket, ``database`` runs a function in a thread.

    ``in_order``: a turn is told only after all updates of those before it.
    """

    def __init__(
        self,
        visitor: Visitor,
        follower: Follower,
        *,
        queue: Callable[[Job], None],
        database: Callable[..., Awaitable[Any]],
        in_order: bool = False,
    ) -> None:
        self._in_order = in_order
        self._visitor = visitor
        self._follower = follower
        self._queue = queue
        self._database = database
        # Waiting to be told; what is announced twice meanwhile is told once, as it is then.
        self._looking: dict[UUID, set[UUID | None]] = {}
        self._changed: dict[UUID, set[str]] = {}

    def look_for_turns(self, conversation: UUID, began: UUID | None = None) -> None:
        """``began``: the generation that is said to have begun; None: whatever has."""
        waiting = conversation in self._looking
        self._looking.setdefault(conversation, set()).add(began)
        if not waiting:
            self._queue(partial(self._tell_new_turns, conversation))

    def conversation_changed(self, conversation: UUID, fields: list[str]) -> None:
        waiting = conversation in self._changed
        self._changed.setdefault(conversation, set()).update(fields)
        if not waiting:
            self._queue(partial(self._tell_conversation, conversation))

    async def tell_turns(self, began: list[Turn]) -> None:
        """Turns that this socket does not know of, in order; it follows their conversations."""
        for turn in began:
            if self._in_order:
                await self._follower.delivered()
            conversation, generation = turn.conversation.pk, turn.generation
            self._follower.follow(conversation, stored.Begun.of(turn))
            await self._follower.tell(encode("accepted", **turn.accepted()))
            if not self._follower.knows(generation.pk):
                self._follower.attach(conversation, generation.pk, fresh=generation.is_live)

    async def _tell_new_turns(self, conversation: UUID) -> None:
        said = self._looking.pop(conversation)
        # Looked at now, and not when it was heard: a command that was waiting then may have begun
        # it, or have begun to follow its conversation.
        told = self._follower.conversations.get(conversation)
        if told is None or all(each and self._follower.knows(each) for each in said):
            return
        began = await self._database(stored.turns_after, self._visitor, conversation, told)
        await self.tell_turns(began)

    async def _tell_conversation(self, conversation: UUID) -> None:
        names = sorted(self._changed.pop(conversation))
        try:
            fields = await self._database(
                stored.conversation_fields, self._visitor, conversation, names
            )
        except (DatabaseError, InterfaceError):
            # Nothing else would find it again: the same news once more, a little later.
            asyncio.get_running_loop().call_later(
                AGAIN, self.conversation_changed, conversation, names
            )
            raise
        if fields:
            update = encode("conversation", conversation=str(conversation), **fields)
            await self._follower.tell(update)
