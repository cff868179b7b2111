"""Which models think when they are asked to, in which of the four ways there are, and how much.

Models that always think, or never, have no switch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conversations.models import BedrockModel

# Tokens of reasoning that an effort stands for: it is added to the length of the answer, and is the
# budget of models that want a number.
EFFORTS: Mapping[str, int] = {"low": 2_048, "medium": 8_192, "high": 24_576}
LEAST_BUDGET = 1_024  # tokens: models refuse less

# By the id of what answers, the first that fits. "budget" and "adaptive" are Anthropic's: a number
# of tokens; or an effort, for those that decide by themselves how long to think.
_STYLES = (
    (re.compile(r"anthropic\.claude-(?:opus|sonnet|haiku)-(?:4-[6-9]|[5-9])(?!\d)"), "adaptive"),
    (re.compile(r"anthropic\.claude"), "budget"),
    (re.compile(r"local\.demonstration-reasoning"), "budget"),
    (re.compile(r"amazon\.nova-2"), "nova"),
    (re.compile(r"openai\.gpt-oss"), "openai"),
)
# Of what sampling may still choose: temperature and top_p.
_SAMPLING = frozenset({"nova", "openai"})


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning that was asked for: `effort` by its name, `budget` in tokens, at least 1,024."""

    style: str
    effort: str
    budget: int

    @property
    def leaves_sampling(self) -> bool:
        """Whether temperature and top_p may be chosen beside it."""
        return self.style in _SAMPLING

    def fields(self, room: int) -> dict[str, Any] | None:
        """What the model itself is told, where so many tokens are left for thinking.

        None where that is too little to think at all.
        """
        match self.style:
            case "budget" if (budget := min(self.budget, room)) >= LEAST_BUDGET:
                return {"thinking": {"type": "enabled", "budget_tokens": budget}}
            case "adaptive":
                return {"thinking": {"type": "adaptive"}, "output_config": {"effort": self.effort}}
            case "nova":
                # Its highest effort refuses a maximum length, without which no request is sent.
                effort = "medium" if self.effort == "high" else self.effort
                return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
            case "openai":
                return {"reasoning_effort": self.effort}
            case _:
                return None


def style_of(model: BedrockModel | None) -> str:
    """How a model is asked to think; empty where it has no switch."""
    if model is None or not model.capabilities.get("reasoning"):
        return ""
    return next((style for known, style in _STYLES if known.search(model.foundation)), "")


def asked_of(model: BedrockModel | None, options: Mapping[str, Any]) -> Thinking | None:
    """What a conversation's options ask of a model; None where they do not, or it cannot."""
    style, effort = style_of(model), options.get("reasoning_effort")
    budget = options.get("reasoning_budget")
    if not style or not (effort or budget):
        return None
    if budget is None:
        budget = EFFORTS[effort or "medium"]
    if effort is None:
        effort = next((name for name, most in EFFORTS.items() if budget <= most), "high")
    return Thinking(style, effort, budget)
