"""Files of a transcript, for reviewers: on record before a byte of them is shown (R35)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from conversations.attachments import files, serving
from conversations.models import Attachment, Conversation, TranscriptRead
from conversations.models.conversation import TEXTS
from conversations.review import reasons
from conversations.review.access import reviewer
from conversations.review.journal import Unrecorded, record_file

if TYPE_CHECKING:
    from conversations.access import SignedInRequest


@require_safe
@reviewer
def file(
    request: SignedInRequest, conversation_id: UUID, attachment_id: UUID, part: str
) -> HttpResponse:
    rows = Conversation.objects.reviewable_by(request.user).defer(*TEXTS)
    found = get_object_or_404(rows.select_related("owner"), pk=conversation_id)
    row = get_object_or_404(Attachment.objects.within(found), pk=attachment_id)
    own = found.owner_id == request.user.pk
    if not own and reasons.is_missing(request, found.pk):
        return redirect("review:transcript", found.pk)
    # Small images are part of the transcript, whose opening is on record; without that, or to
    # have a file as it is, is a reading of its own.
    if not (part == files.THUMBNAIL and TranscriptRead.objects.opened(request.user, found)):
        try:
            record_file(request, found, row, reasons.stated(request, found.pk))
        except Unrecorded:
            return render(request, "review/unrecorded.html", status=503)
    return serving.response(row, part)
