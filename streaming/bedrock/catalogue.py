"""Which models the account lists, and what is known of a model by its id."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from streaming.bedrock.errors import FAILURES, map_error

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

_FAMILIES_FILE: Final = Path(__file__).with_name("models.json")

# What an inference profile puts before the model's id.
_REGIONS: Final = re.compile(r"(?:us-gov|us|eu|apac|global|au|ca|jp|sa)\.")
_ARN: Final = re.compile(r"arn:[^/]*/")

# For a model that nobody described: no chat model in the table has a smaller window but Titan
# and the oldest of Cohere, and none that can write less. Guessed too small, a long conversation
# loses old turns early, and says so; guessed too large, requests would fail. That a system
# prompt is taken is the guess that the service corrects aloud, where leaving it out is silent.
CAUTIOUS_WINDOW: Final = 8_192
CAUTIOUS_OUTPUT: Final = 2_048
CAUTIOUS_CAPABILITIES: Final = frozenset({"streaming", "system_prompt"})

# What a model may be able to do. "prefill": go on with the beginning of an answer; "caching": keep
# a prefix that cache points mark; "count_tokens": the service counts a request without running it.
CAPABILITIES: Final = (
    "streaming",
    "system_prompt",
    "images",
    "documents",
    "tools",
    "reasoning",
    "caching",
    "prefill",
    "count_tokens",
)


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """A model as the account lists it. `id` is what a request names, perhaps a profile's id or ARN.

    `based_on` is the model behind a profile of the account's own, whose ARN does not name it.
    """

    id: str
    name: str
    provider: str
    streaming: bool
    input_modalities: tuple[str, ...]
    based_on: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a model. Sizes in tokens, prices in US dollars per million tokens.

    `capabilities` is a subset of CAPABILITIES. `dialect` is "converse", or "native" for what can be
    asked by InvokeModel only. `known` is False where all of it is a guess; `prices` lacks what
    nobody was sure of.
    """

    known: bool
    name: str
    provider: str
    context_window: int
    max_output_tokens: int
    capabilities: frozenset[str]
    prices: Mapping[str, float]
    dialect: str = "converse"


def list_models(client: "BedrockClient") -> list[FoundationModel]:
    """The models that take and write text and that a request can name today.

    Newer ones answer only through an inference profile of a region: those are listed by the ids of
    their profiles. Raises BedrockError where the listing fails, or is not allowed.
    """
    try:
        chat = _summaries(client)
        models = [
            _model(summary) for summary in chat.values() if "ON_DEMAND" in _inference(summary)
        ]
        behind_profiles = {
            model_id: summary
            for model_id, summary in chat.items()
            if _inference(summary) == ["INFERENCE_PROFILE"]
        }
        if behind_profiles:
            for profile, model_id in _profiles(client, "SYSTEM_DEFINED"):
                if model_id in behind_profiles:
                    models.append(_model(behind_profiles[model_id], profile))
    except FAILURES as error:
        raise map_error(error) from None
    return models


def list_own_profiles(client: "BedrockClient") -> list[FoundationModel]:
    """Inference profiles that the account has made for itself, by their ARNs.

    Raises BedrockError where the listing fails, or is not allowed.
    """
    models = {}
    try:
        for profile, model_id in _profiles(client, "APPLICATION"):
            facts = describe(model_id)
            models[profile["inferenceProfileArn"]] = FoundationModel(
                id=profile["inferenceProfileArn"],
                name=profile["inferenceProfileName"],
                provider=facts.provider,
                streaming="streaming" in facts.capabilities,
                input_modalities=("TEXT", "IMAGE") if "images" in facts.capabilities else ("TEXT",),
                based_on=model_id,
            )
    except FAILURES as error:
        raise map_error(error) from None
    return list(models.values())


def describe(model_id: str) -> Description:
    """What is known of this model, by the longest prefix of its id; cautious guesses if nothing.

    Takes ids, ids with a region (`eu.…`) and ARNs of both.
    """
    name = bare(model_id)
    known = families()
    prefix = max((prefix for prefix in known if name.startswith(prefix)), key=len, default=None)
    if prefix is not None:
        return known[prefix]
    return Description(
        known=False,
        name=name,
        provider="",
        context_window=CAUTIOUS_WINDOW,
        max_output_tokens=CAUTIOUS_OUTPUT,
        capabilities=CAUTIOUS_CAPABILITIES,
        prices={},
        # The service's own words: "The Converse API doesn't support imported models."
        dialect="native" if ":imported-model/" in model_id else "converse",
    )


def bare(model_id: str) -> str:
    """The id without what an ARN or an inference profile puts before it."""
    return _REGIONS.sub("", _ARN.sub("", model_id, count=1), count=1)


@cache
def families() -> dict[str, Description]:
    """What is known, by the beginning of ids."""
    rows: dict[str, dict[str, Any]] = json.loads(_FAMILIES_FILE.read_text(encoding="utf-8"))
    return {
        prefix: Description(
            **{**facts, "capabilities": frozenset(facts["capabilities"])}, known=True
        )
        for prefix, facts in rows.items()
    }


def _summaries(client: "BedrockClient") -> dict[str, dict[str, Any]]:
    """By id: those of ListFoundationModels that can chat and are not on their way out."""
    listed = client.list_foundation_models(byOutputModality="TEXT")["modelSummaries"]
    return {summary["modelId"]: dict(summary) for summary in listed if _can_chat(dict(summary))}


def _can_chat(summary: dict[str, Any]) -> bool:
    return (
        "TEXT" in summary.get("inputModalities", ())
        and "TEXT" in summary.get("outputModalities", ())
        and summary.get("modelLifecycle", {}).get("status", "ACTIVE") == "ACTIVE"
    )


def _inference(summary: dict[str, Any]) -> list[str]:
    return [kind for kind in summary.get("inferenceTypesSupported", ()) if kind != "PROVISIONED"]


def _model(summary: dict[str, Any], profile: dict[str, Any] | None = None) -> FoundationModel:
    profile = profile or {}
    model_id = summary["modelId"]
    return FoundationModel(
        id=profile.get("inferenceProfileId", model_id),
        name=profile.get("inferenceProfileName") or summary.get("modelName") or model_id,
        provider=summary.get("providerName", ""),
        streaming=bool(summary.get("responseStreamingSupported")),
        input_modalities=tuple(summary.get("inputModalities", ())),
    )


def _profiles(
    client: "BedrockClient", kind: Literal["SYSTEM_DEFINED", "APPLICATION"]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Each profile with the id of a model behind it: nearly always one, in several regions."""
    for page in client.get_paginator("list_inference_profiles").paginate(typeEquals=kind):
        for profile in page["inferenceProfileSummaries"]:
            arns = [model.get("modelArn", "") for model in profile["models"]]
            for model_id in dict.fromkeys(_ARN.sub("", arn, count=1) for arn in arns):
                yield dict(profile), model_id
