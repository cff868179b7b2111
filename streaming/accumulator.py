"""What one run of a model has said so far, and what of it is due for sending.

Pure: no I/O, no Django, no Channels. The generation's thread adds events, the pump's ticker takes
what is due; one small lock keeps the two apart.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from conversations.text import Cleaner, clean, clean_json
from streaming.bedrock.events import (
    BlockStop,
    CitationDelta,
    Event,
    ImageDelta,
    MessageStop,
    Metadata,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSignature,
    Started,
    TextDelta,
    ToolResultDelta,
    ToolResultStart,
    ToolUseDelta,
    ToolUseStart,
    Unknown,
    Usage,
)
from streaming.blocks import Blocks, Kind

# Characters. As JSON in UTF-8 one is at most six bytes, so a piece always fits into the window of
# 256 KiB that a socket may have unacknowledged.
PIECE_LIMIT = 32_000

NAME_LIMIT = 64  # characters, of stop reasons and kinds: they come from outside

# Of what nobody knows yet: enough to learn from, not enough to fill a table.
UNKNOWN_KINDS = 50
UNKNOWN_KEPT = 20
UNKNOWN_BYTES = 4096


class Piece(NamedTuple):
    """Text to send: never empty, at most PIECE_LIMIT characters."""

    kind: Kind
    text: str


class Accumulator:
    """The answer of one attempt.

    `add` and everything about the whole answer are for the generation's thread, `take` and what
    was taken for the ticker. The pieces taken so far, joined, are `taken_text()` and
    `taken_reasoning()`, character by character, so a checkpoint that one thread writes between two
    calls of `take` holds exactly what was sent.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._due: list[tuple[Kind, list[str]]] = []
        self._taken: dict[Kind, list[str]] = {"text": [], "reasoning": []}
        self._length: dict[Kind, int] = {"text": 0, "reasoning": 0}
        self._last_block: dict[Kind, int] = {"text": 0, "reasoning": 0}
        self._cleaners: dict[Kind, Cleaner] = {"text": Cleaner(), "reasoning": Cleaner()}
        self._blocks = Blocks()
        self.events = 0  # so that a clock elsewhere can see silence
        self.first_delta_at: float | None = None  # by the clock given
        self._thought = 0.0  # seconds
        self._thinks_since: float | None = None
        self.request_id = ""
        self.stop_reason: str | None = None
        self.extra: Any = None
        self.usage: Usage | None = None
        self.latency_ms: int | None = None
        self.trace: Any = None
        self.unknown: dict[str, int] = {}
        self.unknown_raw: list[dict[str, Any]] = []

    def add(self, event: Event) -> None:
        """Takes in one event of the model. Text after messageStop is counted, not kept."""
        self.events += 1
        match event:
            case TextDelta():
                self._hear("text", event.text, event.block)
            case ReasoningDelta():
                self._hear("reasoning", event.text, event.block)
            case BlockStop():
                pass
            case MessageStop():
                self._stop(event)
            case Started() | Metadata() | Unknown():
                self._note(event)
            case _:
                self._keep(event)

    def take(self) -> list[Piece]:
        """What is due for sending since the last call; neighbours of one kind are one piece."""
        if not self._due:  # most ticks find nothing; what comes meanwhile is due at the next
            return []
        pieces: list[Piece] = []
        with self._lock:
            due, self._due = self._due, []
            for kind, parts in due:
                text = "".join(parts)
                self._taken[kind].append(text)
                pieces += [Piece(kind, part) for part in _cut(text)]
        return pieces

    def taken_text(self) -> str:
        return self._join_taken("text")

    def taken_reasoning(self) -> str:
        return self._join_taken("reasoning")

    @property
    def has_due(self) -> bool:
        return bool(self._due)

    @property
    def text(self) -> str:
        """All text so far, taken or not."""
        return self._join_all("text")

    @property
    def reasoning(self) -> str:
        return self._join_all("reasoning")

    @property
    def is_blank(self) -> bool:
        """Whether a person would see no answer: no text, or white space only."""
        return not self.text.strip()

    def content(self) -> list[dict[str, Any]] | None:
        """The answer as Converse content blocks (JSON; bytes as base64), None if it is only text.

        Signatures are as the model gave them; a tool's input that is no JSON object is `rawInput`.
        """
        signed = not self._cleaners["reasoning"].replaced
        return self._blocks.content(self.text, self.reasoning, signed=signed)

    @property
    def thought(self) -> float:
        """Seconds that it reasoned, up to what came next, or up to now."""
        since = self._thinks_since
        return self._thought + (0.0 if since is None else self._clock() - since)

    @property
    def last_words(self) -> str:
        """The text of the last of several blocks; nothing where there is one."""
        return self._blocks.last_words(self.text)

    def retract(self, text: str) -> None:
        """What was said is void, and this text stands in its place: nothing of it is due."""
        with self._lock:
            self._due = []
            self._taken = {"text": [text] if text else [], "reasoning": []}
        self._length = {"text": 0, "reasoning": 0}
        self._blocks = Blocks()

    @property
    def images(self) -> list[bytes]:
        """The files of its pictures; they are no part of `content`."""
        return self._blocks.images()

    def tool(self, block: int) -> dict[str, Any] | None:
        """The tool that the model uses in this block, as `content` gives it."""
        return self._blocks.tool(block)

    def _hear(self, kind: Kind, text: str, block: int) -> None:
        if self.stop_reason is not None:
            self._count("delta after messageStop")
            return
        self._last_block[kind] = block
        self._append(kind, self._cleaners[kind].feed(text))

    def _append(self, kind: Kind, text: str) -> None:
        if not text:
            return
        if self.first_delta_at is None:
            self.first_delta_at = self._clock()
        if kind == "reasoning" and self._thinks_since is None:
            self._thinks_since = self._clock()
        elif kind == "text":
            self._stop_thinking()
        start = self._length[kind]
        self._length[kind] = end = start + len(text)
        self._blocks.grow(kind, self._last_block[kind], start, end)
        with self._lock:
            if self._due and self._due[-1][0] == kind:
                self._due[-1][1].append(text)
            else:
                self._due.append((kind, [text]))

    def _stop_thinking(self) -> None:
        if self._thinks_since is not None:
            self._thought += self._clock() - self._thinks_since
            self._thinks_since = None

    def _stop(self, event: MessageStop) -> None:
        if self.stop_reason is not None:
            self._count("second messageStop")
            return
        self._append("reasoning", self._cleaners["reasoning"].flush())
        self._append("text", self._cleaners["text"].flush())
        self._stop_thinking()
        self.stop_reason = clean(event.stop_reason)[:NAME_LIMIT]
        self.extra = clean_json(event.extra)

    def _note(self, event: Started | Metadata | Unknown) -> None:
        match event:
            case Started():
                self.request_id = clean(event.request_id)
            case Metadata():
                self.usage = event.usage
                self.latency_ms = event.latency_ms
                self.trace = clean_json(event.trace)
            case Unknown():
                self._count(event.kind)
                self._keep_raw(event)

    def _keep(self, event: Event) -> None:
        match event:
            case ReasoningSignature():
                self._blocks.sign(event.block, event.signature)
            case ReasoningRedacted():
                self._blocks.redact(event.block, event.data)
            case CitationDelta():
                self._blocks.cite(event.block, event.citation)
            case ToolUseStart():
                self._blocks.start_tool(event)
            case ToolUseDelta():
                self._blocks.tool_input(event.block, event.fragment)
            case ToolResultStart():
                self._blocks.start_result(event)
            case ImageDelta():
                self._blocks.image(event)
            case ToolResultDelta():
                self._blocks.result(event.block, event.pieces)

    def _count(self, kind: str) -> None:
        kind = clean(kind[:NAME_LIMIT])
        if kind not in self.unknown and len(self.unknown) >= UNKNOWN_KINDS:
            kind = "others"
        self.unknown[kind] = self.unknown.get(kind, 0) + 1

    def _keep_raw(self, event: Unknown) -> None:
        if len(self.unknown_raw) >= UNKNOWN_KEPT:
            return
        raw = clean_json(event.raw)
        size = len(json.dumps(raw))
        kept = {"raw": raw} if size <= UNKNOWN_BYTES else {"bytes": size}
        self.unknown_raw.append({"kind": clean(event.kind[:NAME_LIMIT])} | kept)

    def _join_taken(self, kind: Kind) -> str:
        with self._lock:
            parts = self._taken[kind]
            if len(parts) > 1:
                parts[:] = ["".join(parts)]  # so that the next checkpoint joins only what is new
            return parts[0] if parts else ""

    def _join_all(self, kind: Kind) -> str:
        with self._lock:
            due = [part for due, parts in self._due if due == kind for part in parts]
            return "".join(self._taken[kind] + due)


def _cut(text: str) -> list[str]:
    if len(text) <= PIECE_LIMIT:
        return [text]
    return [text[start : start + PIECE_LIMIT] for start in range(0, len(text), PIECE_LIMIT)]
