"""Presets: a model, a system prompt and options under a name, for conversations to begin with."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

from conversations.querysets import PresetQuerySet

NAME_LENGTH = 100


class Preset(models.Model):
    """A person's own, or, without an owner, shared by the administrators.

    What it says is copied into a conversation when that begins: no later change reaches it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="presets",
        null=True,
        blank=True,
        editable=False,
    )
    name = models.CharField(max_length=NAME_LENGTH)
    # An id and no key: a model that is gone must be named to whoever chooses the preset.
    model = models.CharField("model id", max_length=256)
    system_prompt = models.TextField(blank=True)
    # As those of a conversation.
    options = models.JSONField(default=dict, blank=True)
    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="presets",
        help_text="whose members may choose it, where it is shared; none: everybody",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PresetQuerySet.as_manager()

    if TYPE_CHECKING:
        owner_id: int | None

    class Meta:
        ordering = ["name", "created_at"]

    def __str__(self) -> str:
        # Never the name: of a person's own it is text of theirs, and this ends up in logs.
        return str(self.id)

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None
