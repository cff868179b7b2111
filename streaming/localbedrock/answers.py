"""An answer of a model as data: what it says, how it ends, and where it breaks."""

import math
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .answer_blocks import (
    Passage,
    ServerTool,
    ToolUse,
    image_block,
    numbered,
    reasoning_block,
    redacted_block,
    server_tool_blocks,
    text_block,
    tool_block,
)
from .estimate import output_tokens
from .history import Call
from .models import find
from .prompt_cache import input_usage
from .steps import Event, Open, Paced, Step, Wait

CHARACTERS_PER_TOKEN = 4

# Word by word with the space before it, long words in pieces: about what models send.
_PIECES = re.compile(r"\s*\S{1,8}|\s+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says: reasoning, redacted reasoning, tools that the service ran, citations,
    text, passages, images (None: one that failed), tools, in this order.

    `deltas` gives the pieces of the text exactly (empty ones too); else it is cut into words.
    `stop_reason` None means tool_use with tools and end_turn otherwise. The answer is cut at the
    request's maxTokens (four characters each) and stop sequences unless `whole`.
    `extra` events come after the first piece. `pace` is in deltas per second (0: all at once, None:
    the endpoint's own), `first_after` the seconds from the headers to the first event,
    `headers_after` those before the headers.
    `then` breaks the answer off: it comes after `after` content deltas (None: after all of them,
    "stop": after messageStop) and nothing of the answer follows it.
    """

    text: str = ""
    reasoning: str = ""
    signature: str | None = None
    redacted: bytes | None = None
    served: Sequence[ServerTool] = ()
    citations: Sequence[dict[str, Any]] = ()
    passages: Sequence[Passage] = ()
    images: Sequence[bytes | None] = ()
    tool_uses: Sequence[ToolUse] = ()
    deltas: Sequence[str] | None = None
    stop_reason: str | None = None
    stop_fields: dict[str, Any] | None = None
    usage: dict[str, int] | None = None
    latency_ms: int | None = None
    trace: dict[str, Any] | None = None
    metadata: bool = True
    extra: Sequence[Event] = ()
    pace: float | None = None
    first_after: float = 0.0
    headers_after: float = 0.0
    then: Step | Sequence[Step] | None = None
    after: int | Literal["stop"] | None = None
    whole: bool = False

    async def steps(self, call: Call) -> AsyncGenerator[Step, None]:
        if self.headers_after:
            yield Wait(self.headers_after)
        yield Open()
        if self.first_after:
            yield Wait(self.first_after)
        events = self.events(call)
        if self.then is None:
            yield Paced(events, self.pace)
            return
        yield Paced(events[: self._break(events)], self.pace)
        for step in self.then if isinstance(self.then, Sequence) else (self.then,):
            yield step

    def events(self, call: Call) -> list[Event]:
        """Everything that ConverseStream sends for this answer, from messageStart to metadata."""
        said, limit = self._limited(call)
        tools = () if limit else self.tool_uses
        content = numbered(self._blocks(said, tools))
        # Behind the first piece, that is, or alone where there is none.
        content[1:1] = self.extra
        whole = [*said.reasoning, *said.text, *(piece for p in said.passages for piece in p)]
        told = "".join([*whole, *(tool.name + tool.input for tool in tools)])
        return [
            Event("messageStart", {"role": "assistant"}),
            *content,
            self._message_stop(limit),
            *([self._metadata(call, told)] if self.metadata else []),
        ]

    def _blocks(self, said: "_Said", tools: Sequence[ToolUse]) -> list[list[Event]]:
        blocks = []
        if self.reasoning:
            blocks.append(reasoning_block(said.reasoning, self.signature))
        if self.redacted is not None:
            blocks.append(redacted_block(self.redacted))
        for served in self.served:
            blocks += server_tool_blocks(served)
        if said.text or self.citations:
            blocks.append(text_block(said.text, self.citations))
        for pieces, passage in zip(said.passages, self.passages, strict=False):
            blocks.append(text_block(pieces, passage.citations))
        blocks += [image_block(image) for image in self.images]
        return blocks + [tool_block(tool) for tool in tools]

    def _limited(self, call: Call) -> tuple["_Said", str | None]:
        """What is said as far as the request allows, in pieces, and what stopped it."""
        reasoning = _PIECES.findall(self.reasoning)
        text = _text_pieces(self)
        passages = [_PIECES.findall(passage.text) for passage in self.passages]
        if self.whole:
            return _Said(reasoning, text, passages), None
        text, stopped = _until_sequence(text, call.stop_sequences)
        if stopped:
            passages = []
        left = (call.max_tokens or find(call.model_id).max_output) * CHARACTERS_PER_TOKEN
        reasoning, left = _first_characters(reasoning, left)
        text, left = _first_characters(text, left)
        kept = []
        for pieces in passages:
            if left >= 0:
                pieces, left = _first_characters(pieces, left)
                kept.append(pieces)
        said = _Said(reasoning, text, kept)
        if left < 0:
            return said, "max_tokens"
        return said, "stop_sequence" if stopped else None

    def _message_stop(self, limit: str | None) -> Event:
        usual = "tool_use" if self.tool_uses else "end_turn"
        payload: dict[str, Any] = {"stopReason": limit or self.stop_reason or usual}
        if self.stop_fields is not None:
            payload["additionalModelResponseFields"] = self.stop_fields
        return Event("messageStop", payload)

    def _metadata(self, call: Call, said: str) -> Event:
        read, wrote = input_usage(call), output_tokens(said)
        usage = read | {"outputTokens": wrote, "totalTokens": sum(read.values()) + wrote}
        payload: dict[str, Any] = {
            "usage": usage | (self.usage or {}),
            "metrics": {"latencyMs": self.latency_ms or 320 + math.ceil(wrote * 12.5)},
        }
        if self.trace is not None:
            payload["trace"] = self.trace
        return Event("metadata", payload)

    def _break(self, events: list[Event]) -> int:
        """How many events come before `then`."""
        if self.after == "stop":
            return next(i for i, e in enumerate(events) if e.kind == "messageStop") + 1
        deltas = [i for i, event in enumerate(events) if event.kind == "contentBlockDelta"]
        if self.after is not None:
            deltas = deltas[: self.after]
        return deltas[-1] + 1 if deltas else 1


@dataclass(frozen=True, slots=True)
class _Said:
    """The pieces in which it goes out."""

    reasoning: list[str]
    text: list[str]
    passages: list[list[str]]


def pieces_of(answer: Answer) -> list[str]:
    """The pieces in which an answer goes out if nothing limits it: reasoning, then text."""
    return _PIECES.findall(answer.reasoning) + _text_pieces(answer)


def _text_pieces(answer: Answer) -> list[str]:
    return list(answer.deltas) if answer.deltas is not None else _PIECES.findall(answer.text)


def _until_sequence(pieces: list[str], sequences: list[str]) -> tuple[list[str], bool]:
    text = "".join(pieces)
    ends = [at for sequence in sequences if (at := text.find(sequence)) >= 0]
    if not ends:
        return pieces, False
    return _first_characters(pieces, min(ends))[0], True


def _first_characters(pieces: list[str], allowed: int) -> tuple[list[str], int]:
    """The pieces within so many characters, and how many are left: -1 when some did not fit."""
    kept: list[str] = []
    for piece in pieces:
        if len(piece) > allowed:
            return kept + ([piece[:allowed]] if allowed > 0 else []), -1
        kept.append(piece)
        allowed -= len(piece)
    return kept, allowed
