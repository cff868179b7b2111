"""Downloads, for whoever owns the file. Reviewers have addresses of their own, on record."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from conversations.access import signed_in
from conversations.attachments import serving
from conversations.models import Attachment

if TYPE_CHECKING:
    from conversations.access import SignedInRequest


@require_safe
@signed_in
def file(request: SignedInRequest, attachment_id: UUID, part: str) -> HttpResponse:
    found = get_object_or_404(Attachment.objects.owned_by(request.user), pk=attachment_id)
    return serving.response(found, part)
