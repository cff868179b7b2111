"""How a turn begins: user message, assistant message and generation in one transaction.

Nothing is promised to anybody before that transaction is committed; afterwards the ``pending``
row is the promise, and whoever runs generations will find it (R1, R2, R15).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from conversations.models import (
    Attachment,
    Conversation,
    Generation,
    Message,
    MessageAttachment,
    User,
)
from conversations.models.conversation import TEMPORARY_FOR, UNTITLED
from conversations.outcomes import finished_fields
from conversations.refusals import Refused, busy, not_found
from conversations.statements import insert
from conversations.writing import write


class _Newest:
    """The value of ``parent`` that means: below the newest message."""


NEWEST: Final = _Newest()
Parent = uuid.UUID | None | _Newest


@dataclass(frozen=True, slots=True)
class Turn:
    """What a command started, or what the same command had started before (``repeated``)."""

    conversation: Conversation
    user_message: Message
    assistant_message: Message
    generation: Generation
    repeated: bool = False

    def accepted(self) -> dict[str, Any]:
        """The fields of ``accepted``; ``user_message`` is null unless the command wrote it."""
        wrote = self.generation.command == "send"
        above = self.user_message.parent if wrote else self.user_message
        return {
            "key": str(self.generation.key),
            "conversation": str(self.conversation.pk),
            "user_message": str(self.user_message.uuid) if wrote else None,
            "assistant_message": str(self.assistant_message.uuid),
            "generation": str(self.generation.pk),
            "parent": str(above.uuid) if above else None,
            "text": self.user_message.text,
            "attachments": self.user_message.attached or [],
            "created_at": self.user_message.created_at.isoformat().replace("+00:00", "Z"),
        }


@dataclass(frozen=True, slots=True)
class Send:
    """A person's words, cleaned and checked. ``model`` and ``options`` are allowed ones."""

    key: uuid.UUID
    text: str
    digest: str
    model: str
    conversation: uuid.UUID | None = None
    parent: Parent = NEWEST
    # The person's own, checked against what the model takes, in the order in which they are shown.
    attachments: tuple[uuid.UUID, ...] = ()
    # Of a new conversation only.
    system_prompt: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    preset: uuid.UUID | None = None
    temporary: bool = False


