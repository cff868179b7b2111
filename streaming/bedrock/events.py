"""What a model emits, in our own words: one small union, whatever dialect it came in.

`block` is the index of the content block that an event belongs to. Blocks can overlap in the
order of their events, so an index says more than "the last block that started".
"""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the service counted them. `input_tokens` leaves out what came from a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Started:
    """The service accepted the request (HTTP 200); an error can still be the next thing it says."""

    request_id: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text exactly as sent: it can be empty, and can hold what a database refuses."""

    text: str
    block: int


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str
    block: int


@dataclass(frozen=True, slots=True)
class ReasoningSignature:
    """Goes back to the model unchanged, with the text of its block."""

    signature: str
    block: int


@dataclass(frozen=True, slots=True)
class ReasoningRedacted:
    """Reasoning that only the model's provider can read; goes back unchanged."""

    data: bytes
    block: int


@dataclass(frozen=True, slots=True)
class ToolUseStart:
    """`kind` is "tool_use", or "server_tool_use" for a tool that the service runs by itself."""

    block: int
    tool_use_id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class ToolUseDelta:
    """A piece of the JSON text of the tool's input; often the first one is empty."""

    block: int
    fragment: str


@dataclass(frozen=True, slots=True)
class ToolResultStart:
    """What a tool gave that the service ran by itself; `status` is Bedrock's word, or empty."""

    block: int
    tool_use_id: str
    status: str


@dataclass(frozen=True, slots=True)
class ToolResultDelta:
    """Pieces of the result, each `{"text": …}` or `{"json": …}`."""

    block: int
    pieces: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ImageStart:
    """A picture follows, in a block of its own."""

    block: int


@dataclass(frozen=True, slots=True)
class ImageDelta:
    """A piece of a picture's file; `error` says, in the service's words, why there is none."""

    block: int
    data: bytes
    error: str = ""


@dataclass(frozen=True, slots=True)
class CitationDelta:
    """One citation (Converse's CitationsDelta); it can come before the text that it belongs to."""

    block: int
    citation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BlockStop:
    block: int


@dataclass(frozen=True, slots=True)
class MessageStop:
    """The answer is whole. `extra` holds the model's own additional response fields."""

    stop_reason: str
    extra: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """Comes after MessageStop, and not always."""

    usage: Usage
    latency_ms: int | None
    trace: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What this version does not know. `kind` names it, e.g. "contentBlockDelta.video"."""

    kind: str
    raw: dict[str, Any]


Event: TypeAlias = (
    Started
    | TextDelta
    | ReasoningDelta
    | ReasoningSignature
    | ReasoningRedacted
    | ToolUseStart
    | ToolUseDelta
    | ToolResultStart
    | ToolResultDelta
    | ImageStart
    | ImageDelta
    | CitationDelta
    | BlockStop
    | MessageStop
    | Metadata
    | Unknown
)
