"""Guardrails of Amazon Bedrock, and whose conversations go through which."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models

from conversations.models.conversation import Conversation


class Guardrail(models.Model):
    """For groups of people, or for single conversations; the site's own is a setting.

    Administrators choose it. Nobody else sees a switch for it, and no command names one.
    """

    class Mode(models.TextChoices):
        SYNC = "sync", "scan first, then show"
        ASYNC = "async", "show at once, withdraw what is refused"

    name = models.CharField(max_length=100)
    identifier = models.CharField(max_length=2048, help_text="id or ARN of the guardrail")
    version = models.CharField(max_length=8, default="DRAFT", help_text="a number, or DRAFT")
    mode = models.CharField(max_length=5, choices=Mode.choices, default=Mode.SYNC)
    groups = models.ManyToManyField(
        Group, blank=True, related_name="guardrails", help_text="conversations of their members"
    )
    conversations = models.ManyToManyField(
        Conversation, blank=True, related_name="guardrails", help_text="these conversations"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
