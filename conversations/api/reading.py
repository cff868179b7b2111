"""The calls that read. Like the socket they reach rows only through what a person owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from conversations.api.schemas import (
    ConversationPage,
    ConversationWhole,
    ErrorBody,
    Me,
    ModelList,
)
from conversations.models import BedrockModel, Conversation, Message
from conversations.paging import BadCursor, page
from conversations.querysets import REVIEW_PERMISSION
from conversations.refusals import Refused, not_found
from conversations.search import words
from conversations.search.finding import Search
from conversations.transcript import Item, Transcript

if TYPE_CHECKING:
    from conversations.models import User

router = Router(tags=["reading"])


def person(request: HttpRequest) -> User:
    """Whom the authoriser let in."""
    user: User = request.auth  # type: ignore[attr-defined]  # set by ninja
    return user


@router.get("/me", response={200: Me, 401: ErrorBody}, url_name="me")
def me(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in."""
    user = person(request)
    permissions = [REVIEW_PERMISSION] if user.has_perm(REVIEW_PERMISSION) else []
    return {
        "id": user.public_id,
        "name": user.display_name,
        "email": user.email,
        "permissions": [*permissions, "admin"] if user.is_staff else permissions,
    }


@router.get("/models", response={200: ModelList, 401: ErrorBody}, url_name="models")
def models(request: HttpRequest) -> dict[str, Any]:
    """The models that you may choose."""
    return {"items": BedrockModel.objects.open_to(person(request))}


@router.get(
    "/conversations",
    response={200: ConversationPage, 400: ErrorBody, 401: ErrorBody},
    url_name="conversations",
)
def conversations(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
    archived: bool | None = None,
    q: Annotated[str, Field(max_length=words.LENGTH)] = "",
) -> dict[str, Any]:
    """Your conversations, the one used last first.

    ``q``: those in which all these words are, in one message or in the title; "words in quotes"
    stand side by side. Archived ones are among them unless ``archived`` says which.
    """
    user = person(request)
    query = words.parse(q)
    rows = Conversation.objects.listed_for(user).with_running()
    if archived is not None or query is None:
        rows = rows.filter(archived=bool(archived))
    try:
        if query is None:
            items, following = page(rows, cursor, limit)
            return {"items": items, "next": following}
        search = Search(user, query)
        items, following = search.page(rows, cursor, limit)
    except BadCursor as error:
        raise Refused("malformed", str(error)) from None
    found = search.found(items)
    for row in items:
        row.found = found[row.pk]  # type: ignore[attr-defined]  # shown with it
    return {"items": items, "next": following}


@router.get(
    "/conversations/{uuid:conversation_id}",
    response={200: ConversationWhole, 401: ErrorBody, 404: ErrorBody},
    url_name="conversation",
)
def conversation(request: HttpRequest, conversation_id: UUID) -> dict[str, Any]:
    """One conversation with the messages of all its branches."""
    rows = Conversation.objects.owned_by(person(request)).with_running()
    found = rows.filter(pk=conversation_id).first()
    if found is None:
        raise not_found()
    return whole(Transcript(found))


def whole(transcript: Transcript) -> dict[str, Any]:
    """A conversation that knows whether it is ``running``, with all its messages."""
    names = [name for name in ConversationWhole.model_fields if name != "messages"]
    fields = {name: getattr(transcript.conversation, name) for name in names}
    return {**fields, "messages": [_message(item) for item in transcript.everything()]}


def answer_of(user: User, message: UUID) -> dict[str, Any]:
    """One message, as in its conversation."""
    found = Message.objects.owned_by(user).select_related("conversation").filter(uuid=message)
    row = found.first()
    if row is None:
        raise not_found("message")
    return _message(Transcript(row.conversation).item(row))


def _message(item: Item) -> dict[str, Any]:
    shown = {name: value for name, value in item.items() if name not in {"uuid", "siblings"}}
    return {"id": item["uuid"], **shown}
