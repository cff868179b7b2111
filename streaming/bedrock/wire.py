"""ConverseStream's frames, read as our own events: the one place that knows these names.

A known event that lacks what it must have is an unknown one: it is kept, and nothing breaks.
The padding member `p` is left out.
"""

import json
from base64 import b64decode, b64encode

from streaming.bedrock.errors import BedrockError, service_error
from streaming.bedrock.events import (
    BlockStop,
    CitationDelta,
    Event,
    ImageDelta,
    ImageStart,
    MessageStop,
    Metadata,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSignature,
    TextDelta,
    ToolResultDelta,
    ToolResultStart,
    ToolUseDelta,
    ToolUseStart,
    Unknown,
    Usage,
)
from streaming.bedrock.frames import Frame
from streaming.bedrock.loose import Json, count, mapping

_KNOWN = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    }
)


def read_event(frame: Frame) -> Event | None:
    """The event in this frame, or None where it says nothing new (messageStart).

    Raises BedrockError for an exception of the service inside the stream, ValueError for a
    payload that is no JSON.
    """
    headers, payload = frame
    if headers.get(":message-type") != "event":
        return other_message(frame)
    kind = headers.get(":event-type", "")
    return event_of(kind, _body(payload) if kind in _KNOWN else _any_body(payload))


def event_of(kind: str, body: Json) -> Event | None:
    """The event of this name, whatever brought it; None where it says nothing new."""
    match kind:
        # Nearly every event is one of these.
        case "contentBlockDelta":
            event = _delta(body)
        case "contentBlockStop":
            event = _block_stop(body)
        case "contentBlockStart":
            event = _start(body)
        case "messageStart":
            return None
        case "messageStop":
            event = _message_stop(body)
        case "metadata":
            return _metadata(body)
        case _:
            event = None
    return event or _unknown(kind, body)


def read_usage(usage: object) -> Usage:
    """Converse's TokenUsage; what it lacks is 0. (Nova's own dialect calls the caches …Count.)"""
    tokens = mapping(usage)
    read, written = "cacheReadInputToken", "cacheWriteInputToken"
    return Usage(
        input_tokens=count(tokens.get("inputTokens")) or 0,
        output_tokens=count(tokens.get("outputTokens")) or 0,
        cache_read_tokens=count(tokens.get(f"{read}s", tokens.get(f"{read}Count"))) or 0,
        cache_write_tokens=count(tokens.get(f"{written}s", tokens.get(f"{written}Count"))) or 0,
    )


def _delta(body: Json) -> Event | None:
    block, delta = body.get("contentBlockIndex"), body.get("delta")
    if type(block) is not int or type(delta) is not dict:
        return None
    if type(text := delta.get("text")) is str:
        return TextDelta(text, block)
    if type(reasoning := delta.get("reasoningContent")) is dict:
        return _reasoning(reasoning, block)
    if type(fragment := mapping(delta.get("toolUse")).get("input")) is str:
        return ToolUseDelta(block, fragment)
    if type(citation := delta.get("citation")) is dict:
        return CitationDelta(block, citation)
    if type(pieces := delta.get("toolResult")) is list and all(type(p) is dict for p in pieces):
        return ToolResultDelta(block, pieces)
    if type(image := delta.get("image")) is dict:
        return _image(image, block)
    return None


def _image(image: Json, block: int) -> Event | None:
    if type(encoded := mapping(image.get("source")).get("bytes")) is str:
        return ImageDelta(block, b64decode(encoded, validate=True))
    if type(error := image.get("error")) is dict:
        return ImageDelta(block, b"", str(error.get("message") or "failed"))
    return None


def _reasoning(reasoning: Json, block: int) -> Event | None:
    if type(text := reasoning.get("text")) is str:
        return ReasoningDelta(text, block)
    if type(signature := reasoning.get("signature")) is str:
        return ReasoningSignature(signature, block)
    if type(encoded := reasoning.get("redactedContent")) is str:
        return ReasoningRedacted(b64decode(encoded, validate=True), block)
    return None


def _start(body: Json) -> Event | None:
    match body:
        case {
            "contentBlockIndex": int(block),
            "start": {"toolUse": {"toolUseId": str(identity), "name": str(name), **rest}},
        }:
            return ToolUseStart(block, identity, name, str(rest.get("type") or "tool_use"))
        case {
            "contentBlockIndex": int(block),
            "start": {"toolResult": {"toolUseId": str(identity), **rest}},
        }:
            return ToolResultStart(block, identity, str(rest.get("status") or ""))
        case {"contentBlockIndex": int(block), "start": {"image": {"format": str()}}}:
            return ImageStart(block)
        case _:
            return None


def _block_stop(body: Json) -> Event | None:
    block = body.get("contentBlockIndex")
    return BlockStop(block) if type(block) is int else None


def _message_stop(body: Json) -> Event | None:
    reason = body.get("stopReason")
    if type(reason) is not str:
        return None
    return MessageStop(reason, mapping(body.get("additionalModelResponseFields")) or None)


def _metadata(body: Json) -> Event:
    return Metadata(
        usage=read_usage(body.get("usage")),
        latency_ms=count(mapping(body.get("metrics")).get("latencyMs")),
        trace=mapping(body.get("trace")) or None,
    )


def other_message(frame: Frame) -> Event:
    """What a frame says that is no event. Raises BedrockError for an exception of the service."""
    headers, payload = frame
    match headers.get(":message-type"):
        case "exception":
            raise _exception(headers.get(":exception-type", ""), _any_body(payload))
        case "error":
            raise service_error(headers.get(":error-code", ""), headers.get(":error-message", ""))
        case other:
            return _unknown(f"message-type {other}", _any_body(payload))


def _exception(code: str, body: Json) -> BedrockError:
    return service_error(
        code,
        str(body.get("message") or body.get("Message") or ""),
        original_message=str(body.get("originalMessage") or ""),
    )


def _unknown(kind: str, body: Json) -> Unknown:
    """Named by its event and by what is inside, e.g. "contentBlockDelta.image"."""
    inside = body.get("delta") or body.get("start")
    if isinstance(inside, dict):
        kind = ".".join([kind, *sorted(inside)])
    body.pop("p", None)
    return Unknown(kind, body)


def _body(payload: bytes) -> Json:
    body = json.loads(payload.decode())
    return body if type(body) is dict else {"value": body}


def _any_body(payload: bytes) -> Json:
    """What a frame of an unknown kind carries need not be JSON."""
    try:
        return _body(payload)
    except ValueError:
        return {"base64": b64encode(payload).decode()}
