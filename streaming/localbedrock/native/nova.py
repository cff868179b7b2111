"""Amazon Nova: Converse in other words, with an index of its own for each piece of text."""

from typing import Any

from ..history import Call
from ..models import Model
from ..steps import Event
from .dialect import Json, Writer
from .marks import guardrail_marks, invocation_metrics
from .shape import Field, check, malformed

_FIELDS = {
    "schemaVersion": Field(str),
    "messages": Field(list, required=True),
    "system": Field(list),
    "inferenceConfig": Field(dict),
    "toolConfig": Field(dict),
    "reasoningConfig": Field(dict),
}
_INFERENCE = {
    "maxTokens": Field(int, least=1),
    "max_new_tokens": Field(int, least=1),
    "temperature": Field(float, least=0, most=1),
    "topP": Field(float, least=0, most=1),
    "top_p": Field(float, least=0, most=1),
    "topK": Field(int, least=0, most=128),
    "top_k": Field(int, least=0, most=128),
    "stopSequences": Field(list),
    "reasoningConfig": Field(dict),
}
_MESSAGE = {"role": Field(str, required=True), "content": Field(list, required=True)}
_OTHERWISE = {"max_new_tokens": "maxTokens", "top_p": "topP"}
_VERSION = "messages-v1"


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    if body.get("schemaVersion", _VERSION) != _VERSION:
        malformed(f"#/schemaVersion: {body['schemaVersion']} is not a valid enum value")
    given = dict(body.get("inferenceConfig") or {})
    check(given, _INFERENCE, "#/inferenceConfig")
    inference = {_OTHERWISE.get(name, name): value for name, value in given.items()}
    top_k = inference.pop("topK", inference.pop("top_k", None))
    reasoning = body.get("reasoningConfig") or inference.pop("reasoningConfig", None)
    request: Json = {
        "messages": [_message(m, f"#/messages/{at}") for at, m in enumerate(body["messages"])],
        "inferenceConfig": inference,
    }
    if body.get("system"):
        request["system"] = _parted(body["system"])
    if body.get("toolConfig"):
        request["toolConfig"] = body["toolConfig"]
    fields = {"inferenceConfig": {"topK": top_k}} if top_k is not None else {}
    if reasoning:
        fields["reasoningConfig"] = reasoning
    if fields:
        request["additionalModelRequestFields"] = fields
    return request


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    usage = _usage(document)
    total = usage["inputTokens"] + usage["outputTokens"]
    return {
        "output": document["output"],
        "stopReason": document.get("stopReason", "end_turn"),
        "usage": usage | {"totalTokens": total},
    }


class _Chunks:
    def __init__(self, call: Call) -> None:
        self._call = call
        self._index = -1
        self._within: int | None = None
        self._stop: Json = {}

    def chunks(self, event: Event) -> list[Json]:
        payload = event.payload
        match event.kind:
            case "contentBlockStart":
                self._within = payload["contentBlockIndex"]
                self._index += 1
                return [self._numbered(event)]
            case "contentBlockDelta" if payload["contentBlockIndex"] == self._within:
                return [self._numbered(event)]
            case "contentBlockDelta":
                self._index += 1
                ended = Event("contentBlockStop", {})
                return [self._numbered(event), self._numbered(ended)]
            case "contentBlockStop":
                within, self._within = self._within, None
                return [] if within is None else [self._numbered(event)]
            case "messageStop":
                self._stop = payload
            case "metadata":
                told = {"usage": _usage(payload), "metrics": {}, "trace": {}}
                marks = guardrail_marks(self._call, self._stop | payload)
                return [{"metadata": told} | marks | invocation_metrics(payload)]
        return [{event.kind: payload}]

    def rest(self) -> list[Json]:
        return []

    def _numbered(self, event: Event) -> Json:
        return {event.kind: event.payload | {"contentBlockIndex": self._index}}


def _usage(members: Json) -> dict[str, Any]:
    usage = members.get("usage") or {}
    return {
        "inputTokens": usage.get("inputTokens", 0),
        "outputTokens": usage.get("outputTokens", 0),
        "cacheReadInputTokenCount": usage.get("cacheReadInputTokens", 0),
        "cacheWriteInputTokenCount": usage.get("cacheWriteInputTokens", 0),
    }


def _message(message: Any, where: str) -> Json:
    if not isinstance(message, dict):
        malformed(f"{where}: expected type: JSONObject")
    check(
        message, {"role": Field(str, required=True), "content": Field(list, required=True)}, where
    )
    return message | {"content": _parted(message["content"])}


def _parted(blocks: list[Any]) -> list[Any]:
    """A cache point can be a member of the block before it; in Converse it is one of its own."""
    parted: list[Any] = []
    for block in blocks:
        if isinstance(block, dict) and "cachePoint" in block and len(block) > 1:
            rest = {name: value for name, value in block.items() if name != "cachePoint"}
            parted += [rest, {"cachePoint": block["cachePoint"]}]
        else:
            parted.append(block)
    return parted
