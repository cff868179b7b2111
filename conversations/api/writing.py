"""The calls that change something, but begin no answer: those are in ``streaming``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema, Status

from conversations.api.reading import person, router
from conversations.api.schemas import (
    ChangedConversation,
    ConversationItem,
    ErrorBody,
    NewConversation,
)
from conversations.limits import check_limits, check_prompt
from conversations.models import BedrockModel, Conversation
from conversations.presets import beginning
from conversations.refusals import Refused, not_found
from conversations.text import clean, clean_json

UNCHANGED = ChangedConversation()


@router.post(
    "/conversations",
    response={201: ConversationItem, **dict.fromkeys((400, 401, 403, 404, 413, 422), ErrorBody)},
)
def create(request: HttpRequest, new: NewConversation) -> Any:
    """A conversation without messages; send the first one to it."""
    owner = person(request)
    given = new.options.model_dump(exclude_none=True)
    if new.system_prompt is not None:
        given["system_prompt"] = clean(new.system_prompt)
    begins = beginning(owner, model=new.model, **given)
    made = Conversation.begin(owner, title=new.title or "", **asdict(begins))
    return Status(201, Conversation.objects.filter(pk=made.pk).with_running().get())


@router.patch(
    "/conversations/{uuid:conversation_id}",
    response={200: ConversationItem, **dict.fromkeys((400, 401, 403, 404, 413, 422), ErrorBody)},
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
    fields = given_in(wanted)
    if "model" in fields:
        BedrockModel.objects.choose(owner, fields["model"])
    if "system_prompt" in fields:
        check_prompt(fields["system_prompt"])
    if "options" in fields:
        model = fields.get("model", found.model)
        check_limits(fields["options"], BedrockModel.objects.filter(pk=model).first())
    try:
        found.change(**fields)
    except ValueError as error:
        raise Refused("malformed", str(error)) from None
    return found


def given_in(wanted: Schema) -> dict[str, Any]:
    """What a person gave, cleaned, with the options that were given."""
    cleaned: dict[str, Any] = clean_json(wanted.model_dump(exclude_unset=True))
    if "options" in cleaned:
        given = cleaned["options"].items()
        cleaned["options"] = {name: value for name, value in given if value is not None}
    return cleaned
