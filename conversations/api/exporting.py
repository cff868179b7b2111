"""A conversation of one's own as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from conversations.api.reading import person, router, whole
from conversations.export import exports
from conversations.models import Conversation
from conversations.refusals import not_found
from conversations.transcript import Transcript

_FILE = {
    "responses": {
        200: {
            "description": "The file",
            "content": {kind: {"schema": {"type": "string"}} for kind in exports.TYPES.values()},
        }
    }
}


@router.get("/conversations/{uuid:conversation_id}/export", url_name="export", openapi_extra=_FILE)
def export(
    request: HttpRequest,
    conversation_id: UUID,
    format: exports.Format = "markdown",
    at: UUID | None = None,
) -> HttpResponse:
    """A conversation as a file. Markdown and HTML have the branch through the message ``at``, or
    the one that was written last; JSON has all of them.
    """
    rows = Conversation.objects.owned_by(person(request)).with_running()
    found = rows.filter(pk=conversation_id).first()
    if found is None:
        raise not_found()
    transcript = Transcript(found)
    through = transcript.find(at) if at else None
    if at and through is None:
        raise not_found("message")
    if format == "json":
        return exports.response(exports.as_json(whole(transcript)), format, found)
    write = exports.as_html if format == "html" else exports.as_markdown
    return exports.response(write(transcript, through), format, found)
