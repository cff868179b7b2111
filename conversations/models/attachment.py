"""Files that people attach to messages, and images that models answer with.

The row comes before its files and goes after them, so that no file is left without one:
``arriving`` while they are written, ``kept``, and ``going`` until they are removed. What a message
shows of its attachments stands in the message itself (``Message.attached``): it never changes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from conversations.models.message import Message
from conversations.querysets import AttachmentQuerySet

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

NAME_LENGTH = 150


class Attachment(models.Model):
    class Kind(models.TextChoices):
        IMAGE = "image"
        DOCUMENT = "document"

    class State(models.TextChoices):
        ARRIVING = "arriving"
        KEPT = "kept"
        GOING = "going"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Null: the account is gone, and the files go next.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="attachments", null=True
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.ARRIVING)
    # The files have this name, and a word behind it; what the person called it is only shown.
    stored_as = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=NAME_LENGTH, blank=True)

    kind = models.CharField(max_length=8, choices=Kind.choices, blank=True)
    # As Converse calls it (png, pdf …), found in the content, as all else below.
    format = models.CharField(max_length=8, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True, help_text="pixels")
    height = models.PositiveIntegerField(null=True, blank=True, help_text="pixels")
    pages = models.PositiveIntegerField(default=0, help_text="of a PDF, about")
    characters = models.PositiveIntegerField(default=0, help_text="of text, about")
    # Bytes of the smaller copy that models get instead of an image that is too large for them.
    copy_size = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="with a message, the last time")

    objects = AttachmentQuerySet.as_manager()

    if TYPE_CHECKING:
        owner_id: int | None
        uses: RelatedManager[MessageAttachment]

    class Meta:
        indexes = [
            # What one person uploaded in the last hour.
            models.Index(fields=["owner", "created_at"], name="attachment_of_owner"),
            # What the purge looks at.
            models.Index(fields=["state", "created_at"], name="attachment_by_state"),
        ]

    def __str__(self) -> str:
        # Never the name: it is text of the person's.
        return str(self.id)

    @property
    def is_image(self) -> bool:
        return self.kind == self.Kind.IMAGE

    @property
    def sent_size(self) -> int:
        """Bytes that a model gets."""
        return self.copy_size or self.size

    def described(self) -> dict[str, Any]:
        """As page, API and other tabs show it."""
        return {
            "id": str(self.pk),
            "kind": self.kind,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "width": self.width,
            "height": self.height,
        }


class MessageAttachment(models.Model):
    """That a message has an attachment: one can be in several, where a message was edited."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="uses")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "attachment"], name="attached_once"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.attachment_id}"

    if TYPE_CHECKING:
        message_id: int
        attachment_id: uuid.UUID

    @classmethod
    def enclose(cls, message: Message, attachments: Sequence[Attachment]) -> None:
        """Note that a stored message has these; for within a transaction."""
        MessageAttachment.objects.bulk_create(
            [MessageAttachment(message=message, attachment=each) for each in attachments]
        )
