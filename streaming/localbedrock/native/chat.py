"""Chat completions in the form that OpenAI gave them: AI21 Jamba, and whoever else took it over."""

from typing import Any

from ..history import Call
from ..models import Model
from .dialect import Json, Writer
from .shape import Field, check, malformed
from .texts import TextChunks, conversation, inference, reason_in, text_in, usage_counts

_FIELDS = {
    "messages": Field(list, required=True),
    "model": Field(str),
    "max_tokens": Field(int, least=1),
    "max_completion_tokens": Field(int, least=1),
    "temperature": Field(float, least=0, most=2),
    "top_p": Field(float, least=0, most=1),
    "top_k": Field(int),
    "n": Field(int, least=1, most=16),
    "stop": Field(list),
    "stream": Field(bool),
    "seed": Field(int),
    "frequency_penalty": Field(float),
    "presence_penalty": Field(float),
    "documents": Field(list),
    "tools": Field(list),
    "tool_choice": Field(str),
    "response_format": Field(dict),
    "reasoning_effort": Field(str),
}
_ROLES = ("system", "developer", "user", "assistant")
_REASONS = {
    "max_tokens": "length",
    "content_filtered": "content_filter",
    "tool_use": "tool_calls",
}


def read(body: Json, model: Model) -> Json:
    check(body | {"stop": _list(body["stop"])} if "stop" in body else body, _FIELDS)
    said = [_said(message, f"#/messages/{at}") for at, message in enumerate(body["messages"])]
    system = "\n".join(text for role, text in said if role in ("system", "developer"))
    limit = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
    config = inference(body, model, max_tokens=limit, stop="stop")
    turns = [(role, text) for role, text in said if role in ("user", "assistant")]
    request = conversation(turns, system) | {"inferenceConfig": config}
    if "reasoning_effort" in body:
        effort = {"reasoning_effort": body["reasoning_effort"]}
        request["additionalModelRequestFields"] = effort
    return request


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    message = {"role": "assistant", "content": text_in(document)}
    choice = {"index": 0, "message": message, "finish_reason": _reason(document["stopReason"])}
    return {"id": f"chat-{call.request_id}", "choices": [choice], "usage": _usage(document)}


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        role = {"role": "assistant"} if self.is_first else {}
        return self._chunk({"delta": role | {"content": text}, "finish_reason": None})

    def last(self, stop_reason: str, usage: Json) -> Json:
        ended = self._chunk({"delta": {"content": ""}, "finish_reason": _reason(stop_reason)})
        return ended | ({"usage": _usage({"usage": usage})} if usage else {})

    def _chunk(self, choice: Json) -> Json:
        return {"id": f"chat-{self.call.request_id}", "choices": [{"index": 0} | choice]}


def _said(message: Any, where: str) -> tuple[str, str]:
    if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
        malformed(f"{where}: required key [role] or [content] not found")
    if message["role"] not in _ROLES:
        malformed(f"{where}/role: {message['role']} is not a valid enum value")
    content = message["content"]
    if isinstance(content, list):
        content = "\n".join(part.get("text", "") for part in content)
    if not isinstance(content, str):
        malformed(f"{where}/content: expected type: String")
    return message["role"], content


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _reason(stop_reason: str) -> str:
    return reason_in(_REASONS, stop_reason, "stop")


def _usage(document: Json) -> Json:
    read_tokens, wrote = usage_counts(document)
    total = read_tokens + wrote
    return {"prompt_tokens": read_tokens, "completion_tokens": wrote, "total_tokens": total}
