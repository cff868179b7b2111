"""Mistral, as its models of a plain prompt are spoken to."""

from ..history import Call
from ..models import Model
from .dialect import Json, Writer
from .prompts import instructed
from .shape import Field, check
from .texts import TextChunks, conversation, inference, reason_in, text_in

_FIELDS = {
    "prompt": Field(str, required=True),
    "max_tokens": Field(int, least=1),
    "temperature": Field(float, least=0, most=1),
    "top_p": Field(float, least=0, most=1),
    "top_k": Field(int, least=0, most=200),
    "stop": Field(list),
}
_REASONS = {"max_tokens": "length", "content_filtered": "content_filter"}


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    _, turns = instructed(body["prompt"])
    config = inference(body, model, max_tokens="max_tokens", stop="stop")
    return conversation(turns) | {"inferenceConfig": config}


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    reason = reason_in(_REASONS, document["stopReason"], "stop")
    return {"outputs": [{"text": text_in(document), "stop_reason": reason}]}


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        return {"outputs": [{"text": text, "stop_reason": None}]}

    def last(self, stop_reason: str, usage: Json) -> Json:
        reason = reason_in(_REASONS, stop_reason, "stop")
        return {"outputs": [{"text": "", "stop_reason": reason}]}
