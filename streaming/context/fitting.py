"""A branch of a conversation becomes a request that the model takes.

What Converse demands: the first message is the user's, roles alternate, no text is blank, the last
message is the user's, and input and answer together fit into the model's window. The system prompt
and the newest message are sent as they are or not at all; what has to go is the oldest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conversations.text import clean
from streaming.bedrock.request import Request
from streaming.context.estimate import MESSAGE_TOKENS, REQUEST_TOKENS, tokens
from streaming.context.messages import last_stable, merged
from streaming.context.trimming import PINS_SHARE, Room, chosen, pinned_tokens
from streaming.context.turns import Sendable, Turn, sendable

DEFAULT_MAX_TOKENS = 4096
LEAST_ANSWER = 512  # tokens; a message that leaves less for its answer is too long

_NO_QUESTION = "the last turn is the user's message"
_SUMMARY = "Summary of the earlier part of this conversation, which is not sent again:"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`context_window` is input and output together; it and `max_output` are in tokens.

    `cached_from`: the smallest prefix, in tokens, that the model keeps between requests; None for
    one that keeps none.
    """

    model_id: str
    context_window: int
    max_output: int
    takes_system_prompt: bool = True
    cached_from: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """`sent` are the indices of the turns that the request holds; from `sent_from` on all that can
    be sent are, what is sent before that is pinned. `left_out` counts the messages that say
    something and are not sent, `cut` those of them that would be if there were more room.
    `summarised`: the summary stands for them.

    `estimated_input_tokens` is `counted` where the model has counted all messages.
    `uncorrected_input_tokens` is the estimate without the ratio: the first half of the pairs that
    `calibration` learns from. `budget` is what input may take before history is cut.
    """

    request: Request
    left_out: int
    cut: int
    estimated_input_tokens: int
    uncorrected_input_tokens: int
    sent: tuple[int, ...]
    sent_from: int
    budget: int
    counted: bool
    summarised: bool


class TooLong(Exception):
    """The newest message does not fit, even without any history. Sizes in estimated tokens."""

    code = "too_long"

    def __init__(self, *, message_tokens: int, limit: int) -> None:
        super().__init__(f"about {message_tokens} tokens, {limit} fit")
        self.message_tokens = message_tokens
        self.limit = limit


