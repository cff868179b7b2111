"""Anthropic Messages: requests. The answers are in anthropic_answers.py."""

import itertools
from typing import Any

from ..history import Call
from ..models import Model
from ..refusals import refuse
from . import anthropic_answers
from .dialect import Json, Writer

_VERSION = "bedrock-2023-05-31"
_REQUIRED = ("anthropic_version", "max_tokens", "messages")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "anthropic_version": str,
    "anthropic_beta": list,
    "max_tokens": int,
    "messages": list,
    "metadata": dict,
    "output_config": dict,
    "stop_sequences": list,
    "system": (str, list),
    "temperature": (int, float),
    "thinking": dict,
    "tool_choice": dict,
    "tools": list,
    "top_k": int,
    "top_p": (int, float),
}
# What Converse passes on as it is.
_FIELDS = ("thinking", "output_config", "top_k")


def read(body: Json, model: Model) -> Json:
    _check(body, model)
    inference = {
        name: body[native]
        for name, native in (
            ("maxTokens", "max_tokens"),
            ("temperature", "temperature"),
            ("topP", "top_p"),
            ("stopSequences", "stop_sequences"),
        )
        if native in body
    }
    request: Json = {
        "messages": [_message(m, f"messages.{at}") for at, m in enumerate(body["messages"])],
        "inferenceConfig": inference,
    }
    if system := body.get("system"):
        blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
        request["system"] = _blocks(blocks, "system")
    if tools := body.get("tools"):
        request["toolConfig"] = {"tools": [_tool(tool) for tool in tools]}
    if fields := {name: body[name] for name in _FIELDS if name in body}:
        request["additionalModelRequestFields"] = fields
    return request


def writer(call: Call) -> Writer:
    return anthropic_answers.Chunks(call)


def whole(document: Json, call: Call) -> Json:
    return anthropic_answers.message(document, call)


def _check(body: Json, model: Model) -> None:
    for name in _REQUIRED:
        if name not in body:
            refuse(f"{name}: Field required")
    for name, value in body.items():
        if name not in _TYPES and not name.startswith("amazon-bedrock-"):
            refuse(f"{name}: Extra inputs are not permitted")
        if name in _TYPES and not isinstance(value, _TYPES[name]):
            refuse(f"{name}: Input should be a valid {_word(_TYPES[name])}")
    if body["anthropic_version"] != _VERSION:
        refuse(f"anthropic_version: Input should be '{_VERSION}'")
    for name in ("temperature", "top_p"):
        if not 0 <= body.get(name, 0) <= 1:
            refuse(f"{name}: range: 0..1")
    _check_max_tokens(body["max_tokens"], model)
    for at, message in enumerate(body["messages"]):
        _check_message(message, f"messages.{at}")
    _check_roles([message["role"] for message in body["messages"]])


def _check_max_tokens(max_tokens: int, model: Model) -> None:
    if max_tokens < 1:
        refuse("max_tokens: Input should be greater than or equal to 1")
    if max_tokens > model.max_output:
        refuse(
            f"max_tokens: {max_tokens} > {model.max_output}, which is the maximum allowed "
            f"number of output tokens for {model.name}"
        )


def _check_message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        refuse(f"{where}: Input should be a valid dictionary or object")
    if message.get("role") not in ("user", "assistant"):
        refuse(f"{where}.role: Input should be 'user' or 'assistant'")
    for name in message:
        if name not in ("role", "content"):
            refuse(f"{where}.{name}: Extra inputs are not permitted")
    if "content" not in message:
        refuse(f"{where}.content: Field required")


def _check_roles(roles: list[str]) -> None:
    if not roles:
        refuse("messages: at least one message is required")
    if roles[0] != "user":
        refuse('messages: first message must use the "user" role')
    for before, after in itertools.pairwise(roles):
        if before == after:
            refuse(
                'messages: roles must alternate between "user" and "assistant", but found '
                f'multiple "{after}" roles in a row'
            )


def _message(message: Json, where: str) -> Json:
    content = message["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        refuse(f"{where}.content: Input should be a valid list")
    if not content:
        refuse(f"{where}: all messages must have non-empty content")
    return {"role": message["role"], "content": _blocks(content, f"{where}.content")}


def _blocks(blocks: list[Any], where: str) -> list[Json]:
    """In the form of Converse, where a mark for the cache is a block of its own."""
    found: list[Json] = []
    for at, block in enumerate(blocks):
        if not isinstance(block, dict):
            refuse(f"{where}.{at}: Input should be a valid dictionary or object")
        try:
            found.append(_block(block, f"{where}.{at}"))
        except (KeyError, TypeError, AttributeError) as lacking:
            refuse(f"{where}.{at}.{block.get('type')}.{str(lacking)[1:-1]}: Field required")
        if "cache_control" in block:
            found.append({"cachePoint": {"type": "default"}})
    return found


def _block(block: Json, where: str) -> Json:
    match block.get("type"):
        case "text":
            return _text(block["text"])
        case "image":
            return {"image": _file(block["source"])}
        case "document":
            return {"document": {"name": "document"} | _file(block["source"])}
        case "tool_use" | "server_tool_use" as kind:
            use = {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}
            return {"toolUse": use if kind == "tool_use" else use | {"type": kind}}
        case "tool_result" | "web_search_tool_result" as kind:
            content = block.get("content") or []
            texts = [{"text": content}] if isinstance(content, str) else _results(content, where)
            result: Json = {"toolUseId": block["tool_use_id"], "content": texts}
            return {"toolResult": result if kind == "tool_result" else result | {"type": kind}}
        case "thinking":
            said = {"text": block["thinking"], "signature": block["signature"]}
            return {"reasoningContent": {"reasoningText": said}}
        case "redacted_thinking":
            return {"reasoningContent": {"redactedContent": block["data"]}}
        case kind:
            refuse(
                f"{where}: Input tag '{kind}' found using 'type' does not match any of the "
                "expected tags: 'document', 'image', 'redacted_thinking', 'server_tool_use', "
                "'text', 'thinking', 'tool_result', 'tool_use', 'web_search_tool_result'"
            )


def _results(content: list[Any], where: str) -> list[Json]:
    return [
        {"json": block} if block.get("type") == "web_search_result" else _block(block, where)
        for block in content
    ]


def _text(text: str) -> Json:
    if not text:
        refuse("messages: text content blocks must be non-empty")
    if not text.strip():
        refuse("messages: text content blocks must contain non-whitespace text")
    return {"text": text}


def _file(source: Json) -> Json:
    kind = source["media_type"].split("/")[1]
    members: Json = {"format": {"plain": "txt"}.get(kind, kind)}
    if source["type"] == "text":
        return members | {"source": {"text": source["data"]}}
    return members | {"source": {"bytes": source["data"]}}


def _tool(tool: Json) -> Json:
    if "input_schema" not in tool:
        return {"systemTool": {"name": tool.get("name", "")}}
    return {"toolSpec": {"name": tool["name"], "inputSchema": {"json": tool["input_schema"]}}}


def _word(kind: type | tuple[type, ...]) -> str:
    first = kind[0] if isinstance(kind, tuple) else kind
    return {str: "string", list: "list", dict: "dictionary", int: "integer"}.get(first, "number")
