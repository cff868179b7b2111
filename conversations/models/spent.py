"""What a generation spent: as the model reported it, or by estimate where it did not (R77)."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from conversations.statements import update
from conversations.writing import write

# What record_usage() keeps besides the tokens.
BESIDES = ("usage_estimated", "cost", "request_id", "input_estimate")


class Spent(models.Model):
    """The columns of it. All calls of the generation together, whoever made them."""

    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cache_read_tokens = models.PositiveIntegerField(null=True, blank=True)
    cache_write_tokens = models.PositiveIntegerField(null=True, blank=True)
    # The default is the database's too: the version before writes rows without it (R100).
    usage_estimated = models.BooleanField(
        default=False, db_default=False, help_text="not all of it was reported by the model"
    )
    cost = models.DecimalField(
        max_digits=14, decimal_places=8, null=True, blank=True, help_text="US dollars"
    )
    input_estimate = models.PositiveIntegerField(
        null=True, blank=True, help_text="tokens, before the request; what is reported corrects it"
    )
    request_id = models.CharField("AWS request id", max_length=100, blank=True)

    class Meta:
        abstract = True

    def record_usage(
        self, *, tokens: dict[str, int], cost: Decimal | None, request_id: str, estimated: bool
    ) -> None:
        """Keep what was spent, and what was estimated before the request.

        Outlives the lease: it was spent. ``tokens`` has the names of the columns; it is empty when
        nothing was.
        """
        for name, value in tokens.items():
            setattr(self, name, value)
        self.usage_estimated, self.cost, self.request_id = estimated, cost, request_id[:100]
        spent = {name: getattr(self, name) for name in (*tokens, *BESIDES)}
        with write():
            update(type(self), spent, "id = %(id)s", id=self.pk)
