"""Cohere Command R and R+: the newest message, and what was said before."""

from dataclasses import replace
from typing import Final

from streaming.bedrock.loose import Json, count, mapping, string
from streaming.bedrock.native.cohere_command import FAILURES, STOP_REASONS
from streaming.bedrock.native.dialect import Said, TextDialect, cannot_say, sampling
from streaming.bedrock.native.prompts import plain_text
from streaming.bedrock.request import Request

_SPEAKERS: Final = {"user": "USER", "assistant": "CHATBOT"}
# The model takes no less and no more.
_LEAST_P: Final = 0.01
_MOST_P: Final = 0.99


class CohereCommandR(TextDialect):
    """Cannot go on with an answer: the message that it answers is the user's."""

    goes_on = False
    stop_reasons = STOP_REASONS
    failures = FAILURES

    def request(self, request: Request) -> Json:
        *before, newest = request.messages
        if newest["role"] != "user":
            raise cannot_say("beginning of an answer")
        body: Json = {
            "message": plain_text(newest["content"]),
            "chat_history": [
                {"role": _SPEAKERS[message["role"]], "message": plain_text(message["content"])}
                for message in before
            ],
            "max_tokens": request.max_tokens,
        }
        if request.system:
            body["preamble"] = request.system
        p = None if request.top_p is None else min(max(request.top_p, _LEAST_P), _MOST_P)
        return body | sampling(replace(request, top_p=p), top_p="p")

    def read(self, document: Json) -> Said | None:
        match document.get("event_type"):
            case "stream-start":
                return Said()
            case "text-generation":
                return Said(string(document.get("text")))
            case "stream-end":
                # The text that comes with it is the one that was streamed.
                response = mapping(document.get("response"))
                told = {"finish_reason": document.get("finish_reason"), **response}
                return _ended(None, told)
            case _:
                return None

    def read_whole(self, body: Json) -> Said | None:
        return _ended(string(body.get("text")), body) if "text" in body else None


def _ended(text: str | None, told: Json) -> Said:
    billed = mapping(mapping(told.get("meta")).get("billed_units"))
    return Said(
        text=text,
        stop=string(told.get("finish_reason")),
        input_tokens=count(billed.get("input_tokens")),
        output_tokens=count(billed.get("output_tokens")),
    )
