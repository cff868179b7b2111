"""Anthropic's text completions: Claude 2 and Claude Instant, by one prompt."""

from typing import Final

from streaming.bedrock.loose import Json, string
from streaming.bedrock.native.anthropic_messages import STOP_REASONS
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.prompts import Marks, Script, script_of, speakers
from streaming.bedrock.request import Request

MARKS: Final = Marks(speakers("Human", "Assistant"))
_HUMAN: Final = "\n\nHuman:"
_ASSISTANT: Final = "\n\nAssistant:"


class AnthropicText(TextDialect):
    """Claude 2 calls it a stop sequence where the person's next turn would begin."""

    goes_on = True
    stop_reasons = STOP_REASONS

    def request(self, request: Request) -> Json:
        body: Json = {
            "prompt": _prompt(script_of(request, MARKS, takes_system=True)),
            "max_tokens_to_sample": request.max_tokens,
            "stop_sequences": [_HUMAN],
        }
        body.update(sampling(request))
        return body

    def read(self, document: Json) -> Said | None:
        if "completion" not in document:
            return None
        stop = string(document.get("stop_reason"))
        if stop == "stop_sequence" and document.get("stop") == _HUMAN:
            stop = "end_turn"
        return Said(string(document["completion"]), stop)


def _prompt(script: Script) -> str:
    marks = {True: _HUMAN, False: _ASSISTANT}
    said = [f"{marks[turn.user]} {turn.text}" for turn in script.turns]
    begun = f" {script.begun}" if script.begun else ""
    return f"{script.system}{''.join(said)}{_ASSISTANT}{begun}"
