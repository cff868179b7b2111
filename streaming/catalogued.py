"""What is known of a model: by the catalogue, and by what it reported of earlier requests."""

from __future__ import annotations

from django.db.models import F

from conversations.models import BedrockModel, Generation
from conversations.statements import read
from streaming.bedrock.asking import Way
from streaming.context import ModelFacts, calibration

MODEL = "SELECT {m} FROM conversations_bedrockmodel m WHERE m.id = %s"
LEARNT_FROM = 50  # generations
CACHED_FROM, CACHED_FROM_SMALL = 1_024, 4_096  # tokens


def model_of(model_id: str) -> BedrockModel | None:
    rows = read(MODEL, [model_id], m=BedrockModel)
    return rows[0][0] if rows else None


def way_of(model: BedrockModel | None) -> Way:
    """How the catalogue says that a model is asked; by ConverseStream where it does not know it."""
    if model is None:
        return Way()
    return Way(
        native=model.dialect == BedrockModel.Dialect.NATIVE,
        streams=bool(model.capabilities.get("streaming", True)),
        family=model.foundation,
    )


def continues(model: BedrockModel | None) -> bool:
    """Whether it goes on with the beginning of an answer that it is given."""
    if model is None:
        return False
    prefills = bool(model.capabilities.get("prefill"))
    return way_of(model).goes_on(model.pk, with_converse=prefills)


def facts_of(model_id: str, model: BedrockModel | None) -> ModelFacts:
    """What the catalogue says of a model; cautious where it does not know it."""
    if model is None:
        return ModelFacts(model_id, context_window=8_192, max_output=2_048)
    return ModelFacts(
        model_id,
        context_window=model.context_window,
        max_output=model.max_output_tokens,
        takes_system_prompt=bool(model.capabilities.get("system_prompt", True)),
        cached_from=_cached_from(model),
    )


def _cached_from(model: BedrockModel) -> int | None:
    """The smallest prefix, in tokens, that a model keeps."""
    if not model.capabilities.get("caching"):
        return None
    return CACHED_FROM_SMALL if "haiku" in model.foundation else CACHED_FROM


def learnt_ratio(model_id: str) -> float:
    """What to multiply estimates for a model with, by what it reported of single requests."""
    reported = (
        Generation.objects.filter(
            model=model_id,
            input_estimate__isnull=False,
            input_tokens__isnull=False,
            usage_estimated=False,
        )
        .order_by("-created_at")
        .annotate(everything=F("input_tokens") + F("cache_read_tokens") + F("cache_write_tokens"))
        .values_list("input_estimate", "everything")[:LEARNT_FROM]
    )
    return calibration((guess or 0, everything or 0) for guess, everything in reported)
