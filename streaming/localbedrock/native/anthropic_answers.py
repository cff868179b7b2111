"""Anthropic Messages: answers, in chunks and whole."""

from typing import Any

from ..estimate import output_tokens
from ..history import Call
from ..models import find
from ..prompt_cache import input_usage
from ..steps import Event
from .dialect import Json
from .marks import guardrail_marks, invocation_metrics

# Those that are not called the same.
_REASONS = {
    "content_filtered": "refusal",
    "guardrail_intervened": "end_turn",
    "malformed_model_output": "end_turn",
    "malformed_tool_use": "tool_use",
}


class Chunks:
    """message_stop carries the metrics, so it waits for the event `metadata`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._said = ""
        self._open: int | None = None
        self._stop: Json | None = None

    def chunks(self, event: Event) -> list[Json]:
        payload = event.payload
        match event.kind:
            case "messageStart":
                return [{"type": "message_start", "message": self._started()}]
            case "contentBlockStart":
                self._open = payload["contentBlockIndex"]
                return [_start(payload["contentBlockIndex"], _started_block(payload["start"]))]
            case "contentBlockDelta":
                return self._delta(payload["contentBlockIndex"], payload["delta"])
            case "contentBlockStop":
                index, self._open = payload["contentBlockIndex"], None
                return [{"type": "content_block_stop", "index": index}]
            case "messageStop":
                self._stop = payload
                delta = _ending(payload["stopReason"], self._call)
                usage = {"output_tokens": output_tokens(self._said)}
                return [{"type": "message_delta", "delta": delta, "usage": usage}]
            case "metadata":
                marks = guardrail_marks(self._call, (self._stop or {}) | payload)
                self._stop = None
                return [{"type": "message_stop"} | marks | invocation_metrics(payload)]
        return [{"type": event.kind} | payload]

    def rest(self) -> list[Json]:
        stop, self._stop = self._stop, None
        return (
            [] if stop is None else [{"type": "message_stop"} | guardrail_marks(self._call, stop)]
        )

    def _started(self) -> Json:
        return {
            **_message(self._call),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _input(self._call) | {"output_tokens": 1},
        }

    def _delta(self, index: int, delta: Json) -> list[Json]:
        """Each block begins with what kind it is; Converse tells that only of tools."""
        before = []
        if self._open != index:
            self._open = index
            before = [_start(index, _block_for(delta))]
        told = _told(delta)
        self._said += told.get("text", "") + told.get("thinking", "") + told.get("partial_json", "")
        if told["type"] == "redacted":
            return before
        return [*before, {"type": "content_block_delta", "index": index, "delta": told}]


def message(document: Json, call: Call) -> Json:
    """The answer of InvokeModel."""
    usage = document.get("usage") or {}
    blocks = document["output"]["message"]["content"]
    return {
        **_message(call),
        "content": [native for block in blocks for native in _whole_block(block)],
        **_ending(document.get("stopReason", "end_turn"), call),
        "usage": _input(call, usage) | {"output_tokens": usage.get("outputTokens", 0)},
    }


def _message(call: Call) -> Json:
    name = find(call.model_id).name.removeprefix("anthropic.").partition("-v")[0]
    identity = f"msg_bdrk_{call.request_id.replace('-', '')[:24]}"
    return {"id": identity, "type": "message", "role": "assistant", "model": name}


def _input(call: Call, usage: Json | None = None) -> Json:
    usage = input_usage(call) | (usage or {})
    counts = {"input_tokens": usage["inputTokens"]}
    if "cacheReadInputTokens" in usage:
        counts["cache_read_input_tokens"] = usage["cacheReadInputTokens"]
        counts["cache_creation_input_tokens"] = usage.get("cacheWriteInputTokens", 0)
    return counts


def _ending(reason: str, call: Call) -> Json:
    sequences = call.stop_sequences if reason == "stop_sequence" else []
    return {
        "stop_reason": _REASONS.get(reason, reason),
        "stop_sequence": sequences[0] if sequences else None,
    }


def _start(index: int, block: Json) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _started_block(start: Json) -> Json:
    match start:
        case {"toolUse": tool}:
            kind = tool.get("type", "tool_use")
            return {"type": kind, "id": tool["toolUseId"], "name": tool["name"], "input": {}}
        case {"toolResult": result}:
            kind = result.get("type", "web_search_tool_result")
            return {"type": kind, "tool_use_id": result["toolUseId"], "content": []}
    return {"type": next(iter(start))} | start


def _block_for(delta: Json) -> Json:
    match delta:
        case {"reasoningContent": {"redactedContent": data}}:
            return {"type": "redacted_thinking", "data": data}
        case {"reasoningContent": _}:
            return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "text", "text": ""}


def _told(delta: Json) -> Json:
    match delta:
        case {"text": text}:
            return {"type": "text_delta", "text": text}
        case {"toolUse": {"input": fragment}}:
            return {"type": "input_json_delta", "partial_json": fragment}
        case {"reasoningContent": {"text": text}}:
            return {"type": "thinking_delta", "thinking": text}
        case {"reasoningContent": {"signature": signature}}:
            return {"type": "signature_delta", "signature": signature}
        case {"reasoningContent": {"redactedContent": _}}:
            return {"type": "redacted"}
        case {"citation": citation}:
            return {"type": "citations_delta", "citation": _citation(citation)}
    kind = next(iter(delta), "unknown")
    return {"type": f"{kind}_delta"} | delta


def _citation(citation: Json) -> Json:
    cited = "".join(part.get("text", "") for part in citation.get("sourceContent") or ())
    told: Json = {"cited_text": cited}
    match citation.get("location"):
        case {"web": place}:
            url = {"url": place.get("url"), "title": citation.get("title")}
            return told | {"type": "web_search_result_location"} | url
        case {"documentPage": place}:
            told |= {"type": "page_location"} | _range(place, "page_number")
        case {"documentChunk": place}:
            told |= {"type": "content_block_location"} | _range(place, "block_index")
        case {"documentChar": place}:
            told |= {"type": "char_location"} | _range(place, "char_index")
    return told | {"document_title": citation.get("title")}


def _range(place: Json, unit: str) -> Json:
    return {
        "document_index": place.get("documentIndex", 0),
        f"start_{unit}": place.get("start", 0),
        f"end_{unit}": place.get("end", 0),
    }


def _whole_block(block: Json) -> list[Json]:
    match block:
        case {"text": text}:
            return [{"type": "text", "text": text}]
        case {"reasoningContent": {"reasoningText": said}}:
            signature = said.get("signature", "")
            return [{"type": "thinking", "thinking": said["text"], "signature": signature}]
        case {"reasoningContent": {"redactedContent": data}}:
            return [{"type": "redacted_thinking", "data": data}]
        case {"toolUse": tool}:
            return [_started_block(block) | {"input": tool["input"]}]
        case {"toolResult": result}:
            return [_started_block(block) | {"content": _results(result)}]
        case {"citationsContent": cited}:
            text = "".join(part["text"] for part in cited["content"])
            notes = [_citation(citation) for citation in cited["citations"]]
            return [{"type": "text", "text": text, "citations": notes}]
    return []


def _results(result: Json) -> list[Any]:
    return [part.get("json", part) for part in result.get("content") or ()]
