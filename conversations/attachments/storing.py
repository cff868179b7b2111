"""How a file becomes an attachment, and how it goes again.

The row is there before the files and after them: whatever dies in between, the purge finds it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.attachments import documents, files, images, names
from conversations.languages import number
from conversations.models import Attachment, Message, MessageAttachment, User
from conversations.refusals import Refused
from conversations.writing import write

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

log = structlog.get_logger(__name__)

UNSENT_FOR = timedelta(days=1)
# A command that names an attachment is done with it long before.
SENDING_FOR = timedelta(minutes=5)
AN_HOUR = timedelta(hours=1)
RETRY_SECONDS = 60
# Uploads wait as files of the server's; of those that are looked at, all is in memory.
_reading = BoundedSemaphore(4)


def receive(user: User, upload: UploadedFile) -> Attachment:
    """Check and keep what a person uploads, not sent yet.

    Raises ``Refused``: too_large, rate_limited, quota_exceeded, unsupported_attachment.
    """
    size = upload.size or 0
    if size > settings.MAX_UPLOAD_BYTES:
        raise Refused(
            "too_large",
            _("The file has %(size)s MB; %(most)s MB are allowed.")
            % {"size": number(size / 1e6, 1), "most": number(settings.MAX_UPLOAD_BYTES / 1e6)},
        )
    row = _admitted(user, size)
    with _reading:
        return _keep(row, upload.read(), upload.name or "")


def store_image(message: Message, data: bytes, name: str = "") -> Attachment:
    """Keep an image that belongs to a message at once: one that a model answered with.

    ``data`` is looked at as an upload is. Raises ``Refused`` where it is no image. The message
    shows it from then on (``Message.attached``).
    """
    if not images.is_image(data):
        raise Refused("unsupported_attachment", _("This is no image."))
    owner = message.conversation.owner
    row = _keep(Attachment.objects.create(owner=owner, size=len(data)), data, name)
    with write():
        Attachment.objects.filter(pk=row.pk).update(sent_at=timezone.now())
        locked = Message.objects.select_for_update().get(pk=message.pk)
        locked.attached = [*(locked.attached or []), row.described()]
        locked.save(update_fields=["attached"])
        MessageAttachment.enclose(locked, [row])
    message.attached = locked.attached
    return row


def withdraw(user: User, attachment_id: UUID) -> bool:
    """Remove what was not sent; False where there is no such thing."""
    row = Attachment.objects.unsent_by(user).filter(pk=attachment_id).first()
    if row is None:
        return False
    with write():
        unsent = Attachment.objects.unsent_by(user).filter(pk=row.pk)
        if not unsent.update(state=Attachment.State.GOING):
            return False
    files.remove(row)
    return True


def sweep(now: datetime | None = None) -> int:
    """Remove what no message has, files and rows; returns how many. Safe to run twice at once."""
    now = now or timezone.now()
    with write():
        Attachment.objects.unwanted(now - UNSENT_FOR, now - SENDING_FOR).update(
            state=Attachment.State.GOING
        )
    gone = 0
    # What somebody took back stays as a row for as long as uploads are counted.
    for row in Attachment.objects.filter(state=Attachment.State.GOING):
        try:
            files.remove(row)
        # A folder's errors, or those of whatever store the settings name: it is tried again.
        except Exception as error:  # noqa: BLE001
            log.warning("file_stays", attachment=str(row.pk), error=type(error).__name__)
            continue
        if row.owner_id is None or row.created_at < now - AN_HOUR:
            gone += row.delete()[0]
    return gone


def unwanted_now() -> int:
    """How many rows ``sweep`` would take."""
    now = timezone.now()
    rows = Attachment.objects.unwanted(now - UNSENT_FOR, now - SENDING_FOR)
    return rows.count() + Attachment.objects.filter(state=Attachment.State.GOING).count()


def _admitted(user: User, size: int) -> Attachment:
    """A row for what is coming, where this person's limits leave room for it (R88)."""
    now = timezone.now()
    with write():
        # One upload of a person at a time is counted, or many at once would all see room.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        own = Attachment.objects.filter(owner=user)
        if own.filter(created_at__gt=now - AN_HOUR).count() >= settings.MAX_UPLOADS_PER_HOUR:
            raise Refused(
                "rate_limited", _("You have uploaded many files within the hour; wait a while."),
                RETRY_SECONDS,
            )  # fmt: skip
        there = own.exclude(state=Attachment.State.GOING)
        stored: int = there.aggregate(n=Sum("size"))["n"] or 0
        if stored + size > settings.MAX_STORED_BYTES_PER_PERSON:
            raise Refused(
                "quota_exceeded",
                _("There is no room left for your files; delete conversations that have some."),
            )
        return Attachment.objects.create(owner=user, size=size)


def _keep(row: Attachment, data: bytes, name: str) -> Attachment:
    row.size, row.sha256 = len(data), hashlib.sha256(data).hexdigest()
    try:
        files.write(row, _understand(row, data, name))
        row.state = Attachment.State.KEPT
        row.save()
    finally:
        if row.state != Attachment.State.KEPT:
            # Refused, or the storage failed: the purge removes what was written.
            Attachment.objects.filter(pk=row.pk).update(state=Attachment.State.GOING)
    return row


def _understand(row: Attachment, data: bytes, name: str) -> dict[str, bytes]:
    """Fill in what the content says; returns the files to write."""
    if images.is_image(data):
        picture = images.inspect(data)
        row.kind, row.format = Attachment.Kind.IMAGE, picture.format
        row.media_type = picture.media_type
        row.width, row.height = picture.width, picture.height
        row.name = names.shown(name, f"Image.{picture.format}")
        made = {files.ORIGINAL: data, files.THUMBNAIL: picture.thumbnail}
        if picture.copy is not None:
            row.copy_size = len(picture.copy)
            made[files.COPY] = picture.copy
        return made
    document = documents.inspect(data, name)
    row.kind, row.format = Attachment.Kind.DOCUMENT, document.format
    row.media_type = document.media_type
    row.pages, row.characters = document.pages, document.characters
    row.name = names.shown(name, f"Document.{document.format}")
    return {files.ORIGINAL: data}
