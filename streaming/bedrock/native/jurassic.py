"""AI21 Jurassic-2: one prompt in, one answer out; it does not stream."""

from typing import Final

from streaming.bedrock.loose import Json, items, mapping, string
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.plays import play
from streaming.bedrock.native.prompts import Marks, script_of, speakers
from streaming.bedrock.request import Request

MARKS: Final = Marks(speakers("User", "Assistant"))
_NEXT_TURN: Final = "\nUser:"
_STOP_REASONS: Final = {"endoftext": "end_turn", "length": "max_tokens", "stop": "stop_sequence"}


class Jurassic(TextDialect):
    goes_on = True
    streams = False
    stop_reasons = _STOP_REASONS

    def request(self, request: Request) -> Json:
        body: Json = {
            "prompt": play(script_of(request, MARKS), user="User", model="Assistant"),
            "maxTokens": request.max_tokens,
            "stopSequences": [_NEXT_TURN],
        }
        body.update(sampling(request, top_p="topP"))
        return body

    def read(self, document: Json) -> Said | None:
        for completion in items(document.get("completions"))[:1]:
            return Said(
                text=string(mapping(completion.get("data")).get("text")),
                stop=string(mapping(completion.get("finishReason")).get("reason")),
            )
        return None
