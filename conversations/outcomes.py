"""What an ending means: its sentence, and what a person can do about it. One table for each.

Codes are those of docs/protocol.md; stop reasons are Bedrock's words. The socket, the HTTP API
and the page all describe an ending through ``finished_fields``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from conversations.guardrails import explanation
from conversations.parts import parts_of

if TYPE_CHECKING:
    from conversations.models import Generation


@dataclass(frozen=True, slots=True)
class Failure:
    """``retryable``: whether asking again may help, so the page offers it.

    ``told_as``: the code of the wire contract, where the record knows the reason more exactly.
    """

    sentence: Any
    retryable: bool = True
    told_as: str = ""


@dataclass(frozen=True, slots=True)
class StopReason:
    """``sentence`` is empty where the reason needs no word."""

    sentence: Any = ""
    actions: tuple[str, ...] = ("regenerate",)


# What a generation is, for whoever looks at many.
STATUSES: Mapping[str, Any] = {
    "pending": _("waiting"),
    "streaming": _("being written"),
    "complete": _("complete"),
    "stopped": _("stopped"),
    "failed": _("failed"),
    "interrupted": _("interrupted"),
}

FAILURES: Mapping[str, Failure] = {
    "throttled": Failure(_("The model is overloaded right now. Try again in a moment.")),
    "model_unavailable": Failure(_("The model cannot be reached right now. Try again later.")),
    "model_access_denied": Failure(
        _("This site may not use the model. Choose another one or ask your administrator."),
        retryable=False,
    ),
    "model_timeout": Failure(_("The model did not answer in time.")),
    "time_limit": Failure(
        _("The answer took longer than this site allows."), told_as="model_timeout"
    ),
    "model_stream_error": Failure(_("The connection to the model broke in mid-answer.")),
    "model_error": Failure(_("The model reported an error.")),
    "credentials": Failure(
        _("The site's access to Amazon Bedrock is not set up. Ask your administrator."),
        retryable=False,
    ),
    "content_filtered": Failure(_("The request was blocked by a content filter."), retryable=False),
    "unsupported_model": Failure(
        _("The model does not take this kind of request. Choose another one."), retryable=False
    ),
    "unsupported_attachment": Failure(
        _("The model cannot read an attached file. Choose another model."), retryable=False
    ),
    "too_long": Failure(
        _("The message does not fit the model. Shorten it or start a new conversation."),
        retryable=False,
    ),
    "worker_lost": Failure(_("The server stopped while the answer was being written.")),
    "internal": Failure(_("Something went wrong on the server.")),
}

STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason(),
    "stop_sequence": StopReason(),
    "max_tokens": StopReason(
        _("The answer reached its maximum length."), ("continue", "regenerate")
    ),
    "tool_use": StopReason(_("The model wanted to use a tool, which this site does not offer.")),
    "guardrail_intervened": StopReason(_("A guardrail stopped or changed this answer.")),
    "content_filtered": StopReason(_("A content filter cut this answer off.")),
    "malformed_model_output": StopReason(
        _("The model produced an answer that cannot be read."), ("retry",)
    ),
    "malformed_tool_use": StopReason(_("The model tried to use a tool and failed."), ("retry",)),
    "model_context_window_exceeded": StopReason(
        _("The conversation no longer fits the model."), ("regenerate", "new_conversation")
    ),
}
_UNKNOWN_STOP = StopReason(_("The model stopped for a reason this version does not know."))
# Real models do all of these, and call the answer complete.
_EMPTY = _("The model sent an empty answer.")
_BLANK = _("The model sent an answer of white space only.")
_ONLY_REASONING = _("The model thought about it, but wrote no answer.")
_NO_ROOM = _("The model used up the length of its answer by thinking.")


def finished_fields(generation: Generation) -> dict[str, Any]:
    """The fields of ``finished`` for an ended generation; ``None`` values while it is live."""
    live = generation.is_live
    return {
        "status": generation.status,
        "stop_reason": generation.stop_reason,
        "error": _error(generation),
        "usage": _usage(generation),
        "timings": {
            "first_token_ms": generation.first_token_ms,
            "reasoning_ms": generation.reasoning_ms,
            "total_ms": generation.total_ms,
        },
        "actions": [] if live else _actions(generation),
        "note": None if live else _note(generation),
        "attachments": (generation.message.attached if generation.message else None) or [],
        "parts": parts_of(generation.message.content) if generation.message else None,
        "context": generation.context,
    }


def told_as(code: str) -> str:
    """The code of the wire contract for what the record knows more exactly."""
    return FAILURES.get(code, FAILURES["internal"]).told_as or code


def _error(generation: Generation) -> dict[str, Any] | None:
    if not generation.error_code:
        return None
    failure = FAILURES.get(generation.error_code, FAILURES["internal"])
    return {
        "code": told_as(generation.error_code),
        "detail": str(failure.sentence),
        "retryable": failure.retryable,
        "reference": generation.error_reference or None,
    }


def _usage(generation: Generation) -> dict[str, Any] | None:
    if generation.input_tokens is None and generation.output_tokens is None:
        return None
    cost = generation.cost
    return {
        "input_tokens": generation.input_tokens,
        "output_tokens": generation.output_tokens,
        "cache_read_tokens": generation.cache_read_tokens or 0,
        "cache_write_tokens": generation.cache_write_tokens or 0,
        "cost": None if cost is None else float(cost),
        **({"estimated": True} if generation.usage_estimated else {}),
    }


def _actions(generation: Generation) -> list[str]:
    match generation.status:
        case "complete":
            actions = _reason(generation).actions
            return _for_nothing(actions) if _shows_nothing(generation) else list(actions)
        case "stopped":
            return ["continue", "regenerate"]
        case _:
            failure = FAILURES.get(generation.error_code, FAILURES["internal"])
            if generation.error_code == "too_long":
                return ["new_conversation"]
            again = ["retry"] if failure.retryable else ["regenerate"]
            return ["continue", *again] if generation.status == "interrupted" else again


def _for_nothing(actions: tuple[str, ...]) -> list[str]:
    """There is nothing to go on with, and what helps is the same question again."""
    others = [action for action in actions if action not in {"continue", "regenerate", "retry"}]
    return ["retry", *others]


def _note(generation: Generation) -> str | None:
    if generation.status != "complete":
        return None
    sentence = _reason(generation).sentence
    if generation.stop_reason == "guardrail_intervened":
        return explanation(generation.extra.get("guardrail", {}))
    if not _shows_nothing(generation):
        return str(sentence) or None
    message = generation.message
    thought = message is not None and bool(message.reasoning.strip())
    if generation.stop_reason == "max_tokens":
        return str(_NO_ROOM if thought else sentence)
    if sentence:
        return str(sentence)
    if thought:
        return str(_ONLY_REASONING)
    return str(_BLANK if message is not None and message.text else _EMPTY)


def _reason(generation: Generation) -> StopReason:
    return STOP_REASONS.get(generation.stop_reason or "", _UNKNOWN_STOP)


def _shows_nothing(generation: Generation) -> bool:
    """Whether a complete answer has no text that a person could read, and no picture."""
    message = generation.message
    return message is not None and not message.text.strip() and not message.attached
