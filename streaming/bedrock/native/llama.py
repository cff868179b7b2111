"""Meta Llama: one dialect, and a template for each generation of the models."""

from abc import abstractmethod
from typing import Final

from streaming.bedrock.loose import Json, count, string
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.prompts import TOKENS, Script, script_of
from streaming.bedrock.request import Request

_STOP_REASONS: Final = {"stop": "end_turn", "length": "max_tokens"}


class Llama(TextDialect):
    goes_on = True
    stop_reasons = _STOP_REASONS

    @abstractmethod
    def prompt(self, script: Script) -> str:
        """The script in the template of these models."""

    def request(self, request: Request) -> Json:
        body: Json = {
            "prompt": self.prompt(script_of(request, TOKENS, takes_system=True)),
            "max_gen_len": request.max_tokens,
        }
        body.update(sampling(request))
        return body

    def read(self, document: Json) -> Said | None:
        if "generation" not in document:
            return None
        return Said(
            text=string(document["generation"]),
            stop=string(document.get("stop_reason")),
            input_tokens=count(document.get("prompt_token_count")),
            output_tokens=count(document.get("generation_token_count")),
        )


class Llama2(Llama):
    def prompt(self, script: Script) -> str:
        system = f"<<SYS>>\n{script.system}\n<</SYS>>\n\n" if script.system else ""
        parts = [f"<s>[INST] {system}"]
        for turn, later in zip(script.turns, [*script.turns[1:], None], strict=True):
            if turn.user:
                parts.append(f"{turn.text} [/INST]")
            elif later is not None:
                parts.append(f" {turn.text} </s><s>[INST] ")
        begun = f" {script.begun}" if script.begun else ""
        return "".join(parts) + begun


class _Headed(Llama):
    """Turns with headers, as since Llama 3."""

    start: str
    end: str
    turn_end: str

    def prompt(self, script: Script) -> str:
        said = [("system", script.system)] if script.system else []
        said += [("user" if turn.user else "assistant", turn.text) for turn in script.turns]
        turns = [f"{self._header(role)}{text}{self.turn_end}" for role, text in said]
        return f"<|begin_of_text|>{''.join(turns)}{self._header('assistant')}{script.begun}"

    def _header(self, role: str) -> str:
        return f"{self.start}{role}{self.end}\n\n"


class Llama3(_Headed):
    start, end, turn_end = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"


class Llama4(_Headed):
    start, end, turn_end = "<|header_start|>", "<|header_end|>", "<|eot|>"
