"""People. A model of our own from the first migration, so that it can grow."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from conversations.writing import write


class User(AbstractUser):
    """A person who signs in, by name or by e-mail."""

    # What the outside sees: the integer key tells how many people there are.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail address", blank=True)
    # Set for a password that somebody else knows; the page asks for a new one until it is changed.
    must_change_password = models.BooleanField(default=False)
    # A code of LANGUAGES, or nothing: as the browser asks.
    language = models.CharField(max_length=16, blank=True, default="", db_default="")
    # What the page begins new conversations with.
    default_preset = models.ForeignKey(
        "conversations.Preset",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            # Signing in by name or address must mean one person, however it is typed.
            models.UniqueConstraint(Lower("username"), name="user_name_once"),
            models.UniqueConstraint(
                Lower("email"), name="user_email_once", condition=~models.Q(email="")
            ),
        ]

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        self.must_change_password = False

    def choose_language(self, code: str) -> None:
        """A code of LANGUAGES, or nothing: as the browser asks."""
        self.language = code
        with write():
            self.save(update_fields=["language"])

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.get_username()
