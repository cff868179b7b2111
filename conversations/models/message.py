"""What a person wrote and what a model answered."""

from __future__ import annotations

import uuid

from django.db import models

from conversations import changes
from conversations.models.conversation import Conversation
from conversations.querysets import MessageQuerySet
from conversations.statements import update
from conversations.writing import write


class Message(models.Model):
    """A message in the tree of a conversation.

    The integer key gives the order, never the time: clocks step back and tie (R36).
    """

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, related_name="children", null=True, blank=True
    )
    role = models.CharField(max_length=9, choices=Role.choices)
    text = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    # Converse content blocks, where there is more to keep than the two texts above.
    content = models.JSONField(null=True, blank=True)
    # Stays in the model's view, with the question or answer that belongs to it.
    pinned = models.BooleanField(default=False, db_default=False)
    # {model id: [tokens, characters of the text that was counted]}, as the models counted it.
    counted = models.JSONField(null=True, blank=True)
    # What it shows of its attachments, in their order; null where it has none.
    attached = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            # A conversation is read as a whole, in order.
            models.Index(fields=["conversation", "id"], name="message_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.uuid}"

    def pin(self, pinned: bool) -> None:
        """Keep it in the model's view, or no longer."""
        with write():
            self.pinned = pinned
            update(Message, {"pinned": pinned}, "id = %(id)s", id=self.pk)
            changes.announce(self.conversation, "pins")
