"""How a generation ended, in columns."""

from __future__ import annotations

from django.db import models


class Ended(models.Model):
    """All of it is empty, or null, while it is live."""

    stop_reason = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 (null: none)
    error_code = models.CharField(max_length=40, blank=True)
    error_reference = models.CharField(max_length=40, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)
    reasoning_ms = models.PositiveIntegerField(
        null=True, blank=True, help_text="how long the model thought before it wrote"
    )
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    # The default is the database's too: the version before writes rows without it (R100).
    withdrawn = models.BooleanField(
        default=False,
        db_default=False,
        help_text="a guardrail took back what was shown already; the text is gone",
    )
    # {"unknown", "raw"}: what the service sent and this version does not know, counted and capped
    # (R68). {"guardrail": …}: what it did, see conversations/guardrails.py.
    extra = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True
