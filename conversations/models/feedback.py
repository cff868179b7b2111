"""What a person thinks of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models.message import Message
from conversations.ratings import COMMENT_LENGTH, DOWN, UP
from conversations.writing import write


class Feedback(models.Model):
    """One person's rating of one answer. It goes with the message, and with the person."""

    class Rating(models.TextChoices):
        UP = UP, _("good")
        DOWN = DOWN, _("not good")

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="feedback")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback"
    )
    rating = models.CharField(max_length=4, choices=Rating.choices)
    # Codes of conversations/ratings.py that fit the rating.
    reasons = models.JSONField(default=list, blank=True)
    comment = models.CharField(max_length=COMMENT_LENGTH, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "person"], name="one_rating_of_an_answer")
        ]

    def __str__(self) -> str:
        return f"{self.rating} {self.pk}"

    @classmethod
    def give(
        cls, person: Any, message: Message, rating: str, reasons: Sequence[str], comment: str
    ) -> Feedback:
        """Rate an answer, in the place of what this person said of it before."""
        fields = {"rating": rating, "reasons": list(reasons), "comment": comment}
        with write():
            given, _ = cls.objects.update_or_create(
                message=message,
                person=person,
                defaults={**fields, "updated_at": timezone.now()},
            )
        return given

    def described(self) -> dict[str, Any]:
        """As page, review and HTTP API show it."""
        return {"rating": self.rating, "reasons": self.reasons, "comment": self.comment}
