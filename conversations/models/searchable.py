"""What search knows: one row for each text that can be found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Searchable(models.Model):
    """The text of a message, or the title of a conversation (then without ``message``).

    Triggers of the database write these rows, whoever changes a text, and keep the index of words
    by them: see conversations/search/. Relations would be followed by Django when something is
    deleted; the triggers do that, and they need the text that goes.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.BigIntegerField(null=True, unique=True)
    conversation = models.UUIDField()
    owner = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(message=None), name="one_title_to_be_found"
            ),
        ]
        indexes = [
            # What of one conversation is found, the newest first.
            models.Index(fields=["conversation", "message"], name="searchable_of_conversation"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation} {self.message or 'title'}"
