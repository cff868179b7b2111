"""The chunks of a chat completion as events of ConverseStream."""

import time
from typing import Any

from ..estimate import output_tokens
from ..history import Call
from ..prompt_cache import input_usage
from ..steps import Event

Json = dict[str, Any]

_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
}


class Answering:
    """Reads one answer, chunk by chunk. The usage can come behind the end, so `end()` is last."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._index = -1
        self._open: str | None = None
        self._said = ""
        self._reason: str | None = None
        self._usage: Json = {}
        self._began = time.monotonic()

    def events(self, chunk: Json) -> list[Event]:
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        events: list[Event] = []
        choices = chunk.get("choices")
        for choice in choices[:1] if isinstance(choices, list) else ():
            delta = choice.get("delta") or {}
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                events += self._delta("reasoning", {"reasoningContent": {"text": thought}}, thought)
            if text := delta.get("content"):
                events += self._delta("text", {"text": text}, text)
            for call in delta.get("tool_calls") or ():
                events += self._tool(call)
            self._reason = choice.get("finish_reason") or self._reason
        return events

    def end(self) -> list[Event]:
        """messageStop and metadata. Without a reason of its own the answer was at its end."""
        reason = _REASONS.get(self._reason or "stop", "end_turn")
        read = self._usage.get("prompt_tokens", input_usage(self._call)["inputTokens"])
        wrote = self._usage.get("completion_tokens", output_tokens(self._said))
        usage = {"inputTokens": read, "outputTokens": wrote, "totalTokens": read + wrote}
        latency = int((time.monotonic() - self._began) * 1000)
        return [
            *self._stop(),
            Event("messageStop", {"stopReason": reason}),
            Event("metadata", {"usage": usage, "metrics": {"latencyMs": latency}}),
        ]

    def _tool(self, call: Json) -> list[Event]:
        """The first chunk of a use has its name, the others pieces of its input."""
        function = call.get("function") or {}
        key = f"tool {call.get('index', 0)}"
        events: list[Event] = []
        if function.get("name") and self._open != key:
            events += self._stop()
            self._start(key)
            start = {
                "toolUseId": call.get("id") or f"tooluse_{self._index}",
                "name": function["name"],
            }
            payload = {"contentBlockIndex": self._index, "start": {"toolUse": start}}
            events.append(Event("contentBlockStart", payload))
        if (piece := function.get("arguments")) and self._open == key:
            events += self._delta(key, {"toolUse": {"input": piece}}, piece)
        return events

    def _delta(self, kind: str, delta: Json, said: str) -> list[Event]:
        events = []
        if self._open != kind:
            events = self._stop()
            self._start(kind)
        self._said += said
        payload = {"contentBlockIndex": self._index, "delta": delta}
        return [*events, Event("contentBlockDelta", payload)]

    def _start(self, kind: str) -> None:
        self._open = kind
        self._index += 1

    def _stop(self) -> list[Event]:
        if self._open is None:
            return []
        self._open = None
        return [Event("contentBlockStop", {"contentBlockIndex": self._index})]