def digest_of(command: dict[str, Any]) -> str:
    """What the same key must come with again: the command without its ``ref``."""
    body = {name: value for name, value in command.items() if name != "ref"}
    return hashlib.sha256(
        json.dumps(body, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")
    ).hexdigest()


def repeated(user: User, key: uuid.UUID, digest: str) -> Turn | None:
    """The turn that this key began, if any; a key that named another command is refused."""
    generation = (
        Generation.objects.filter(asked_by=user, key=key)
        .select_related("conversation", "message__parent__parent")
        .first()
    )
    if generation is None:
        return None
    conversation, message = generation.conversation, generation.message
    if conversation is None or message is None:
        raise not_found()  # for good, and with it what the command said
    if generation.digest != digest:
        raise Refused("malformed", _("This key was used for another command."))
    if conversation.deleted_at is not None:
        raise not_found()
    question = message.parent
    if question is None:
        raise not_found()
    return Turn(conversation, question, message, generation, repeated=True)


def begin_turn(user: User, send: Send) -> Turn:
    """Store what a person sent and promise its answer; a new conversation where none is named.

    Raises ``Refused`` (not_found, busy, conflict, malformed) and then has changed nothing.
    """

    def begin() -> Turn:
        conversation = _conversation_for(user, send)
        parent = _parent_for(conversation, send.parent) if send.conversation else None
        question = Message(
            conversation=conversation, parent=parent, role=Message.Role.USER, text=send.text
        )
        attached = _attached(user, send.attachments)
        question.attached = [each.described() for each in attached] or None
        insert(question)
        MessageAttachment.enclose(question, attached)
        answer = Message(conversation=conversation, parent=question, role=Message.Role.ASSISTANT)
        insert(answer)
        new = send.conversation is None
        return _promise(answer, user, send.key, "send", send.digest, send.model, new=new)

    return _once(user, send.key, send.digest, begin)


def begin_answer(
    user: User, *, key: uuid.UUID, digest: str, message: uuid.UUID, model: str | None
) -> Turn:
    """Promise another answer beside an existing one (``regenerate``)."""

    def begin() -> Turn:
        old = _answer(user, message)
        answer = Message(
            conversation=old.conversation, parent=old.parent, role=Message.Role.ASSISTANT
        )
        insert(answer)
        chosen = model or old.conversation.model
        return _promise(answer, user, key, "regenerate", digest, chosen)

    return _once(user, key, digest, begin)


def begin_continuation(user: User, *, key: uuid.UUID, digest: str, message: uuid.UUID) -> Turn:
    """Promise to go on with an answer that was cut off (``continue``): the same message grows."""

    def begin() -> Turn:
        answer = _answer(user, message)
        last = answer.generations.order_by("-created_at").first()
        if last is None or not _was_cut_off(last):
            raise Refused("conflict", _("Only an answer that was cut off can be continued."))
        return _promise(answer, user, key, "continue", digest, answer.conversation.model)

    return _once(user, key, digest, begin)


def _was_cut_off(generation: Generation) -> bool:
    return "continue" in finished_fields(generation)["actions"]


def _answer(user: User, message: uuid.UUID) -> Message:
    answer = (
        Message.objects.owned_by(user)
        .select_related("conversation", "parent__parent")
        .filter(uuid=message)
        .first()
    )
    if answer is None:
        raise not_found("message")
    if answer.role != Message.Role.ASSISTANT or answer.parent is None:
        raise Refused("conflict", _("This can be done with an answer only."))
    _locked(user, answer.conversation.pk)
    if Generation.objects.filter(conversation=answer.conversation).live().exists():
        raise busy()
    return answer


def _once(user: User, key: uuid.UUID, digest: str, begin: Any) -> Turn:
    """Run ``begin`` in a transaction; where this key has begun a turn already, that turn."""
    try:
        with write():
            turn: Turn = begin()
    except (IntegrityError, Refused) as error:
        # The same command won, on another socket or long ago; or another answer is being written.
        earlier = repeated(user, key, digest)
        if earlier is not None:
            return earlier
        if isinstance(error, Refused):
            raise
        raise busy() from None
    return turn


def _conversation_for(user: User, send: Send) -> Conversation:
    if send.conversation is None:
        conversation = Conversation(
            owner=user,
            title=UNTITLED,
            model=send.model,
            system_prompt=send.system_prompt,
            options=send.options,
            preset=send.preset,
            expires_at=timezone.now() + TEMPORARY_FOR if send.temporary else None,
        )
        insert(conversation)
        return conversation
    conversation = _locked(user, send.conversation)
    # Said before the constraint says it, so that the refusal does not depend on its name.
    if Generation.objects.filter(conversation=conversation).live().exists():
        raise busy()
    return conversation


def _locked(user: User, conversation: uuid.UUID) -> Conversation:
    """The conversation, for whoever begins a turn in it, one at a time.

    So the keys of its messages are in the order in which turns are committed (R36), and none
    begins while it is being deleted (R38). SQLite has one writer anyway.
    """
    rows = Conversation.objects.owned_by(user).select_for_update(no_key=True)
    found = rows.filter(pk=conversation).first()
    if found is None:
        raise not_found()
    return found


def _parent_for(conversation: Conversation, parent: Parent) -> Message | None:
    if parent is None:
        return None
    if isinstance(parent, _Newest):
        return conversation.messages.order_by("-id").first()
    found = conversation.messages.filter(uuid=parent).first()
    if found is None:
        raise not_found("message")
    if found.role != Message.Role.ASSISTANT:
        raise Refused("conflict", _("A message is written below an answer, not below a message."))
    return found


def _attached(user: User, ids: tuple[uuid.UUID, ...]) -> list[Attachment]:
    """The rows, held until the message has them: the purge takes none that is being sent."""
    if not ids:
        return []
    rows = Attachment.objects.owned_by(user).filter(pk__in=ids)
    found = {row.pk: row for row in rows.select_for_update(of=("self",))}
    if len(found) != len(ids):
        raise not_found("attachment")
    Attachment.objects.filter(pk__in=ids).update(sent_at=timezone.now())
    return [found[each] for each in ids]


def _promise(
    answer: Message,
    user: User,
    key: uuid.UUID,
    command: str,
    digest: str,
    model: str,
    *,
    new: bool = False,
) -> Turn:
    conversation, question = answer.conversation, answer.parent
    if question is None:
        raise Refused("conflict", _("An answer is written below a message."))
    generation = Generation(
        conversation=conversation,
        message=answer,
        asked_by=user,
        key=key,
        command=command,
        digest=digest,
        model=model,
        language=get_language() or "",
        base_text_length=len(answer.text),
        base_reasoning_length=len(answer.reasoning),
    )
    insert(generation)
    conversation.ask(generation, new=new)
    return Turn(conversation, question, answer, generation)
