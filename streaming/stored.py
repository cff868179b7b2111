"""What the database says to a socket: what has begun, how far it is, and what has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Q
from django.utils import timezone

from conversations.models import Conversation, Generation, Message
from conversations.outcomes import finished_fields
from conversations.querysets import LIVE, GenerationQuerySet
from conversations.refusals import not_found
from conversations.statements import key_of, read
from conversations.turns import Turn
from streaming import visitors
from streaming.bedrock.call import METADATA_WAIT
from streaming.ending import USAGE_PATIENCE
from streaming.protocol import Encoder, Update
from streaming.visitors import Visitor

# The model reports it within seconds of its last word, or never (R77); then it is written.
USAGE_DUE = timedelta(seconds=METADATA_WAIT + USAGE_PATIENCE)

# Asked three times for each answer, by each tab of its owner's.
AS_NOW = (
    "SELECT {c}, EXISTS (SELECT 1 FROM conversations_generation g "
    "WHERE g.conversation_id = c.id AND g.status IN ('pending', 'streaming')) AS running "
    "FROM conversations_conversation c WHERE c.id = %s AND c.owner_id = %s"
)


@dataclass(frozen=True, slots=True)
class Begun:
    """How far a conversation has come: its newest message, and what continued an older one."""

    newest: int = 0
    continued: frozenset[UUID] = frozenset()

    def __or__(self, other: Begun) -> Begun:
        return Begun(max(self.newest, other.newest), self.continued | other.continued)

    @classmethod
    def of(cls, turn: Turn) -> Begun:
        continued = {turn.generation.pk} if turn.generation.command == "continue" else set()
        return cls(turn.assistant_message.id, frozenset(continued))


@dataclass(frozen=True, slots=True)
class Stored:
    """A generation as the database has it: what a socket is told when the log cannot serve."""

    snapshot: Update
    finished: Update | None


def stored(generation_id: UUID) -> Stored | None:
    """A generation as it is stored; None when it or its message is gone."""
    generation = (
        Generation.objects.filter(pk=generation_id)
        .select_related("message", "conversation")
        .first()
    )
    if generation is None or generation.message is None or generation.conversation is None:
        return None
    if generation.conversation.deleted_at is not None:
        return None
    return as_stored(generation)


def turns_after(visitor: Visitor, conversation: UUID, told: Begun) -> list[Turn]:
    """What began in a conversation and was not told yet, in order."""
    user = visitors.require(visitor)
    return _turns(Generation.objects.owned_by(user).filter(conversation=conversation), told)


def turns_between(turn: Turn, told: Begun) -> list[Turn]:
    """What began before a turn that has just begun, and was not told yet."""
    if turn.user_message.parent_id == told.newest:
        return []  # the usual case: asked below the newest message that there was
    others = Generation.objects.filter(conversation=turn.conversation)
    return _turns(others.exclude(pk=turn.generation.pk), told)


def _turns(generations: GenerationQuerySet, told: Begun) -> list[Turn]:
    new = Q(message_id__gt=told.newest) | (Q(command="continue") & ~Q(pk__in=told.continued))
    began = (
        generations.filter(new)
        .select_related("conversation", "message__parent__parent")
        .order_by("message_id", "created_at")
    )
    return [
        Turn(row.conversation, row.message.parent, row.message, row)
        for row in began
        if row.message and row.message.parent and row.conversation
    ]


def begun_in(conversations: Iterable[UUID]) -> dict[UUID, Begun]:
    """What has begun in each conversation; two queries for a whole process."""
    wanted = list(conversations)
    continued: dict[UUID, set[UUID]] = {}
    rows = Generation.objects.filter(conversation__in=wanted, command="continue")
    for conversation, generation in rows.values_list("conversation_id", "pk"):
        if conversation is not None:
            continued.setdefault(conversation, set()).add(generation)
    newest = (
        Message.objects.filter(conversation__in=wanted)
        .order_by()
        .values_list("conversation_id")
        .annotate(Max("id"))
    )
    return {
        conversation: Begun(message_id, frozenset(continued.get(conversation, ())))
        for conversation, message_id in newest
    }


def begun_with(generation: Generation) -> Begun:
    """What had begun in its conversation when this generation began."""
    earlier = Generation.objects.filter(
        Q(pk=generation.pk) | Q(created_at__lt=generation.created_at),
        conversation=generation.conversation_id,
    )
    continued = earlier.filter(command="continue").values_list("pk", flat=True)
    if generation.command == "continue":
        newest = earlier.aggregate(newest=Max("message_id"))["newest"]
    else:
        newest = generation.message_id
    return Begun(newest or 0, frozenset(continued))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the record of a generation is: the number of its last checkpoint, or of its end."""

    seq: int
    ended: bool


def progress_of(generations: Iterable[UUID]) -> dict[UUID, Progress]:
    """One query for a whole process."""
    rows = Generation.objects.filter(pk__in=list(generations))
    return {
        generation: Progress(seq, status not in LIVE)
        for generation, seq, status in rows.values_list("pk", "seq", "status")
    }


def conversation_fields(
    visitor: Visitor, conversation: UUID, names: Iterable[str]
) -> dict[str, Any] | None:
    """The named fields of a ``conversation`` update as they are now; None when it is gone.

    The session is not asked for: this is no command, and an ended one closes its socket soon.
    """
    rows = read(AS_NOW, [key_of(Conversation, conversation), visitor.user_id], c=Conversation)
    if not rows:
        return None
    row, running = rows[0]
    values = {
        "title": row.title,
        "pinned": row.pinned,
        "archived": row.archived,
        "unread": row.unread,
        "deleted": row.deleted_at is not None,
        "model": row.model,
        "system_prompt": row.system_prompt,
        "options": row.options,
        "summary": row.summary,
        "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
        "running": bool(running),
    }
    if "pins" in names:
        values["pins"] = [str(uuid) for uuid in Message.objects.filter(conversation=row).pinned()]
    told = {name: values[name] for name in names if name in values}
    # Whoever keeps a list has to know that it does not belong there, whatever changed.
    return {**told, "temporary": True} if row.temporary else told


def as_stored(generation: Generation) -> Stored:
    """A complete answer whose usage is still on its way is not told as finished.

    An end is told once, and what it told without its usage would stay without until a reload.
    """
    ended = not generation.is_live
    seq = max(0, generation.seq - 1) if ended else generation.seq
    snapshot = _encoder(generation).snapshot(
        seq,
        text=_message(generation).text,
        reasoning=_message(generation).reasoning,
        status=generation.status,
    )
    told = ended and not _awaits_usage(generation)
    return Stored(snapshot, finished_of(generation) if told else None)


def finished_of(generation: Generation) -> Update:
    """The end of a generation that has ended."""
    return _encoder(generation).finished(generation.seq, finished_fields(generation))


def _awaits_usage(generation: Generation) -> bool:
    if generation.status != Generation.Status.COMPLETE or generation.output_tokens is not None:
        return False
    return generation.ended_at is not None and timezone.now() < generation.ended_at + USAGE_DUE


def _encoder(generation: Generation) -> Encoder:
    message = _message(generation)
    if generation.conversation_id is None:
        raise not_found("answer")
    return Encoder(
        conversation=generation.conversation_id, message=message.uuid, generation=generation.pk
    )


def _message(generation: Generation) -> Message:
    if generation.message is None:
        raise not_found("answer")
    return generation.message
