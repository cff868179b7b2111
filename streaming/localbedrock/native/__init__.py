"""The dialects of InvokeModel: each provider's own JSON for requests and answers."""

from typing import Any, cast

from ..history import Call
from ..models import Model, find
from ..refusals import refuse
from . import (
    anthropic_messages,
    anthropic_text,
    chat,
    cohere_command,
    cohere_command_r,
    jurassic,
    llama,
    mistral,
    nova,
    titan,
)
from .dialect import Dialect

# By the name in families.py. A module with the three functions is a dialect.
DIALECTS: dict[str, Dialect] = {
    "anthropic": cast(Dialect, anthropic_messages),
    "anthropic text": cast(Dialect, anthropic_text),
    "chat": cast(Dialect, chat),
    "cohere": cast(Dialect, cohere_command),
    "cohere chat": cast(Dialect, cohere_command_r),
    "jurassic": cast(Dialect, jurassic),
    "llama": cast(Dialect, llama),
    "mistral": cast(Dialect, mistral),
    "nova": cast(Dialect, nova),
    "titan": cast(Dialect, titan),
}
# Of a model whose ARN does not tell its family, the first member that is there tells it.
_TELLING = {
    "anthropic_version": "anthropic",
    "max_tokens_to_sample": "anthropic text",
    "inputText": "titan",
    "message": "cohere chat",
    "max_gen_len": "llama",
    "schemaVersion": "nova",
    "messages": "chat",
    "prompt": "mistral",
}
# Models that are spoken to in a second way, too: by messages.
_BY_MESSAGES = {"anthropic text": "anthropic", "mistral": "chat"}


def choose(model: Model, body: dict[str, Any]) -> Dialect:
    """The dialect in which this model is spoken to. Raises ServiceError where there is none."""
    name = model.dialect or next((_TELLING[member] for member in _TELLING if member in body), "")
    if "messages" in body:
        name = _BY_MESSAGES.get(name, name)
    if name not in DIALECTS:
        refuse("The body is in no form that this model knows.")
    return DIALECTS[name]


def dialect_of(call: Call) -> Dialect:
    return choose(find(call.model_id), call.native or {})
