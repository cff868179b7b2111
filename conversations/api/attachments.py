"""Files over HTTP: they go up here, and are named in ``attachments`` when a message is sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Status
from ninja.files import UploadedFile

from conversations.api.reading import person, router
from conversations.api.schemas import AttachmentItem, ErrorBody
from conversations.attachments import storing
from conversations.refusals import not_found

_REFUSED = dict.fromkeys((400, 401, 403, 413, 422, 429), ErrorBody)


@router.post("/attachments", response={201: AttachmentItem, **_REFUSED}, url_name="attachments")
def upload(request: HttpRequest, file: File[UploadedFile]) -> Any:
    """Upload an image or a document. What is not sent within a day is removed."""
    return Status(201, storing.receive(person(request), file).described())


@router.delete(
    "/attachments/{uuid:attachment_id}",
    response={204: None, 401: ErrorBody, 403: ErrorBody, 404: ErrorBody},
    url_name="attachment",
)
def discard(request: HttpRequest, attachment_id: UUID) -> Any:
    """Remove one that was not sent."""
    if not storing.withdraw(person(request), attachment_id):
        raise not_found("attachment")
    return Status(204, None)
