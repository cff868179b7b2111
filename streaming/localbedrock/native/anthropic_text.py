"""Anthropic's text completions: Claude 2 and Claude Instant."""

from ..history import Call
from ..models import Model
from ..refusals import refuse
from .dialect import Json, Writer
from .prompts import alternated
from .shape import Field, check
from .texts import TextChunks, conversation, inference, text_in

_FIELDS = {
    "prompt": Field(str, required=True),
    "max_tokens_to_sample": Field(int, required=True, least=1),
    "temperature": Field(float, least=0, most=1),
    "top_p": Field(float, least=0, most=1),
    "top_k": Field(int, least=0, most=500),
    "stop_sequences": Field(list),
    "anthropic_version": Field(str),
}
_NEXT_TURN = "\n\nHuman:"


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    system, turns = alternated(body["prompt"])
    if not turns or turns[0][0] != "user":
        refuse(f"prompt must start with {_NEXT_TURN!r} turn after an optional system prompt")
    if turns[-1][0] != "assistant":
        refuse("prompt must end with '\\n\\nAssistant:' turn")
    config = inference(body, model, max_tokens="max_tokens_to_sample")
    # Where the person's next turn would begin, the model stops by itself.
    others = [stop for stop in config.pop("stopSequences", []) if stop != _NEXT_TURN]
    if others:
        config["stopSequences"] = others
    return conversation(turns, system) | {"inferenceConfig": config}


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    ending = _ending(document["stopReason"], call)
    return {"type": "completion", "completion": text_in(document)} | ending


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        return {"type": "completion", "completion": text, "stop_reason": None, "stop": None}

    def last(self, stop_reason: str, usage: Json) -> Json:
        return {"type": "completion", "completion": ""} | _ending(stop_reason, self.call)


def _ending(stop_reason: str, call: Call) -> Json:
    match stop_reason:
        case "max_tokens":
            return {"stop_reason": "max_tokens", "stop": None}
        case "content_filtered":
            return {"stop_reason": "refusal", "stop": None}
        case "stop_sequence":
            sequences = call.stop_sequences or [_NEXT_TURN]
            return {"stop_reason": "stop_sequence", "stop": sequences[0]}
    return {"stop_reason": "stop_sequence", "stop": _NEXT_TURN}
