"""What the commands of a socket do in the database: plain functions, run in a thread.

Each begins by asking who the person is *now*, and reaches rows only through what that person owns.
They raise ``Refused`` for the person and ``SessionEnded`` for the socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations import presets, turns
from conversations.attachments import limits
from conversations.languages import number
from conversations.models import Attachment, BedrockModel, Conversation, Generation, Message, User
from conversations.presets import Beginning
from conversations.querysets import LIVE
from conversations.refusals import Refused, not_found
from conversations.turns import Turn
from streaming import metrics, protocol, visitors
from streaming.catalogued import model_of
from streaming.context import TooLong
from streaming.history import check_fits
from streaming.protocol import Update
from streaming.stored import Begun, begun_in, begun_with, finished_of
from streaming.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Followed:
    """A conversation as it stands. ``streams``: generation and cursor to catch up from."""

    newest: str | None
    begun: Begun
    live: list[dict[str, Any]]
    streams: list[tuple[UUID, int]]


def follow(visitor: Visitor, command: protocol.Follow) -> Followed:
    user = visitors.require(visitor)
    return _follow(_conversation(user, command.conversation), command.cursors)


def resume(visitor: Visitor, conversation: UUID, generation: UUID, seq: int) -> Followed:
    """A conversation from the last update that was seen of it, of which generation ever.

    What has begun since then counts as not told yet.
    """
    user = visitors.require(visitor)
    found = _conversation(user, conversation)
    last = Generation.objects.filter(conversation=found, pk=generation).first()
    if last is None:
        return _follow(found, {})
    unseen = last.is_live or last.seq != seq
    return replace(
        _follow(found, {}), begun=begun_with(last), streams=[(last.pk, seq)] if unseen else []
    )


def _follow(conversation: Conversation, cursors: protocol.Cursors) -> Followed:
    # Before all else: what begins while this reads is not told yet, and will be, perhaps twice.
    begun = begun_in([conversation.pk]).get(conversation.pk, Begun())
    newest = conversation.messages.order_by("-id").first()
    generations = Generation.objects.filter(conversation=conversation).select_related("message")
    live = [generation for generation in generations.live() if generation.message]
    for row in live:
        # It began between the two queries: its message is the newest, or nobody would tell of it.
        if row.message and (newest is None or row.message.id > newest.id):
            newest = row.message
    ended = list(generations.exclude(pk__in=[row.pk for row in live]).filter(pk__in=cursors))
    streams = [(row.pk, cursors.get(row.pk, 0)) for row in live]
    # A cursor beyond the end is caught up too: a hard kill can have cost what it points at.
    streams += [
        (row.pk, cursors[row.pk]) for row in ended if row.message and cursors[row.pk] != row.seq
    ]
    return Followed(
        newest=str(newest.uuid) if newest else None,
        begun=replace(begun, continued=begun.continued - _went_on_since(ended, cursors)),
        live=[
            {"message": str(row.message.uuid), "generation": str(row.pk), "seq": row.seq}
            for row in live
            if row.message
        ],
        streams=streams,
    )


def _went_on_since(seen: list[Generation], cursors: protocol.Cursors) -> set[UUID]:
    """What continued answers that a client saw the end of, and has ended too: nothing else tells.

    A new message is told by ``newest`` and what still runs by ``live``.
    """
    last_seen: dict[int | None, datetime] = {}
    for row in seen:
        last_seen[row.message_id] = max(
            row.created_at, last_seen.get(row.message_id, row.created_at)
        )
    if not last_seen:
        return set()
    later = Generation.objects.filter(message__in=last_seen, command="continue").exclude(
        Q(status__in=LIVE) | Q(pk__in=cursors)
    )
    rows = later.values_list("pk", "message_id", "created_at")
    return {pk for pk, message, created_at in rows if created_at > last_seen[message]}


def send(visitor: Visitor, command: protocol.Send, body: dict[str, Any]) -> Turn:
    user, digest = visitors.require(visitor), turns.digest_of(body)
    return _once(user, command.key, digest, lambda: _send(user, command, digest))


def _send(user: User, command: protocol.Send, digest: str) -> Turn:
    if len(command.text) > settings.MAX_MESSAGE_CHARACTERS:
        limit = settings.MAX_MESSAGE_CHARACTERS
        raise Refused(
            "too_large",
            _("The message has %(count)s characters; %(most)s are allowed.")
            % {"count": number(len(command.text)), "most": number(limit)},
        )
    conversation = None if command.is_new else _conversation(user, command.conversation)
    attached = limits.own(user, command.attachments)
    begins = _begins(user, command, conversation)
    if attached:
        limits.check(attached, model_of(begins.model))
    _check_fits(command.text, attached, begins)
    return turns.begin_turn(
        user,
        turns.Send(
            key=command.key,
            text=command.text,
            digest=digest,
            conversation=conversation.pk if conversation else None,
            parent=command.parent if command.names_parent else turns.NEWEST,
            attachments=tuple(each.pk for each in attached),
            **asdict(begins),
        ),
    )


def _begins(user: User, command: protocol.Send, conversation: Conversation | None) -> Beginning:
    """With what the next answer is written: asked for, or what the conversation has."""
    if conversation is None:
        given = command.options.model_dump(exclude_none=True) if command.options else {}
        return presets.beginning(user, model=command.model, **given)
    model = BedrockModel.objects.choose(user, command.model or conversation.model)
    return Beginning(model, conversation.system_prompt, conversation.options)


def regenerate(visitor: Visitor, command: protocol.Regenerate, body: dict[str, Any]) -> Turn:
    user, digest = visitors.require(visitor), turns.digest_of(body)

    def begin() -> Turn:
        model = _model_for(user, command.message, command.model)
        return turns.begin_answer(
            user, key=command.key, digest=digest, message=command.message, model=model
        )

    return _once(user, command.key, digest, begin)


def continue_(visitor: Visitor, command: protocol.Continue, body: dict[str, Any]) -> Turn:
    user, digest = visitors.require(visitor), turns.digest_of(body)

    def begin() -> Turn:
        _model_for(user, command.message, None)
        return turns.begin_continuation(
            user, key=command.key, digest=digest, message=command.message
        )

    return _once(user, command.key, digest, begin)


def _model_for(user: User, message: UUID, asked: str | None) -> str:
    """The model for another answer here: the conversation's, unless another one is asked for."""
    found = Message.objects.owned_by(user).filter(uuid=message)
    row = found.values_list("conversation__model", "parent__attached").first()
    if row is None:
        raise not_found("message")
    model = BedrockModel.objects.choose(user, asked or row[0])
    if row[1]:
        # What is further up is told of in words; an answer about what it cannot see is none (R73).
        rows = Attachment.objects.owned_by(user).filter(pk__in=[each["id"] for each in row[1]])
        limits.check(list(rows), model_of(model))
    return model


