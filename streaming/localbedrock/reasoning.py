"""Reasoning: when a model does it, how long, and the signature that it carries."""

import base64
import hashlib
from typing import Any

from . import samples
from .history import Call
from .models import find

_OWN = "bG9jYWw"
# Further rounds of thought, by the words that the models have for it.
_ROUNDS = {"none": 0, "minimal": 0, "low": 0, "medium": 2, "high": 6, "xhigh": 8, "max": 8}
_TOKENS_PER_ROUND = 1_024


def signature_of(text: str) -> str:
    """What proves that this reasoning was said here; sent back, it must fit its text."""
    return _OWN + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def signed(text: str, call: Call) -> str | None:
    """The signature of this reasoning, where the model that is called has any."""
    return signature_of(text) if find(call.model_id).can("signed") else None


def is_genuine(text: str, signature: str) -> bool:
    """False for a signature of this endpoint's that belongs to another text."""
    return not signature.startswith(_OWN) or signature == signature_of(text)


def thought(call: Call) -> str:
    """What is thought before this call is answered; "" where it was not asked for."""
    rounds = _rounds(call.body.get("additionalModelRequestFields") or {})
    if rounds is None:
        return samples.reasoning(call) if find(call.model_id).can("always") else ""
    return samples.reasoning(call, rounds)


def thinking_in(fields: dict[str, Any]) -> dict[str, Any] | None:
    """How a request asks for extended thinking as the models of Anthropic know it; None: not.

    Converse has a second name for it.
    """
    thinking = fields.get("thinking") or fields.get("reasoning_config") or {}
    return thinking if thinking.get("type") in ("enabled", "adaptive") else None


def _rounds(fields: dict[str, Any]) -> int | None:
    """How much was asked for, in any of the ways there are; None: nothing was."""
    effort = (fields.get("output_config") or {}).get("effort")
    if thinking := thinking_in(fields):
        budget = thinking.get("budget_tokens")
        if budget is None:
            return _ROUNDS.get(effort or "high", 0)
        return min(int(budget) // _TOKENS_PER_ROUND - 1, max(_ROUNDS.values()))
    config = fields.get("reasoningConfig") or {}
    if config.get("type") == "enabled":
        return _ROUNDS.get(config.get("maxReasoningEffort", "medium"), 0)
    level = fields.get("reasoning_effort")
    return None if level in (None, "none") else _ROUNDS.get(str(level), 0)
