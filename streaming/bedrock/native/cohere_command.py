"""Cohere Command (not R): one prompt in, and perhaps several generations out."""

from typing import Final

from streaming.bedrock.loose import Json, items, string
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.plays import play
from streaming.bedrock.native.prompts import Marks, script_of, speakers
from streaming.bedrock.request import Request

MARKS: Final = Marks(speakers("User", "Chatbot"))
STOP_REASONS: Final = {
    "COMPLETE": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "STOP_SEQUENCE": "stop_sequence",
    "ERROR_TOXIC": "content_filtered",
    "ERROR_LIMIT": "model_context_window_exceeded",
}
FAILURES: Final = frozenset({"ERROR"})
_STREAMED: Final = {"stream": True}


class CohereCommand(TextDialect):
    goes_on = True
    stop_reasons = STOP_REASONS
    failures = FAILURES
    when_streaming = _STREAMED

    def request(self, request: Request) -> Json:
        body: Json = {
            "prompt": play(script_of(request, MARKS), user="User", model="Chatbot"),
            "max_tokens": request.max_tokens,
            "stop_sequences": ["\nUser:"],
        }
        body.update(sampling(request, top_p="p"))
        return body

    def read(self, document: Json) -> Said | None:
        if "is_finished" not in document or document.get("index", 0) != 0:
            # Generations come mixed, and one answer was asked for: the first is it.
            return None
        stop = string(document.get("finish_reason")) if document["is_finished"] is True else None
        return Said(string(document.get("text")), stop)

    def read_whole(self, body: Json) -> Said | None:
        for generation in items(body.get("generations"))[:1]:
            return Said(string(generation.get("text")), string(generation.get("finish_reason")))
        return None
