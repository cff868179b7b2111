"""A request of Converse as a chat completion."""

import base64
import json
from typing import Any

from ..history import Call, text_of
from ..refusals import refuse

Json = dict[str, Any]

_TEXTS = frozenset({"txt", "md", "csv", "html"})


def chat_request(call: Call, model: str) -> Json:
    """The body. Raises ServiceError for what no such server takes."""
    config = call.body.get("inferenceConfig") or {}
    body: Json = {
        "model": model,
        "messages": _messages(call),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    for name, given in (
        ("max_tokens", "maxTokens"),
        ("temperature", "temperature"),
        ("top_p", "topP"),
        ("stop", "stopSequences"),
    ):
        if config.get(given) is not None:
            body[name] = config[given]
    fields = call.body.get("additionalModelRequestFields") or {}
    if "reasoning_effort" in fields:
        body["reasoning_effort"] = fields["reasoning_effort"]
    tools = (call.body.get("toolConfig") or {}).get("tools") or []
    if specs := [tool["toolSpec"] for tool in tools if "toolSpec" in tool]:
        body["tools"] = [_tool(spec) for spec in specs]
    return body


def _messages(call: Call) -> list[Json]:
    system = call.system_text
    messages: list[Json] = [{"role": "system", "content": system}] if system else []
    for message in call.messages:
        say = _answered if message["role"] == "assistant" else _asked
        messages += say(message["content"])
    return messages


def _asked(blocks: list[Json]) -> list[Json]:
    """Results of tools are messages of their own, before what was said with them."""
    results = [_result(block["toolResult"]) for block in blocks if "toolResult" in block]
    parts = [part for block in blocks for part in _parts(block)]
    if all(part["type"] == "text" for part in parts):
        text = "\n".join(part["text"] for part in parts)
        return [*results, {"role": "user", "content": text}] if text else results
    return [*results, {"role": "user", "content": parts}]


def _parts(block: Json) -> list[Json]:
    match block:
        case {"text": text} | {"guardContent": {"text": {"text": text}}}:
            return [{"type": "text", "text": text}]
        case {"image": {"format": form, "source": {"bytes": data}}}:
            return [{"type": "image_url", "image_url": {"url": f"data:image/{form};base64,{data}"}}]
        case {"document": document}:
            return [{"type": "text", "text": _document(document)}]
    return []


def _document(document: Json) -> str:
    source = document["source"]
    if "text" in source:
        text = source["text"]
    elif document.get("format", "txt") in _TEXTS and "bytes" in source:
        text = base64.b64decode(source["bytes"]).decode(errors="replace")
    else:
        refuse("The local model reads only documents of plain text.")
    return f"Document {document['name']}:\n\n{text}"


def _answered(blocks: list[Json]) -> list[Json]:
    """Reasoning stays where it was: these servers do not take it back."""
    cited = [part for block in blocks for part in _cited(block)]
    uses = [block["toolUse"] for block in blocks if "toolUse" in block]
    message: Json = {"role": "assistant", "content": text_of([*blocks, *cited]) or None}
    if calls := [_use(use) for use in uses if not use.get("type")]:
        message["tool_calls"] = calls
    return [message] if message["content"] or calls else []


def _cited(block: Json) -> list[Json]:
    return (block.get("citationsContent") or {}).get("content") or []


def _use(use: Json) -> Json:
    function = {"name": use["name"], "arguments": json.dumps(use["input"])}
    return {"id": use["toolUseId"], "type": "function", "function": function}


def _result(result: Json) -> Json:
    said = [part.get("text") or json.dumps(part.get("json")) for part in result["content"]]
    return {"role": "tool", "tool_call_id": result["toolUseId"], "content": "\n".join(said)}


def _tool(spec: Json) -> Json:
    function = {"name": spec["name"], "parameters": spec["inputSchema"]["json"]}
    if "description" in spec:
        function["description"] = spec["description"]
    return {"type": "function", "function": function}
