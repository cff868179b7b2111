"""What was deleted goes for good after a while, and what expired with it: temporary conversations,
sessions.

Safe to run twice at once, and to be killed in between: each conversation goes in one transaction,
in the hands of whoever has its row (R83).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone

from conversations.attachments import storing
from conversations.models import Conversation, Message
from conversations.writing import write

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purged:
    conversations: int
    messages: int
    sessions: int
    files: int = 0


def deadline() -> datetime | None:
    """What was deleted before this goes; None where everything that was deleted stays."""
    days = settings.PURGE_DELETED_AFTER_DAYS
    return timezone.now() - timedelta(days=days) if days else None


def due(before: datetime | None) -> Purged:
    """What ``purge`` would remove."""
    conversations = Conversation.objects.due(before)
    return Purged(
        conversations=conversations.count(),
        messages=Message.objects.filter(conversation__in=conversations).count(),
        sessions=Session.objects.filter(expire_date__lt=timezone.now()).count(),
        files=storing.unwanted_now(),
    )


def purge(before: datetime | None) -> Purged:
    """Remove what was deleted before a time, temporary conversations whose day is over, files that
    no message has, and expired sessions.

    What cannot go now (an answer is just ending, the database is busy) goes the next time.
    """
    conversations = messages = 0
    ids = Conversation.objects.due(before).values_list("pk", flat=True)
    for conversation_id in list(ids):
        try:
            gone = _remove(conversation_id, before)
        except DatabaseError:
            log.exception("purging_failed", conversation=str(conversation_id))
            continue
        if gone is not None:
            conversations += 1
            messages += gone
    purged = Purged(conversations, messages, _expired_sessions(), storing.sweep())
    if purged != Purged(0, 0, 0):
        log.info("purged", **asdict(purged))
    return purged


def _remove(conversation_id: UUID, before: datetime | None) -> int | None:
    """How many messages went with it; None where it stays, for now or because it was restored."""
    with write():
        rows = Conversation.objects.due(before).select_for_update()
        conversation = rows.filter(pk=conversation_id).first()
        return None if conversation is None else conversation.remove()


def _expired_sessions() -> int:
    with write():
        return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
