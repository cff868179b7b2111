"""AI21 Jurassic-2, which does not stream."""

from typing import NoReturn

from ..history import Call
from ..models import Model
from ..refusals import refuse
from .dialect import Json
from .prompts import played
from .shape import Field, check
from .texts import conversation, inference, reason_in, text_in

_FIELDS = {
    "prompt": Field(str, required=True),
    "maxTokens": Field(int, least=0),
    "minTokens": Field(int, least=0),
    "numResults": Field(int, least=1, most=16),
    "temperature": Field(float, least=0, most=1),
    "topP": Field(float, least=0, most=1),
    "topKReturn": Field(int, least=0, most=64),
    "stopSequences": Field(list),
    "countPenalty": Field(dict),
    "presencePenalty": Field(dict),
    "frequencyPenalty": Field(dict),
}
_REASONS = {"max_tokens": "length", "stop_sequence": "stop"}


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    config = inference(body, model, max_tokens="maxTokens", top_p="topP", stop="stopSequences")
    return conversation(played(body["prompt"], "User", "Assistant")) | {"inferenceConfig": config}


def writer(call: Call) -> NoReturn:
    refuse("The model is unsupported for streaming.")


def whole(document: Json, call: Call) -> Json:
    prompt = (call.native or {}).get("prompt", "")
    completion = {
        "data": {"text": text_in(document), "tokens": []},
        "finishReason": {"reason": reason_in(_REASONS, document["stopReason"], "endoftext")},
    }
    return {"id": 1234, "prompt": {"text": prompt, "tokens": []}, "completions": [completion]}
