"""Amazon Titan Text."""

import re

from ..history import Call
from ..models import Model
from .dialect import Json, Writer
from .prompts import played
from .shape import Field, check, malformed
from .texts import TextChunks, conversation, inference, reason_in, text_in, usage_counts

_FIELDS = {"inputText": Field(str, required=True), "textGenerationConfig": Field(dict)}
_GENERATION = {
    "maxTokenCount": Field(int, least=1),
    "temperature": Field(float, least=0, most=1),
    "topP": Field(float, least=0, most=1),
    "stopSequences": Field(list),
}
_STOP = re.compile(r"(\|+|User:)")
_REASONS = {
    "max_tokens": "LENGTH",
    "stop_sequence": "STOP_CRITERIA_MET",
    "content_filtered": "CONTENT_FILTERED",
}


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    given = body.get("textGenerationConfig") or {}
    check(given, _GENERATION, "#/textGenerationConfig")
    for at, sequence in enumerate(given.get("stopSequences") or []):
        if not _STOP.fullmatch(sequence):
            malformed(
                f"#/textGenerationConfig/stopSequences/{at}: string [{sequence}] does not match "
                f"pattern ^{_STOP.pattern}$"
            )
    turns = played(body["inputText"], "User", "Bot")
    config = inference(given, model, max_tokens="maxTokenCount", top_p="topP", stop="stopSequences")
    return conversation(turns) | {"inferenceConfig": config}


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    read_tokens, wrote = usage_counts(document)
    result = {
        "tokenCount": wrote,
        "outputText": text_in(document),
        "completionReason": reason_in(_REASONS, document["stopReason"], "FINISH"),
    }
    return {"inputTextTokenCount": read_tokens, "results": [result]}


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        return {
            "outputText": text,
            "index": 0,
            "totalOutputTextTokenCount": None,
            "completionReason": None,
            "inputTextTokenCount": self.input_tokens if self.is_first else None,
        }

    def last(self, stop_reason: str, usage: Json) -> Json:
        return {
            "outputText": "",
            "index": 0,
            "totalOutputTextTokenCount": usage.get("outputTokens", self.tokens),
            "completionReason": reason_in(_REASONS, stop_reason, "FINISH"),
            "inputTextTokenCount": None,
        }
