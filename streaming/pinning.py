"""Messages that stay in the model's view: the calls of the HTTP API that pin them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from conversations.api.reading import answer_of, person
from conversations.api.schemas import ErrorBody, MessageItem
from conversations.languages import number
from conversations.models import Message
from conversations.refusals import Refused, not_found
from streaming.context import PinsTooLong
from streaming.history import check_pin

router = Router(tags=["context"])


_RESPONSES: dict[int, Any] = {200: MessageItem, **dict.fromkeys((401, 403, 404, 422), ErrorBody)}


@router.put("/messages/{uuid:message_id}/pin", response=_RESPONSES, url_name="pin")
def pin(request: HttpRequest, message_id: UUID) -> Any:
    """Keep a message in the model's view, however long the conversation becomes.

    With an answer its question is kept, with a question its answer. Refused as ``too_long`` where
    what is pinned would leave too little room to talk in.
    """
    message = _owned(request, message_id)
    try:
        check_pin(message)
    except PinsTooLong as error:
        raise Refused(
            "too_long",
            _(
                "With this message about %(count)s tokens would be pinned; %(most)s are possible "
                "with this model. Unpin another one first."
            )
            % {"count": number(error.pinned_tokens), "most": number(error.limit)},
        ) from None
    message.pin(True)
    return answer_of(person(request), message_id)


@router.delete("/messages/{uuid:message_id}/pin", response=_RESPONSES, url_name="unpin")
def unpin(request: HttpRequest, message_id: UUID) -> Any:
    """Let a message leave the model's view when its time comes."""
    _owned(request, message_id).pin(False)
    return answer_of(person(request), message_id)


def _owned(request: HttpRequest, message_id: UUID) -> Message:
    owned = Message.objects.owned_by(person(request)).select_related("conversation")
    message = owned.filter(uuid=message_id).first()
    if message is None:
        raise not_found("message")
    return message