def find_answer(visitor: Visitor, command: protocol.Stop) -> UUID:
    """The generation that writes, or last wrote, an answer of the person's."""
    user = visitors.require(visitor)
    generation = (
        Generation.objects.owned_by(user)
        .filter(message__uuid=command.message)
        .order_by("-created_at")
        .values_list("pk", flat=True)
        .first()
    )
    if generation is None:
        raise not_found("answer")
    return generation


def stop(visitor: Visitor, generation_id: UUID) -> Update | None:
    """Ask a generation to stop; its ``finished`` where it had ended already."""
    user = visitors.require(visitor)
    generation = Generation.objects.owned_by(user).filter(pk=generation_id).first()
    if generation is None:
        raise not_found("answer")
    if generation.is_live and generation.ask_to_stop():
        return None
    generation.refresh_from_db()
    return finished_of(generation)


def _once(user: User, key: UUID, digest: str, begin: Callable[[], Turn]) -> Turn:
    """What a command begins, or what the same one began, whatever refuses it by now (R2).

    Nearly every command is new, and its key is unique: what it began is looked for after a refusal.
    """
    try:
        _check_rate(user)
        turn = begin()
    except Refused:
        earlier = turns.repeated(user, key, digest)
        if earlier is None:
            raise
        turn = earlier
    if turn.repeated:
        metrics.DUPLICATES.labels(turn.generation.command).inc()
    return turn


def _check_rate(user: User) -> None:
    live = Generation.live_of(user)
    if live >= settings.MAX_LIVE_PER_PERSON:
        detail = ngettext(
            "%(count)s answer is being written for you; wait until it is done.",
            "%(count)s answers are being written for you; wait until some are done.",
            live,
        ) % {"count": live}
        raise Refused("rate_limited", detail, retry_after=5)


def _conversation(user: User, conversation: UUID) -> Conversation:
    found = Conversation.objects.owned_by(user).filter(pk=conversation).first()
    if found is None:
        raise not_found()
    return found


def _check_fits(text: str, attached: list[Attachment], begins: Beginning) -> None:
    asked: dict[str, Any] = {"system_prompt": begins.system_prompt, "options": begins.options}
    try:
        check_fits(text, model_id=begins.model, attachments=attached, **asked)
    except TooLong as error:
        if not error.limit:
            detail = _("The system prompt leaves no room for a message in this model. Shorten it.")
            raise Refused("too_long", detail) from None
        raise Refused(
            "too_long",
            _("The message has about %(count)s tokens; %(most)s fit into this model.")
            % {"count": number(error.message_tokens), "most": number(error.limit)},
        ) from None
