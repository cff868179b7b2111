"""Mistral: the models of 2023 and 2024, by one prompt. The later ones chat (`choices`)."""

from typing import Final

from streaming.bedrock.loose import Json, items, string
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.prompts import TOKENS, Script, script_of
from streaming.bedrock.request import Request

STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
}


class Mistral(TextDialect):
    goes_on = True
    stop_reasons = STOP_REASONS
    failures = frozenset({"error"})

    def request(self, request: Request) -> Json:
        body: Json = {
            "prompt": _prompt(script_of(request, TOKENS)),
            "max_tokens": request.max_tokens,
        }
        body.update(sampling(request))
        return body

    def read(self, document: Json) -> Said | None:
        for output in items(document.get("outputs"))[:1]:
            return Said(string(output.get("text")), string(output.get("stop_reason")))
        return None


def _prompt(script: Script) -> str:
    said = [
        f"[INST] {turn.text} [/INST]" if turn.user else f" {turn.text}</s>" for turn in script.turns
    ]
    begun = f" {script.begun}" if script.begun else ""
    return f"<s>{''.join(said)}{begun}"
