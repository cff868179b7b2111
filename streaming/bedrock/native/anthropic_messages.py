"""Anthropic Messages: the dialect of every Claude since the third, and of the second as well."""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from streaming.bedrock.errors import service_error
from streaming.bedrock.events import (
    BlockStop,
    CitationDelta,
    Event,
    MessageStop,
    Metadata,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSignature,
    TextDelta,
    ToolUseDelta,
    ToolUseStart,
    Unknown,
    Usage,
)
from streaming.bedrock.loose import Json, count, items, mapping, string
from streaming.bedrock.native.anthropic_blocks import cache_control, messages_of
from streaming.bedrock.native.anthropic_citations import citation_of
from streaming.bedrock.native.dialect import Dialect, sampling, unknown
from streaming.bedrock.request import Request

VERSION: Final = "bedrock-2023-05-31"
# Anthropic's other words are Bedrock's.
STOP_REASONS: Final = {"refusal": "content_filtered"}
# Errors inside a stream, by the service's names for the same.
_ERRORS: Final = {
    "overloaded_error": "ServiceUnavailable",
    "rate_limit_error": "Throttling",
    "timeout_error": "ModelTimeout",
    "api_error": "ModelError",
    "invalid_request_error": "Validation",
    "request_too_large": "Validation",
    "permission_error": "AccessDenied",
    "not_found_error": "ResourceNotFound",
}


class AnthropicMessages(Dialect):
    """The stop reason comes before the end, the counts in two parts: kept until message_stop."""

    def __init__(self) -> None:
        self._usage = Usage()
        self._stop_reason: str | None = None
        self._extra: Json | None = None

    def request(self, request: Request) -> Json:
        body: Json = {
            "anthropic_version": VERSION,
            "max_tokens": request.max_tokens,
            "messages": messages_of(request.messages),
        }
        if request.cache_system and request.system:
            mark = {"cache_control": cache_control({})}
            body["system"] = [{"type": "text", "text": request.system, **mark}]
        elif request.system:
            body["system"] = request.system
        body.update(sampling(request))
        return body

    def events(self, chunk: Json) -> Iterator[Event]:
        match chunk.get("type"):
            case "content_block_delta":
                yield _delta(chunk)
            case "content_block_start":
                yield from _start(chunk)
            case "content_block_stop":
                index = count(chunk.get("index"))
                yield unknown(chunk) if index is None else BlockStop(index)
            case "message_start":
                self._count(mapping(chunk.get("message")).get("usage"))
            case "message_delta":
                self._note(mapping(chunk.get("delta")))
                self._count(chunk.get("usage"))
            case "message_stop":
                yield from self._end()
            case "ping":
                pass
            case "error":
                error = mapping(chunk.get("error"))
                kind = str(error.get("type"))
                raise service_error(_ERRORS.get(kind, kind), str(error.get("message") or ""))
            case _:
                yield unknown(chunk)

    def whole(self, body: Json) -> Iterator[Event]:
        for index, block in enumerate(items(body.get("content"))):
            yield from _start({"type": "content", "index": index, "content_block": block})
            if block.get("type") in ("tool_use", "server_tool_use") and "input" in block:
                yield ToolUseDelta(index, json.dumps(block["input"], ensure_ascii=False))
            yield BlockStop(index)
        self._note(body)
        self._count(body.get("usage"))
        yield from self._end()

    def _note(self, told: Json) -> None:
        self._stop_reason = string(told.get("stop_reason")) or self._stop_reason
        names = ("stop_sequence", "stop_details")
        self._extra = {name: told[name] for name in names if told.get(name)} or self._extra

    def _count(self, usage: object) -> None:
        """Later counts replace earlier ones; those that are not told again stay."""
        told = {
            ours: number
            for ours, theirs in _COUNTS.items()
            if (number := count(mapping(usage).get(theirs))) is not None
        }
        self._usage = replace(self._usage, **told)

    def _end(self) -> Iterator[Event]:
        if self._stop_reason is None:
            return
        reason = STOP_REASONS.get(self._stop_reason, self._stop_reason)
        yield MessageStop(reason, self._extra)
        if self._usage != Usage():
            yield Metadata(self._usage, None, None)


_COUNTS: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
}


def _delta(chunk: Json) -> Event:
    block, delta = count(chunk.get("index")), mapping(chunk.get("delta"))
    if block is None:
        return unknown(chunk)
    match delta:
        # Nearly every chunk is the first of these.
        case {"type": "text_delta", "text": str(text)}:
            return TextDelta(text, block)
        case {"type": "thinking_delta", "thinking": str(text)}:
            return ReasoningDelta(text, block)
        case {"type": "signature_delta", "signature": str(text)}:
            return ReasoningSignature(text, block)
        case {"type": "input_json_delta", "partial_json": str(text)}:
            return ToolUseDelta(block, text)
        case {"type": "citations_delta", "citation": dict(cited)}:
            return CitationDelta(block, citation_of(cited))
        case _:
            return Unknown(f"content_block_delta.{delta.get('type')}", chunk)


def _start(chunk: Json) -> Iterator[Event]:
    """What a block holds at its start; in an answer in one piece that is all of it."""
    block, content = count(chunk.get("index")), mapping(chunk.get("content_block"))
    if block is None:
        yield unknown(chunk)
        return
    match content:
        case {"type": "text", "text": str(text)}:
            if text:
                yield TextDelta(text, block)
            for cited in items(content.get("citations")):
                yield CitationDelta(block, citation_of(cited))
        case {"type": "thinking"}:
            if thought := string(content.get("thinking")):
                yield ReasoningDelta(thought, block)
            if signature := string(content.get("signature")):
                yield ReasoningSignature(signature, block)
        case {"type": "redacted_thinking", "data": str(data)}:
            yield _redacted(block, data, chunk)
        case {"type": ("tool_use" | "server_tool_use") as kind, "id": str(tool), "name": str(name)}:
            yield ToolUseStart(block, tool, name, kind)
        case _:
            yield Unknown(f"content_block_start.{content.get('type')}", chunk)


def _redacted(block: int, data: str, chunk: Json) -> Event:
    """Only what comes back byte by byte is of use to the model; the rest is kept as unknown."""
    try:
        decoded = b64decode(data, validate=True)
    except (NotBase64, ValueError):
        decoded = b""
    if b64encode(decoded).decode() != data:
        return Unknown("content_block_start.redacted_thinking", chunk)
    return ReasoningRedacted(decoded, block)
