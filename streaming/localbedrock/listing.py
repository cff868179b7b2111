"""What ListFoundationModels and ListInferenceProfiles show: a few of each family."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from .models import LOCAL_MODEL, MODELS, find
from .refusals import ServiceError

_REGION = "us-east-1"
_ACCOUNT = "123456789012"
_PAGE = 10
_SINCE = "2025-01-01T00:00:00Z"

_ON_DEMAND: Final = "ON_DEMAND"
_BY_PROFILE: Final = "INFERENCE_PROFILE"

# provider, name, id, how it is reached
_REAL = (
    ("AI21 Labs", "Jurassic-2 Mid", "ai21.j2-mid-v1", _ON_DEMAND),
    ("AI21 Labs", "Jamba 1.5 Large", "ai21.jamba-1-5-large-v1:0", _ON_DEMAND),
    ("AI21 Labs", "Jamba 1.5 Mini", "ai21.jamba-1-5-mini-v1:0", _ON_DEMAND),
    ("Amazon", "Titan Text G1 - Lite", "amazon.titan-text-lite-v1", _ON_DEMAND),
    ("Amazon", "Titan Text G1 - Express", "amazon.titan-text-express-v1", _ON_DEMAND),
    ("Amazon", "Nova Micro", "amazon.nova-micro-v1:0", _ON_DEMAND),
    ("Amazon", "Nova Lite", "amazon.nova-lite-v1:0", _ON_DEMAND),
    ("Amazon", "Nova Pro", "amazon.nova-pro-v1:0", _ON_DEMAND),
    ("Amazon", "Nova Premier", "amazon.nova-premier-v1:0", _BY_PROFILE),
    ("Amazon", "Nova 2 Lite", "amazon.nova-2-lite-v1:0", _BY_PROFILE),
    ("Anthropic", "Claude Instant", "anthropic.claude-instant-v1", _ON_DEMAND),
    ("Anthropic", "Claude", "anthropic.claude-v2:1", _ON_DEMAND),
    ("Anthropic", "Claude 3 Haiku", "anthropic.claude-3-haiku-20240307-v1:0", _ON_DEMAND),
    ("Anthropic", "Claude 3.5 Sonnet", "anthropic.claude-3-5-sonnet-20240620-v1:0", _ON_DEMAND),
    ("Anthropic", "Claude 3.7 Sonnet", "anthropic.claude-3-7-sonnet-20250219-v1:0", _BY_PROFILE),
    ("Anthropic", "Claude Sonnet 4", "anthropic.claude-sonnet-4-20250514-v1:0", _BY_PROFILE),
    ("Anthropic", "Claude Sonnet 4.5", "anthropic.claude-sonnet-4-5-20250929-v1:0", _BY_PROFILE),
    ("Anthropic", "Claude Haiku 4.5", "anthropic.claude-haiku-4-5-20251001-v1:0", _BY_PROFILE),
    ("Anthropic", "Claude Opus 4.1", "anthropic.claude-opus-4-1-20250805-v1:0", _BY_PROFILE),
    ("Cohere", "Command", "cohere.command-text-v14", _ON_DEMAND),
    ("Cohere", "Command Light", "cohere.command-light-text-v14", _ON_DEMAND),
    ("Cohere", "Command R", "cohere.command-r-v1:0", _ON_DEMAND),
    ("Cohere", "Command R+", "cohere.command-r-plus-v1:0", _ON_DEMAND),
    ("DeepSeek", "DeepSeek-R1", "deepseek.r1-v1:0", _BY_PROFILE),
    ("Meta", "Llama 2 Chat 13B", "meta.llama2-13b-chat-v1", _ON_DEMAND),
    ("Meta", "Llama 3 8B Instruct", "meta.llama3-8b-instruct-v1:0", _ON_DEMAND),
    ("Meta", "Llama 3.1 70B Instruct", "meta.llama3-1-70b-instruct-v1:0", _BY_PROFILE),
    ("Meta", "Llama 4 Scout 17B Instruct", "meta.llama4-scout-17b-instruct-v1:0", _BY_PROFILE),
    ("Mistral AI", "Mistral 7B Instruct", "mistral.mistral-7b-instruct-v0:2", _ON_DEMAND),
    ("Mistral AI", "Mistral Large (24.02)", "mistral.mistral-large-2402-v1:0", _ON_DEMAND),
    ("Mistral AI", "Pixtral Large (25.02)", "mistral.pixtral-large-2502-v1:0", _BY_PROFILE),
    ("OpenAI", "gpt-oss-120b", "openai.gpt-oss-120b-1:0", _ON_DEMAND),
    ("Qwen", "Qwen3 32B", "qwen.qwen3-32b-v1:0", _ON_DEMAND),
)

# What a profile covers: its prefix, how its name begins, and the regions behind it.
_AREAS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "us": ("US", ("us-east-1", "us-east-2", "us-west-2")),
    "eu": ("EU", ("eu-central-1", "eu-west-1", "eu-west-3")),
    "global": ("GLOBAL", ("us-east-1", "eu-central-1")),
}


def foundation_models(asked: Mapping[str, str], local_model: str | None) -> dict[str, Any]:
    """The answer of ListFoundationModels; `asked` are the query parameters.

    `local_model` is the name of the real model on this machine, None where there is none.
    """
    summaries = []
    if local_model is not None:
        name = local_model or LOCAL_MODEL.name
        summaries.append(_summary(LOCAL_MODEL.provider, name, LOCAL_MODEL.id, _ON_DEMAND))
    summaries += [_summary("Local demonstration", m.name, m.id, _ON_DEMAND) for m in MODELS]
    summaries += [_summary(*row) for row in _REAL]
    for name, member in (
        ("byProvider", "providerName"),
        ("byOutputModality", "outputModalities"),
        ("byInferenceType", "inferenceTypesSupported"),
        ("byCustomizationType", "customizationsSupported"),
    ):
        if wanted := asked.get(name):
            summaries = [summary for summary in summaries if _fits(summary[member], wanted)]
    return {"modelSummaries": summaries}


def inference_profiles(asked: Mapping[str, str]) -> dict[str, Any]:
    """A page of ListInferenceProfiles. Raises ServiceError for a token that it did not give."""
    profiles = [
        _profile(area, name, model_id)
        for _, name, model_id, how in _REAL
        if how == _BY_PROFILE
        for area in _AREAS
    ]
    profiles = [p for p in profiles if asked.get("type", p["type"]) == p["type"]]
    start = _offset(asked.get("nextToken"))
    size = asked.get("maxResults", str(_PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= 1_000:
        raise ServiceError("ValidationException", "maxResults must be between 1 and 1000.")
    end = start + int(size)
    page: dict[str, Any] = {"inferenceProfileSummaries": profiles[start:end]}
    return page | ({"nextToken": _token(end)} if end < len(profiles) else {})


def _summary(provider: str, name: str, model_id: str, how: str) -> dict[str, Any]:
    model = find(model_id)
    return {
        "modelArn": f"arn:aws:bedrock:{_REGION}::foundation-model/{model_id}",
        "modelId": model_id,
        "modelName": name,
        "providerName": provider,
        "inputModalities": ["TEXT", "IMAGE"] if model.can("images") else ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": model.can("stream"),
        "customizationsSupported": [],
        "inferenceTypesSupported": [how],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def _profile(area: str, name: str, model_id: str) -> dict[str, Any]:
    title, regions = _AREAS[area]
    profile_id = f"{area}.{model_id}"
    return {
        "inferenceProfileName": f"{title} {name}",
        "description": f"Routes requests to {name} in {title}.",
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
        "inferenceProfileArn": (
            f"arn:aws:bedrock:{_REGION}:{_ACCOUNT}:inference-profile/{profile_id}"
        ),
        "models": [
            {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model_id}"}
            for region in regions
        ],
        "inferenceProfileId": profile_id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def _fits(value: str | list[str], wanted: str) -> bool:
    return wanted in value if isinstance(value, list) else wanted == value


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(b"profiles:%d" % offset).decode()


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        kind, _, offset = base64.urlsafe_b64decode(token).partition(b":")
        if kind == b"profiles":
            return int(offset)
    except ValueError:
        pass
    raise ServiceError("ValidationException", "The provided token is invalid.")
