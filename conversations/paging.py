"""Pages of conversations by cursor: what is written meanwhile neither skips nor doubles a row."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from conversations.models import Conversation
    from conversations.querysets import ConversationQuerySet


class BadCursor(ValueError):
    """Not a cursor that this product gave."""


def page(
    rows: ConversationQuerySet, cursor: str | None, size: int
) -> tuple[list[Conversation], str | None]:
    """The rows used last first, after the cursor; and the cursor of the page behind, if any."""
    rows = rows.order_by("-updated_at", "-id")
    if cursor:
        moment, last = _decoded(cursor)
        # Moments tie: the key decides among equals.
        rows = rows.filter(Q(updated_at__lt=moment) | Q(updated_at=moment, id__lt=last))
    found = list(rows[: size + 1])
    if len(found) <= size:
        return found, None
    return found[:size], _encoded(found[size - 1])


def _encoded(row: Conversation) -> str:
    text = f"{row.updated_at.isoformat()} {row.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        moment, last = text.split(" ")
        when = datetime.fromisoformat(moment)
        if not timezone.is_aware(when):
            raise BadCursor
        return when, UUID(last)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise BadCursor("This cursor was not given by this site.") from error
