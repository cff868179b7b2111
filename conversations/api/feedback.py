"""What a person thinks of an answer of theirs, over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Status

from conversations.api.reading import person, router
from conversations.api.schemas import ErrorBody, FeedbackItem
from conversations.languages import number
from conversations.models import Feedback, Message
from conversations.ratings import COMMENT_LENGTH, known
from conversations.refusals import Refused, not_found
from conversations.text import clean


@router.put(
    "/messages/{uuid:message_id}/feedback",
    response={200: FeedbackItem, **dict.fromkeys((401, 403, 404, 413, 422), ErrorBody)},
    url_name="feedback",
)
def rate(request: HttpRequest, message_id: UUID, wanted: FeedbackItem | None = None) -> Any:
    """Rate an answer of a model, in the place of what you said of it before.

    ``reasons`` of ``up``: ``correct``, ``clear``, ``thorough``, ``original``. Of ``down``:
    ``incorrect``, ``instructions``, ``incomplete``, ``long``, ``unclear``, ``refused``,
    ``harmful``.
    """
    answer = _own_answer(request, message_id)
    if wanted is None:
        raise Refused("malformed", _("Not as documented: %(fields)s.") % {"fields": "rating"})
    reasons = known(wanted.rating, wanted.reasons)
    if reasons is None:
        raise Refused("malformed", _("One of the reasons is none for this rating."))
    comment = clean(wanted.comment).strip()
    if len(comment) > COMMENT_LENGTH:
        most = {"most": number(COMMENT_LENGTH)}
        raise Refused("too_large", _("A comment has at most %(most)s characters.") % most)
    return Feedback.give(person(request), answer, wanted.rating, reasons, comment)


@router.delete(
    "/messages/{uuid:message_id}/feedback",
    response={204: None, **dict.fromkeys((401, 403, 404), ErrorBody)},
    url_name="no-feedback",
)
def take_back(request: HttpRequest, message_id: UUID) -> Any:
    """Take back what you said of an answer, if you did."""
    _own_answer(request, message_id).feedback.filter(person=person(request)).delete()
    return Status(204, None)


def _own_answer(request: HttpRequest, message_id: UUID) -> Message:
    answers = Message.objects.owned_by(person(request)).filter(role=Message.Role.ASSISTANT)
    answer = answers.by_uuid(message_id)
    if answer is None:
        raise not_found("message")
    return answer
