"""What the dialects of plain text have in common: one text in, one text out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from ..estimate import input_tokens, output_tokens
from ..history import Call
from ..models import Model
from ..steps import Event
from .dialect import Json
from .marks import guardrail_marks, invocation_metrics
from .shape import malformed


def conversation(turns: Iterable[tuple[str, str]], system: str = "") -> Json:
    """Turns of ("user" or "assistant", text) as messages of Converse.

    Neighbours of one role become one message, and an empty last word of the model is none at all:
    it is where the answer begins.
    """
    messages: list[Json] = []
    for role, text in turns:
        if not text.strip():
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"][0]["text"] += f"\n{text.strip()}"
        else:
            messages.append({"role": role, "content": [{"text": text.strip()}]})
    request: Json = {"messages": messages}
    if system.strip():
        request["system"] = [{"text": system.strip()}]
    return request


def inference(
    body: Json,
    model: Model,
    *,
    max_tokens: str,
    top_p: str = "top_p",
    temperature: str = "temperature",
    stop: str = "stop_sequences",
) -> Json:
    """inferenceConfig, from the members that this provider has for it."""
    limit = body.get(max_tokens)
    if limit is not None and limit > model.max_output:
        malformed(f"#/{max_tokens}: {limit} is not less or equal to {model.max_output}")
    config: Json = {}
    for name, native in (("maxTokens", max_tokens), ("temperature", temperature), ("topP", top_p)):
        if body.get(native) is not None:
            config[name] = body[native] if name == "maxTokens" else min(body[native], 1)
    if sequences := body.get(stop):
        config["stopSequences"] = [sequences] if isinstance(sequences, str) else sequences
    return config


def reason_in(reasons: Mapping[str, str], stop_reason: str, usual: str) -> str:
    """The provider's word for a stop reason of Converse."""
    return reasons.get(stop_reason, usual)


def text_in(document: Json) -> str:
    """The text of a whole answer."""
    blocks = document["output"]["message"]["content"]
    parts = [part for b in blocks for part in b.get("citationsContent", {}).get("content", [b])]
    return "".join(part.get("text", "") for part in parts)


class TextChunks(ABC):
    """The last chunk has the reason and the metrics, so it waits for the event `metadata`.

    Whatever is no text is not said: these dialects have no words for it. `tokens` were said so far.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self.said = ""
        self._pieces = 0
        self._stop: Json | None = None

    @property
    def input_tokens(self) -> int:
        return input_tokens(self.call.body)

    @property
    def tokens(self) -> int:
        return output_tokens(self.said)

    @property
    def is_first(self) -> bool:
        return self._pieces == 1

    @abstractmethod
    def piece(self, text: str) -> Json:
        """A chunk with some text."""

    @abstractmethod
    def last(self, stop_reason: str, usage: Json) -> Json:
        """The chunk that ends the answer; `usage` as Converse has it, perhaps empty."""

    def pieces(self, text: str) -> list[Json]:
        """The chunks for some text: one, if nobody asked for several answers at once."""
        return [self.piece(text)]

    def chunks(self, event: Event) -> list[Json]:
        payload = event.payload
        match event.kind:
            case "contentBlockDelta":
                return self._delta(payload["delta"])
            case "messageStop":
                self._stop = payload
                return []
            case "metadata":
                return self._end(payload)
            case "messageStart" | "contentBlockStart" | "contentBlockStop":
                return []
        return [{event.kind: payload}]

    def rest(self) -> list[Json]:
        return self._end({})

    def _delta(self, delta: Json) -> list[Json]:
        match delta:
            case {"text": text}:
                self.said += text
                self._pieces += 1
                return self.pieces(text)
            case {"reasoningContent": _} | {"toolUse": _} | {"toolResult": _} | {"image": _}:
                return []
            case {"citation": _}:
                return []
        return [dict(delta)]

    def _end(self, metadata: Json) -> list[Json]:
        stop, self._stop = self._stop, None
        if stop is None:
            return []
        chunk = self.last(stop["stopReason"], metadata.get("usage") or {})
        marks = guardrail_marks(self.call, stop | metadata)
        figures = invocation_metrics(metadata) if metadata else {}
        return [chunk | marks | figures]


def usage_counts(document: Json) -> tuple[int, int]:
    usage: dict[str, Any] = document.get("usage") or {}
    return usage.get("inputTokens", 0), usage.get("outputTokens", 0)
