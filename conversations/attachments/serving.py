"""How a file is handed out: to be saved, never to be shown or run as a page of ours (R32).

A browser uses one as an image where a page of ours says so; opened by its address it is saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from conversations.attachments import files, images

if TYPE_CHECKING:
    from conversations.models import Attachment

# Whatever is in it: an origin of its own, and in that no script, no form and no request.
POLICY = (
    "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def response(row: Attachment, part: str) -> HttpResponse:
    """A file of a row that the caller found to be for this person; 404 where it is not there."""
    small = part == files.THUMBNAIL
    if small and not row.is_image:
        raise Http404
    try:
        data = files.read(row, part)
    except FileNotFoundError:
        raise Http404 from None
    served = HttpResponse(data, content_type=images.THUMBNAIL_TYPE if small else row.media_type)
    served.headers["Content-Security-Policy"] = POLICY
    served.headers["X-Content-Type-Options"] = "nosniff"
    name = "thumbnail.webp" if small else row.name
    served.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return served
