"""Writing the journal of reads: before anything is shown, or nothing is shown (R35)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest

from conversations.models import Attachment, Conversation, TranscriptRead, User
from conversations.writing import write

if TYPE_CHECKING:
    from conversations.access import SignedInRequest

log = structlog.get_logger(__name__)


class Unrecorded(Exception):
    """The reading could not be put on record, so it must not happen."""


def record_opening(request: SignedInRequest, conversation: Conversation, reason: str) -> None:
    """Put on record that somebody's transcript is opened; the owner's own reading is none."""
    if conversation.owner_id == request.user.pk:
        return
    row = _row(request, conversation.owner, reason)
    row.kind, row.conversation = TranscriptRead.Kind.OPENED, conversation.pk
    _write([row])


def record_file(
    request: SignedInRequest, conversation: Conversation, attachment: Attachment, reason: str
) -> None:
    """Put on record that a file of somebody's transcript is read."""
    if conversation.owner_id == request.user.pk:
        return
    row = _row(request, conversation.owner, reason)
    row.kind, row.conversation = TranscriptRead.Kind.FILE, conversation.pk
    row.attachment = attachment.pk
    _write([row])


def record_search(
    request: SignedInRequest, owners: Iterable[User], search: dict[str, str], reason: str
) -> None:
    """Put on record that text of these people is shown as the result of a search."""
    rows = []
    for owner in {owner.pk: owner for owner in owners if owner.pk != request.user.pk}.values():
        row = _row(request, owner, reason)
        row.kind, row.search = TranscriptRead.Kind.SEARCHED, search
        rows.append(row)
    _write(rows)


def _row(request: SignedInRequest, owner: User, reason: str) -> TranscriptRead:
    return TranscriptRead(
        reader=request.user,
        reader_name=request.user.get_username(),
        owner=owner,
        owner_name=owner.get_username(),
        reason=reason,
        address=client_address(request),
        request_id=request.request_id,
    )


def _write(rows: list[TranscriptRead]) -> None:
    """One transaction, committed on return: requests of this site run in none of their own."""
    try:
        with write():
            for row in rows:
                row.save()
    except DatabaseError as error:
        # The database's own words may repeat what was searched for.
        log.error("read_unrecorded", rows=len(rows), error=type(error).__name__)
        raise Unrecorded from error
    for row in rows:
        # A second place: whoever can change the table cannot change the log.
        log.info("transcript_read", read=row.pk, kind=row.kind, reader=row.reader_id,
                 owner=row.owner_id, conversation=_text(row.conversation))  # fmt: skip


def client_address(request: HttpRequest) -> str | None:
    """Where the request came from, behind as many proxies as the settings trust."""
    try:
        address: str = get_adapter().get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return None
    return address


def _text(value: UUID | None) -> Any:
    return str(value) if value else None
