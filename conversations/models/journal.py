"""The journal of reads: who read whose transcript. Rows are added and never changed (R35)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from conversations.querysets import TranscriptReadQuerySet


class TranscriptRead(models.Model):
    """A transcript opened, a file of it, or a search that showed text of one owner."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        SEARCHED = "searched"
        FILE = "file"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # Names are kept beside the keys and the keys are not enforced: a row must survive the accounts.
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="reads",
    )
    reader_name = models.CharField(max_length=254)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="transcript_reads",
    )
    owner_name = models.CharField(max_length=254)
    conversation = models.UUIDField(null=True, blank=True)
    attachment = models.UUIDField(null=True, blank=True)
    search = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    objects = TranscriptReadQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["owner", "-id"], name="read_of_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("A row of the journal of reads cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("A row of the journal of reads cannot be deleted.")


class AppendOnly(Exception):
    """Somebody tried to change the record."""
