"""Cohere Command R and R+."""

from ..history import Call
from ..models import Model
from .dialect import Json, Writer
from .shape import Field, check, malformed
from .texts import TextChunks, conversation, inference, reason_in, text_in

_FIELDS = {
    "message": Field(str, required=True),
    "chat_history": Field(list),
    "preamble": Field(str),
    "documents": Field(list),
    "max_tokens": Field(int, least=1),
    "temperature": Field(float, least=0, most=1),
    "p": Field(float, least=0.01, most=0.99),
    "k": Field(int, least=0, most=500),
    "stop_sequences": Field(list),
    "search_queries_only": Field(bool),
    "prompt_truncation": Field(str),
    "frequency_penalty": Field(float, least=0, most=1),
    "presence_penalty": Field(float, least=0, most=1),
    "seed": Field(int),
    "return_prompt": Field(bool),
    "tools": Field(list),
    "tool_results": Field(list),
    "raw_prompting": Field(bool),
}
_HISTORY = {"role": Field(str, required=True), "message": Field(str, required=True)}
_ROLES = {"USER": "user", "CHATBOT": "assistant"}
_REASONS = {"max_tokens": "MAX_TOKENS", "content_filtered": "ERROR_TOXIC"}


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    if not body["message"].strip():
        malformed("message must be at least 1 token long")
    turns = []
    for at, turn in enumerate(body.get("chat_history") or []):
        check(turn, _HISTORY, f"#/chat_history/{at}")
        if turn["role"] not in _ROLES:
            malformed(f"#/chat_history/{at}/role: {turn['role']} is not a valid enum value")
        turns.append((_ROLES[turn["role"]], turn["message"]))
    turns.append(("user", body["message"]))
    config = inference(body, model, max_tokens="max_tokens", top_p="p")
    return conversation(turns, body.get("preamble") or "") | {"inferenceConfig": config}


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    return _response(text_in(document), document["stopReason"], call)


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        return {"is_finished": False, "event_type": "text-generation", "text": text}

    def last(self, stop_reason: str, usage: Json) -> Json:
        response = _response(self.said, stop_reason, self.call)
        counted = {
            "input_tokens": usage.get("inputTokens", self.input_tokens),
            "output_tokens": usage.get("outputTokens", self.tokens),
        }
        return {
            "is_finished": True,
            "event_type": "stream-end",
            "finish_reason": response["finish_reason"],
            "response": response | {"meta": {"billed_units": counted, "tokens": counted}},
        }


def _response(text: str, stop_reason: str, call: Call) -> Json:
    native = call.native or {}
    said = [{"role": "USER", "message": native.get("message", "")}]
    said.append({"role": "CHATBOT", "message": text})
    return {
        "response_id": call.request_id,
        "generation_id": call.request_id,
        "text": text,
        "chat_history": [*(native.get("chat_history") or []), *said],
        "finish_reason": reason_in(_REASONS, stop_reason, "COMPLETE"),
    }
