"""The blocks of an answer, put together from its events: stored where there is more than text.

Pure, for the generation's thread alone. Texts are not kept here but as spans of the answer's text
and reasoning, which the accumulator holds.
"""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Literal

from conversations.text import clean, clean_json
from streaming.bedrock.events import ImageDelta, ToolResultStart, ToolUseStart

Kind = Literal["text", "reasoning"]
_Kind = Literal["text", "reasoning", "tool", "result", "image"]


@dataclass(slots=True)
class _Block:
    kind: _Kind
    spans: list[list[int]] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    signature: str = ""
    redacted: bytes = b""
    tool: ToolUseStart | None = None
    fragments: list[str] = field(default_factory=list)
    answered: ToolResultStart | None = None
    image: bytes = b""
    error: str = ""
    pieces: list[dict[str, Any]] = field(default_factory=list)

    def said(self, whole: str) -> str:
        return "".join(whole[start:end] for start, end in self.spans)


class Blocks:
    """Blocks by their index in the answer; one index may hold text and reasoning."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, str], _Block] = {}

    def grow(self, kind: Kind, index: int, start: int, end: int) -> None:
        """The characters from start to end of the answer's text (or reasoning) belong here."""
        spans = self._block(kind, index).spans
        if spans and spans[-1][1] == start:
            spans[-1][1] = end
        else:
            spans.append([start, end])

    def cite(self, index: int, citation: dict[str, Any]) -> None:
        self._block("text", index).citations.append(citation)

    def sign(self, index: int, signature: str) -> None:
        self._block("reasoning", index).signature += signature

    def redact(self, index: int, data: bytes) -> None:
        self._block("reasoning", index).redacted += data

    def start_tool(self, event: ToolUseStart) -> None:
        self._block("tool", event.block).tool = event

    def tool_input(self, index: int, fragment: str) -> None:
        self._block("tool", index).fragments.append(fragment)

    def start_result(self, event: ToolResultStart) -> None:
        self._block("result", event.block).answered = event

    def result(self, index: int, pieces: list[dict[str, Any]]) -> None:
        self._block("result", index).pieces += pieces

    def image(self, event: ImageDelta) -> None:
        block = self._block("image", event.block)
        block.image += event.data
        block.error = event.error or block.error

    def images(self) -> list[bytes]:
        return [block.image for _, block in self._in_order() if block.image and not block.error]

    def tool(self, index: int) -> dict[str, Any] | None:
        block = self._blocks.get((index, "tool"))
        return None if block is None else _tool_use(block)

    def last_words(self, text: str) -> str:
        """The text of the last of several blocks of text; nothing where there is one."""
        said = [block.said(text) for _, block in self._in_order() if block.kind == "text"]
        return said[-1] if len([each for each in said if each]) > 1 else ""

    def content(self, text: str, reasoning: str, *, signed: bool) -> list[dict[str, Any]] | None:
        """Converse content blocks as JSON (bytes as base64), or None where the text says it all.

        `signed` is False where the reasoning is not what the model wrote (cleaned): its signature
        no longer fits and is left out.
        """
        result: list[dict[str, Any]] = []
        for _, block in self._in_order():
            if block.kind == "text":
                _add_text(result, block, block.said(text))
            elif block.kind == "reasoning":
                _add_reasoning(result, block, block.said(reasoning), signed)
            elif block.kind == "tool":
                result.append({"toolUse": _tool_use(block)})
            elif block.kind == "image":
                result += [{"image": {"error": clean(block.error)}}] if block.error else []
            else:
                result.append({"toolResult": _tool_result(block)})
        return None if all(item.keys() == {"text"} for item in result) else result

    def _in_order(self) -> list[tuple[tuple[int, str], _Block]]:
        return sorted(self._blocks.items(), key=lambda item: item[0][0])

    def _block(self, kind: _Kind, index: int) -> _Block:
        key = (index, kind)
        block = self._blocks.get(key)
        if block is None:
            block = self._blocks[key] = _Block(kind)
        return block


def _add_text(result: list[dict[str, Any]], block: _Block, text: str) -> None:
    if block.citations:
        said = [{"text": text}] if text else []
        citations = clean_json(block.citations)
        result.append({"citationsContent": {"content": said, "citations": citations}})
    elif text and result and result[-1].keys() == {"text"}:
        result[-1]["text"] += text  # some models give each delta an index of its own
    elif text:
        result.append({"text": text})


def _add_reasoning(result: list[dict[str, Any]], block: _Block, text: str, signed: bool) -> None:
    signature = block.signature if signed and clean(block.signature) == block.signature else ""
    if text or signature:
        thought = {"text": text} | ({"signature": signature} if signature else {})
        result.append({"reasoningContent": {"reasoningText": thought}})
    if block.redacted:
        data = b64encode(block.redacted).decode("ascii")
        result.append({"reasoningContent": {"redactedContent": data}})


def _tool_use(block: _Block) -> dict[str, Any]:
    """`input` where the fragments are a JSON object, otherwise `rawInput`, the text as it came."""
    tool: dict[str, Any] = {}
    if block.tool is not None:
        tool = {"toolUseId": clean(block.tool.tool_use_id), "name": clean(block.tool.name)}
        if block.tool.kind != "tool_use":
            tool["type"] = clean(block.tool.kind)
    raw = "".join(block.fragments)
    try:
        parsed = json.loads(raw or "{}")
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        return tool | {"input": clean_json(parsed)}
    return tool | {"rawInput": clean(raw)}


def _tool_result(block: _Block) -> dict[str, Any]:
    result: dict[str, Any] = {"content": clean_json(block.pieces)}
    if block.answered is not None:
        result["toolUseId"] = clean(block.answered.tool_use_id)
        if block.answered.status:
            result["status"] = clean(block.answered.status)
    return result
