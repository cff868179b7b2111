"""Meta Llama 2, 3 and 4."""

from ..history import Call
from ..models import Model
from .dialect import Json, Writer
from .prompts import headed, instructed
from .shape import Field, check
from .texts import TextChunks, conversation, inference, reason_in, text_in, usage_counts

_FIELDS = {
    "prompt": Field(str, required=True),
    "max_gen_len": Field(int, least=1),
    "temperature": Field(float, least=0, most=1),
    "top_p": Field(float, least=0, most=1),
    "images": Field(list),
}
_REASONS = {"max_tokens": "length"}


def read(body: Json, model: Model) -> Json:
    check(body, _FIELDS)
    heads = ("<|start_header_id|>", "<|header_start|>")
    parse = headed if any(head in body["prompt"] for head in heads) else instructed
    system, turns = parse(body["prompt"])
    config = inference(body, model, max_tokens="max_gen_len")
    return conversation(turns, system) | {"inferenceConfig": config}


def writer(call: Call) -> Writer:
    return _Chunks(call)


def whole(document: Json, call: Call) -> Json:
    read_tokens, wrote = usage_counts(document)
    return {
        "generation": text_in(document),
        "prompt_token_count": read_tokens,
        "generation_token_count": wrote,
        "stop_reason": reason_in(_REASONS, document["stopReason"], "stop"),
    }


class _Chunks(TextChunks):
    def piece(self, text: str) -> Json:
        return {
            "generation": text,
            "prompt_token_count": self.input_tokens if self.is_first else None,
            "generation_token_count": self.tokens,
            "stop_reason": None,
        }

    def last(self, stop_reason: str, usage: Json) -> Json:
        return {
            "generation": "",
            "prompt_token_count": None,
            "generation_token_count": usage.get("outputTokens", self.tokens),
            "stop_reason": reason_in(_REASONS, stop_reason, "stop"),
        }
