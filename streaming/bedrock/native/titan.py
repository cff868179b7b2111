"""Amazon Titan Text: one prompt in, often the whole answer in one chunk out."""

from typing import Final

from streaming.bedrock.loose import Json, count, items, string
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.plays import play
from streaming.bedrock.native.prompts import Marks, script_of, speakers
from streaming.bedrock.request import Request

MARKS: Final = Marks(speakers("User", "Bot"))
_STOP_REASONS: Final = {
    "FINISH": "end_turn",
    "FINISHED": "end_turn",
    "LENGTH": "max_tokens",
    "STOP_CRITERIA_MET": "stop_sequence",
    "CONTENT_FILTERED": "content_filtered",
}


class Titan(TextDialect):
    goes_on = True
    stop_reasons = _STOP_REASONS

    def request(self, request: Request) -> Json:
        # "User:" is the one stop sequence, besides bars, that the model takes.
        generation: Json = {"maxTokenCount": request.max_tokens, "stopSequences": ["User:"]}
        generation.update(sampling(request, top_p="topP"))
        prompt = play(script_of(request, MARKS), user="User", model="Bot")
        return {"inputText": prompt, "textGenerationConfig": generation}

    def read(self, document: Json) -> Said | None:
        if "outputText" not in document:
            return None
        return Said(
            text=string(document["outputText"]),
            stop=string(document.get("completionReason")),
            input_tokens=count(document.get("inputTextTokenCount")),
            output_tokens=count(document.get("totalOutputTextTokenCount")),
        )

    def read_whole(self, body: Json) -> Said | None:
        for result in items(body.get("results"))[:1]:
            return Said(
                text=string(result.get("outputText")),
                stop=string(result.get("completionReason")),
                input_tokens=count(body.get("inputTextTokenCount")),
                output_tokens=count(result.get("tokenCount")),
            )
        return None
