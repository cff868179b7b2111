"""The calls that change something, but begin no answer: those are in ``streaming``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Status

from conversations.api.reading import person, router
from conversations.api.schemas import (
    ChangedConversation,
    ConversationItem,
    ErrorBody,
    NewConversation,
)
from conversations.models import BedrockModel, Conversation
from conversations.refusals import Refused, not_found
from conversations.text import clean_json

UNCHANGED = ChangedConversation()


@router.post(
    "/conversations",
    response={201: ConversationItem, **dict.fromkeys((401, 403, 413, 422), ErrorBody)},
)
def create(request: HttpRequest, new: NewConversation) -> Any:
    """A conversation without messages; send the first one to it."""
    owner = person(request)
    fields = _checked(new.model_dump(exclude={"title", "model"}))
    model = BedrockModel.objects.choose(owner, new.model)
    made = Conversation.begin(owner, title=new.title or "", model=model, **fields)
    return Status(201, Conversation.objects.filter(pk=made.pk).with_running().get())


@router.patch(
    "/conversations/{uuid:conversation_id}",
    response={200: ConversationItem, **dict.fromkeys((401, 403, 404, 413, 422), ErrorBody)},
)
def change(
    request: HttpRequest, conversation_id: UUID, wanted: ChangedConversation = UNCHANGED
) -> Any:
    """Change what a conversation is called, and how its next answers are written."""
    owner = person(request)
    rows = Conversation.objects.owned_by(owner).with_running()
    found = rows.filter(pk=conversation_id).first()
    if found is None:
        raise not_found()
    fields = _checked(wanted.model_dump(exclude_unset=True))
    if "model" in fields:
        BedrockModel.objects.choose(owner, fields["model"])
    try:
        found.change(**fields)
    except ValueError as error:
        raise Refused("malformed", str(error)) from None
    return found


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """What a person gave, cleaned, with the options that were given."""
    if len(fields.get("system_prompt", "")) > settings.MAX_MESSAGE_CHARACTERS:
        raise Refused("too_large", "The system prompt is longer than the server accepts.")
    cleaned: dict[str, Any] = clean_json(fields)
    if "options" in cleaned:
        given = cleaned["options"].items()
        cleaned["options"] = {name: value for name, value in given if value is not None}
    return cleaned
