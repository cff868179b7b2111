"""The models that people may choose, as rows that an administrator can edit."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth.models import Group
from django.db import models

from conversations.querysets import BedrockModelQuerySet


class BedrockModel(models.Model):
    """What a request can name: a model, an inference profile, or the ARN of either or of a
    provisioned, custom or imported model."""

    class Dialect(models.TextChoices):
        CONVERSE = "converse", "Converse"
        NATIVE = "native", "InvokeModel, in the provider's own format"

    id = models.CharField("model id", primary_key=True, max_length=256)
    # An ARN of the organisation's own does not say what answers behind it, and with that neither
    # what it can do nor which format it speaks.
    based_on = models.CharField(
        max_length=256,
        blank=True,
        default="",
        db_default="",
        help_text="id of the foundation model that answers, where the id above does not name it",
    )
    provider = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=200)
    # {"system_prompt": bool, "streaming": bool, "images": bool, …}; absent means no.
    capabilities = models.JSONField(default=dict, blank=True)
    context_window = models.PositiveIntegerField(help_text="tokens, input and output together")
    max_output_tokens = models.PositiveIntegerField(help_text="tokens")
    # US dollars per million tokens: {"input", "output", "cache_read", "cache_write"}.
    prices = models.JSONField(default=dict, blank=True)
    dialect = models.CharField(
        max_length=10,
        choices=Dialect.choices,
        default=Dialect.CONVERSE,
        db_default=Dialect.CONVERSE,
        help_text="how the model is asked; not every model takes Converse",
    )
    enabled = models.BooleanField(default=True)
    demonstration = models.BooleanField(
        default=False, help_text="answered by the local endpoint, not by a real model"
    )

    groups = models.ManyToManyField(
        Group,
        blank=True,
        related_name="bedrock_models",
        help_text="who may use it; none: everybody",
    )
    # What the last sync wrote: whatever differs from it was changed by hand, and stays.
    synced = models.JSONField(null=True, blank=True, editable=False)

    objects = BedrockModelQuerySet.as_manager()

    class Meta:
        ordering = ["provider", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def foundation(self) -> str:
        """The id that tells the family: what the model can do, and its own format."""
        return self.based_on or self.id

    def cost_of(self, tokens: dict[str, int]) -> Decimal | None:
        """US dollars for ``{"input_tokens": …, "output_tokens": …, "cache_read_tokens": …}``.

        None where a price that is needed is not known: an unknown cost must not look like none.
        """
        total = Decimal(0)
        for name, count in tokens.items():
            price = self.prices.get(name.removesuffix("_tokens"))
            if count and price is None:
                return None
            total += Decimal(str(price or 0)) * count / 1_000_000
        return total if tokens else None
