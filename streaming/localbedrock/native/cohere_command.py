"""Cohere Command (not R): one prompt, and perhaps several answers at once, which come mixed."""

from ..history import Call
from ..models import Model
from .dialect import Json, Writer
from .prompts import played
from .shape import Field, check
from .texts import TextChunks, conversation, inference, reason_in, text_in

_FIELDS = {
    "prompt": Field(str, required=True),
    "max_tokens": Field(int, least=1),
    "temperature": Field(float, least=0, most=5),
    "p": Field(float, least=0, most=1),
    "k": Field(int, least=0, most=500),
    "stop_sequences": Field(list),
    "stream": Field(bool),
    "num_generations": Field(int, least=1, most=5),
    "return_likelihoods": Field(str),
    "truncate": Field(str),
    "logit_bias": Field(dict),
}
_REASONS = {"max_tokens": "MAX_TOKENS", "content_filtered": "ERROR_TOXIC"}


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    config = inference(body, model, max_tokens="max_tokens", top_p="p")
    return conversation(played(body["prompt"], "User", "Chatbot")) | {"inferenceConfig": config}


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    text = text_in(document)
    reason = reason_in(_REASONS, document["stopReason"], "COMPLETE")
    generations = [
        {"id": f"{call.request_id}-{n}", "text": text, "finish_reason": reason}
        for n in range(_count(call))
    ]
    prompt = (call.native or {}).get("prompt", "")
    return {"id": call.request_id, "prompt": prompt, "generations": generations}


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        return {"is_finished": False, "text": text}

    def pieces(self, text: str) -> list[Json]:
        count = _count(self.call)
        if count == 1:
            return [self.piece(text)]
        return [{"index": n} | self.piece(text) for n in range(count)]

    def last(self, stop_reason: str, usage: Json) -> Json:
        reason = reason_in(_REASONS, stop_reason, "COMPLETE")
        return {"is_finished": True, "finish_reason": reason}


def _count(call: Call) -> int:
    return int((call.native or {}).get("num_generations", 1))
