"""Whether a call that failed is made again, when, and what the person is told meanwhile."""

from __future__ import annotations

import random
from typing import Any

from django.utils.translation import gettext_lazy as _

from streaming.bedrock.errors import BedrockError

LONGEST_PAUSE = 20.0  # seconds between two attempts

# The stop reason of an answer that the window cut off.
WINDOW_EXCEEDED = "model_context_window_exceeded"
# How much smaller a request is made that the model found too long; once, then it is told (R64).
HARDER = 0.5


def may_help(error: BedrockError) -> bool:
    # A silence that was too long: the adapter calls it final, because each try may be billed.
    return error.retryable or error.code == "model_timeout"


def pause_before(attempt: int, error: BedrockError, *, first: float) -> float:
    """Seconds, with full jitter; ``first`` is the longest pause before the second attempt.

    A request that is smaller now need not wait.
    """
    if error.overflow:
        return 0.0
    ceiling = min(first * 2 ** (attempt - 2), LONGEST_PAUSE)
    pause = random.uniform(0, ceiling)  # noqa: S311  (spreads load, hides nothing)
    if error.retry_after is None:
        return pause
    return min(max(pause, error.retry_after), LONGEST_PAUSE)


def told(error: BedrockError, *, shown: bool) -> tuple[str, Any]:
    """Code and sentence of the notice. ``shown``: whether some of the answer was seen already."""
    if error.overflow:
        detail = _("The model found the conversation too long; asking again with less of it.")
        return "retrying", detail
    if error.code == "throttled":
        return "waiting", _("The model is busy; the question waits for its turn.")
    if shown:
        return "retrying", _("The model broke off; asking it again.")
    return "retrying", _("The model did not answer; asking again.")
