"""The content blocks of an answer as the events in which ConverseStream sends them."""

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .steps import Event

Json = dict[str, Any]


def _tool_id() -> str:
    return f"tooluse_{uuid.uuid4().hex[:22]}"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool the model wants to use; `kind` is "server_tool_use" where the service runs it."""

    name: str
    input: str = "{}"
    id: str = field(default_factory=_tool_id)
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool that the service ran while it answered, with what it gave: blocks of a toolResult."""

    name: str
    input: str
    results: Sequence[Json]
    result_type: str
    id: str = field(default_factory=_tool_id)


@dataclass(frozen=True, slots=True)
class Passage:
    """Text in a block of its own, with the citations that belong to it."""

    text: str
    citations: Sequence[Json] = ()


def block_of(deltas: list[Json], start: Json | None = None) -> list[Event]:
    """A block that has no number yet. Text and reasoning have no contentBlockStart."""
    return [
        *([] if start is None else [Event("contentBlockStart", {"start": start})]),
        *(Event("contentBlockDelta", {"delta": delta}) for delta in deltas),
        Event("contentBlockStop", {}),
    ]


def numbered(blocks: list[list[Event]]) -> list[Event]:
    """The events of all blocks, which are numbered from 0."""
    return [
        Event(event.kind, event.payload | {"contentBlockIndex": index})
        for index, block in enumerate(blocks)
        for event in block
    ]


def reasoning_block(pieces: list[str], signature: str | None) -> list[Event]:
    deltas: list[Json] = [{"reasoningContent": {"text": piece}} for piece in pieces]
    if signature is not None:
        deltas.append({"reasoningContent": {"signature": signature}})
    return block_of(deltas)


def redacted_block(data: bytes) -> list[Event]:
    return block_of([{"reasoningContent": {"redactedContent": base64.b64encode(data).decode()}}])


def text_block(pieces: list[str], citations: Sequence[Json]) -> list[Event]:
    # The service sends citations before the text that they belong to.
    cited = [{"citation": citation} for citation in citations]
    return block_of([*cited, *({"text": piece} for piece in pieces)])


def tool_block(tool: ToolUse) -> list[Event]:
    start: Json = {"name": tool.name, "toolUseId": tool.id}
    if tool.kind is not None:
        start["type"] = tool.kind
    middle = len(tool.input) // 2
    pieces = ("", tool.input[:middle], tool.input[middle:])
    return block_of([{"toolUse": {"input": piece}} for piece in pieces], {"toolUse": start})


def server_tool_blocks(tool: ServerTool) -> list[list[Event]]:
    """Two blocks: what was asked of the tool, and what it gave."""
    result = {"toolUseId": tool.id, "type": tool.result_type, "status": "success"}
    return [
        tool_block(ToolUse(tool.name, tool.input, tool.id, "server_tool_use")),
        block_of([{"toolResult": list(tool.results)}], {"toolResult": result}),
    ]


def image_block(png: bytes | None) -> list[Event]:
    """A picture; None: the service says that it could not be made."""
    if png is None:
        delta: Json = {"error": {"message": "The image could not be generated."}}
    else:
        delta = {"source": {"bytes": base64.b64encode(png).decode()}}
    return block_of([{"image": delta}], {"image": {"format": "png"}})