@dataclass(frozen=True, slots=True)
class _Space:
    """Where the window goes; everything in tokens as the model counts them."""

    window: int
    wanted: int

    @property
    def usable(self) -> int:
        """The window without a reserve, since an estimate is an estimate."""
        return self.window - max(64, self.window // 50)

    def for_history(self) -> int:
        """Input that leaves room for the answer asked for, of half the window at most."""
        return self.usable - min(self.wanted, self.window // 2)

    def for_newest(self) -> int:
        """Input that leaves room for a short answer at least."""
        return self.usable - max(1, min(self.wanted, LEAST_ANSWER, self.window // 8))

    def for_answer(self, input_tokens: int, squeeze: float) -> int:
        return max(1, min(self.wanted, math.floor((self.usable - input_tokens) * squeeze)))


def build(
    turns: Sequence[Turn],
    *,
    model: ModelFacts,
    system_prompt: str = "",
    summary: str = "",
    options: Mapping[str, Any] | None = None,
    ratio: float = 1.0,
    squeeze: float = 1.0,
    prefill: str = "",
    tools: bool = False,
) -> Context:
    """The request that answers the last of the turns.

    `options` are those of a conversation (temperature, top_p, max_tokens); values that no model
    takes are ignored or clipped. `summary` is sent behind the system prompt where something is
    left out. `ratio` is the model's `calibration`. `squeeze` below 1 makes history and answer
    smaller than estimated, for another try when the model says that it was too long.
    `prefill` is the beginning of the answer, for a model that goes on with it; without white space
    at its end. `tools`: the request will define tools, so that blocks of their use may be sent.

    Raises TooLong, and ValueError when the last turn is not a user's message with text.
    """
    if not turns or turns[-1].role != "user" or turns[-1].is_blank:
        raise ValueError(_NO_QUESTION)
    messages = sendable(turns, tools=tools)
    if not messages or messages[-1].role != "user":
        raise ValueError(_NO_QUESTION)
    options = options or {}
    space = _Space(model.context_window, _wanted_tokens(options.get("max_tokens"), model))
    system = _system(system_prompt)
    fixed = _fixed(system, prefill)
    sent = chosen(messages, _room(space, fixed, ratio, squeeze))
    summarised = bool(summary.strip()) and len(sent) < len(messages)
    if summarised:
        system = _system(system_prompt, f"{_SUMMARY}\n\n{summary}")
        fixed = _fixed(system, prefill)
        sent = chosen(messages, _room(space, fixed, ratio, squeeze))

    estimated = math.ceil(fixed * ratio + sum(message.tokens(ratio) for message in sent))
    if estimated > space.for_newest():
        raise TooLong(
            message_tokens=math.ceil(sum(message.tokens(ratio) for message in sent)),
            limit=max(0, math.floor(space.for_newest() - fixed * ratio)),
        )
    folded = "" if model.takes_system_prompt else system
    behind = _cached_behind(sent, fixed, model)
    request = Request(
        model_id=model.model_id,
        messages=merged(sent, folded=folded, prefill=prefill, cached=behind),
        system="" if folded else system,
        cache_system=not folded and _is_cached(tokens(system), model),
        max_tokens=space.for_answer(estimated, squeeze),
        temperature=_fraction(options.get("temperature")),
        top_p=_fraction(options.get("top_p")),
    )
    return Context(
        request=request,
        left_out=sum(1 for turn in turns if not turn.is_blank) - len(sent),
        cut=len(messages) - len(sent),
        estimated_input_tokens=estimated,
        uncorrected_input_tokens=fixed + sum(message.size for message in sent),
        sent=tuple(message.at for message in sent),
        sent_from=_sent_from(sent, messages),
        budget=space.for_history(),
        counted=all(message.counted is not None for message in sent),
        summarised=summarised,
    )


class PinsTooLong(Exception):
    """What is pinned would take so much that little is left to talk in. Sizes in tokens."""

    def __init__(self, *, pinned_tokens: int, limit: int) -> None:
        super().__init__(f"about {pinned_tokens} tokens, {limit} may be pinned")
        self.pinned_tokens = pinned_tokens
        self.limit = limit


def check_pins(
    turns: Sequence[Turn],
    *,
    model: ModelFacts,
    system_prompt: str = "",
    options: Mapping[str, Any] | None = None,
    ratio: float = 1.0,
) -> None:
    """Raises PinsTooLong where the turns that are pinned are more than is sent of such."""
    wanted = _wanted_tokens((options or {}).get("max_tokens"), model)
    fixed = _fixed(_system(system_prompt), "")
    room = _room(_Space(model.context_window, wanted), fixed, ratio)
    taken, limit = pinned_tokens(sendable(turns, tools=False), room), room.history * PINS_SHARE
    if taken > limit:
        raise PinsTooLong(pinned_tokens=math.ceil(taken), limit=max(0, math.floor(limit)))


def _system(*parts: str) -> str:
    return "\n\n".join(clean(part) for part in parts if part.strip())


def _fixed(system: str, prefill: str) -> int:
    """Tokens, by estimate, of what is sent whatever is left out."""
    return REQUEST_TOKENS + sum(tokens(text) + MESSAGE_TOKENS for text in (system, prefill) if text)


def _room(space: _Space, fixed: int, ratio: float, squeeze: float = 1.0) -> Room:
    taken = fixed * ratio
    return Room(space.for_history() * squeeze - taken, space.for_newest() - taken, ratio)


def _sent_from(sent: Sequence[Sendable], messages: Sequence[Sendable]) -> int:
    """The index of the turn from which on nothing is left out that can be sent."""
    behind = len(messages) - len(sent)
    first = next(at for at, message in enumerate(sent) if message is messages[behind + at])
    return sent[first].at


def _cached_behind(sent: Sequence[Sendable], fixed: int, model: ModelFacts) -> int | None:
    """The message behind which the prefix ends that the next request will begin with.

    By the estimate as it is: the ratio can change from one request to the next, or be the highest
    that there is, and a mark too many costs nothing.
    """
    at = last_stable(sent)
    if at is None:
        return None
    size = fixed + sum(message.size for message in sent[: at + 1])
    return at if _is_cached(size, model) else None


def _is_cached(size: float, model: ModelFacts) -> bool:
    return model.cached_from is not None and size >= model.cached_from


def _wanted_tokens(value: object, model: ModelFacts) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        value = DEFAULT_MAX_TOKENS
    return max(1, min(value, model.max_output))


def _fraction(value: object) -> float | None:
    """Between 0 and 1, or None where the model's default holds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(min(max(value, 0), 1))
