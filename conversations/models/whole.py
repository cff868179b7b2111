"""A generation with what it needs to be run or titled, read by one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Model

from conversations.statements import key_of, read

if TYPE_CHECKING:
    from conversations.models.generation import Generation

WHOLE = (
    "SELECT {g}, {m}, {q}, {c}, {o} FROM conversations_generation g "
    "LEFT JOIN conversations_message m ON m.id = g.message_id "
    "LEFT JOIN conversations_message q ON q.id = m.parent_id "
    "LEFT JOIN conversations_conversation c ON c.id = g.conversation_id "
    "LEFT JOIN conversations_user o ON o.id = c.owner_id "
    "WHERE g.id = %s"
)


def whole(generation_id: UUID) -> Generation | None:
    """With its message, the question above it, its conversation and whose that is."""
    from conversations.models import Conversation, Generation, Message, User

    tables: dict[str, type[Model]] = {
        "g": Generation,
        "m": Message,
        "q": Message,
        "c": Conversation,
        "o": User,
    }
    rows = read(WHOLE, [key_of(Generation, generation_id)], **tables)
    if not rows:
        return None
    generation, message, question, conversation, owner = rows[0]
    _attach(generation, "message", message)
    _attach(generation, "conversation", conversation)
    if message is not None:
        _attach(message, "parent", question)
    if conversation is not None:
        _attach(conversation, "owner", owner)
    found: Generation = generation
    return found


def _attach(row: Model, name: str, other: Model | None) -> None:
    row._meta.get_field(name).set_cached_value(row, other)  # type: ignore[union-attr]
