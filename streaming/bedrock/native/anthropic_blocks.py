"""Content blocks as Anthropic's own Messages have them, from Converse's."""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any, Final

from streaming.bedrock.loose import Json, items, mapping
from streaming.bedrock.native.dialect import cannot_say
from streaming.bedrock.request import ConverseMessage

# Documents that are text are sent as such; of the others the model reads PDF only.
_TEXTS: Final = frozenset({"txt", "md", "csv", "html"})


def messages_of(messages: Iterable[ConverseMessage]) -> list[Json]:
    """Raises BedrockError for a block that the dialect cannot carry."""
    return [
        {"role": message["role"], "content": _blocks(message["content"])} for message in messages
    ]


def _blocks(content: Iterable[Json]) -> list[Json]:
    blocks: list[Json] = []
    for block in content:
        for name, value in block.items():
            if name != "cachePoint":
                blocks += _block(name, value)
            elif blocks:
                blocks[-1]["cache_control"] = cache_control(value)
    return blocks


def cache_control(point: Json) -> Json:
    """Here the mark is on the last block that is cached; in Converse it is a block after it."""
    lifetime = {"ttl": point["ttl"]} if "ttl" in point else {}
    return {"type": "ephemeral", **lifetime}


def _block(name: str, value: Any) -> list[Json]:
    match name:
        case "text":
            return [{"type": "text", "text": value}]
        case "citationsContent":
            return [{"type": "text", "text": text["text"]} for text in items(value.get("content"))]
        case "image":
            media_type = f"image/{value['format']}"
            return [{"type": "image", "source": _base64(value, media_type)}]
        case "document":
            return [_document(value)]
        case "reasoningContent":
            return [_thought(value)]
        case "toolUse":
            tool = {"id": value["toolUseId"], "name": value["name"], "input": value["input"]}
            return [{"type": value.get("type", "tool_use"), **tool}]
        case "toolResult":
            return [_tool_result(value)]
        case _:
            raise cannot_say(f"block for {name}", "unsupported_attachment")


def _thought(value: Json) -> Json:
    if "redactedContent" in value:
        data = b64encode(value["redactedContent"]).decode()
        return {"type": "redacted_thinking", "data": data}
    said = mapping(value.get("reasoningText"))
    signature = {"signature": said["signature"]} if "signature" in said else {}
    return {"type": "thinking", "thinking": said.get("text", ""), **signature}


def _tool_result(value: Json) -> Json:
    failed = {"is_error": True} if value.get("status") == "error" else {}
    content = _blocks(value.get("content", []))
    return {"type": "tool_result", "tool_use_id": value["toolUseId"], "content": content, **failed}


def _document(value: Json) -> Json:
    if value["format"] == "pdf":
        source: Json = _base64(value, "application/pdf")
    elif value["format"] in _TEXTS:
        text = _bytes(value).decode("utf-8", errors="replace")
        source = {"type": "text", "media_type": "text/plain", "data": text}
    else:
        raise cannot_say(f"documents of the format {value['format']}", "unsupported_attachment")
    document: Json = {"type": "document", "source": source, "title": value["name"]}
    return document | {name: value[name] for name in ("context", "citations") if name in value}


def _base64(value: Json, media_type: str) -> Json:
    data = b64encode(_bytes(value)).decode()
    return {"type": "base64", "media_type": media_type, "data": data}


def _bytes(value: Json) -> bytes:
    source = mapping(value.get("source"))
    if isinstance(content := source.get("bytes"), bytes):
        return content
    if isinstance(text := source.get("text"), str):
        return text.encode()
    raise cannot_say("attachments that are elsewhere", "unsupported_attachment")
