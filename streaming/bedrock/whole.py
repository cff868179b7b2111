"""An answer in one piece, in Converse's form, told as the events that would have streamed it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import Event
from streaming.bedrock.loose import Json, items, mapping
from streaming.bedrock.wire import event_of


def read_whole(body: Json) -> Iterator[Event]:
    """The events of a result of Converse, parsed by boto3 or plain JSON.

    Raises BedrockError where half of it is missing, as of a document that was cut off.
    """
    message = mapping(mapping(body.get("output")).get("message"))
    if "content" not in message or not isinstance(body.get("stopReason"), str):
        raise BedrockError("model_stream_error", retryable=True, cause="half an answer")
    for index, block in enumerate(items(on_the_wire(message["content"]))):
        for kind, what in _parts(block):
            event = event_of(kind, {"contentBlockIndex": index, **what})
            if event is not None:
                yield event
    for kind in ("messageStop", "metadata"):
        event = event_of(kind, on_the_wire(body))
        if event is not None:
            yield event


def on_the_wire(value: Any) -> Any:
    """The same value as JSON has it: boto3 makes bytes of what is base64 on the wire."""
    match value:
        case bytes():
            return b64encode(value).decode()
        case dict():
            return {key: on_the_wire(inner) for key, inner in value.items()}
        case list():
            return [on_the_wire(inner) for inner in value]
        case _:
            return value


def _parts(block: Json) -> Iterator[tuple[str, Json]]:
    """A content block as the names and the bodies of the events that stream it."""
    for name, value in block.items():
        match name:
            case "reasoningContent":
                for piece in _thoughts(mapping(value)):
                    yield _delta({"reasoningContent": piece})
            case "toolUse":
                tool = dict(mapping(value))
                written = tool.pop("input", {})
                yield "contentBlockStart", {"start": {"toolUse": tool}}
                yield _delta({"toolUse": {"input": json.dumps(written, ensure_ascii=False)}})
            case "toolResult":
                result = dict(mapping(value))
                given = result.pop("content", [])
                yield "contentBlockStart", {"start": {"toolResult": result}}
                yield _delta({"toolResult": given})
            case "image":
                picture = dict(mapping(value))
                yield "contentBlockStart", {"start": {"image": {"format": picture.get("format")}}}
                yield _delta({"image": picture})
            case "citationsContent":
                for text in items(mapping(value).get("content")):
                    yield _delta(text)
                for citation in items(mapping(value).get("citations")):
                    yield _delta({"citation": citation})
            case _:
                yield _delta({name: value})
    yield "contentBlockStop", {}


def _thoughts(reasoning: Json) -> Iterator[Json]:
    said = mapping(reasoning.get("reasoningText"))
    yield from ({name: said[name]} for name in ("text", "signature") if name in said)
    yield from ({name: value} for name, value in reasoning.items() if name != "reasoningText")


def _delta(delta: Json) -> tuple[str, Json]:
    return "contentBlockDelta", {"delta": delta}
