"""The calls that reached the endpoint, for tests to look at."""

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Call:
    """One call of an operation that runs a model.

    `body` is the request in the form of Converse, whatever the operation; `native` is what
    InvokeModel was sent, in the provider's own form.
    `disconnected` is set when the client closed before the response was over, `ended` when nothing
    more will be sent, for whatever reason. `deltas` counts the content deltas written so far.
    `cached` is
    what the prompt cache did, as members of `usage`. `started` and `ended_at` are times of
    time.monotonic().
    """

    operation: str
    model_id: str
    body: dict[str, Any]
    headers: dict[str, str]
    native: dict[str, Any] | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)
    disconnected: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    ended_at: float | None = None
    deltas: int = 0
    cached: dict[str, int] = field(default_factory=dict)

    def end(self, *, disconnected: bool) -> None:
        """Nothing more will be sent."""
        if self.ended_at is None:
            self.ended_at = time.monotonic()
        if disconnected:
            self.disconnected.set()
        self.ended.set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages = self.body.get("messages")
        return messages if isinstance(messages, list) else []

    @property
    def system_text(self) -> str:
        return text_of(self.body.get("system") or [])

    @property
    def last_user_text(self) -> str:
        """The text of the newest user message, "" if it has none."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return text_of(message.get("content") or [])
        return ""

    @property
    def max_tokens(self) -> int | None:
        return (self.body.get("inferenceConfig") or {}).get("maxTokens")

    @property
    def stop_sequences(self) -> list[str]:
        return (self.body.get("inferenceConfig") or {}).get("stopSequences") or []


class History(list[Call]):
    """The calls so far, oldest first; only the newest `keep` of them (None: all)."""

    def __init__(self, keep: int | None = None) -> None:
        super().__init__()
        self._keep = keep
        self._changed = threading.Condition()
        self._total = 0

    def add(self, call: Call) -> None:
        with self._changed:
            self._total += 1
            self.append(call)
            if self._keep is not None:
                del self[: max(0, len(self) - self._keep)]
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._total = 0
            super().clear()

    def wait_for(self, count: int, timeout: float = 10.0) -> bool:
        """Wait until `count` calls came in since clear(); False when the time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self._total >= count, timeout)


def text_of(blocks: list[dict[str, Any]]) -> str:
    """The text blocks of a message or of the system prompt, one below the other."""
    return "\n".join(block["text"] for block in blocks if isinstance(block.get("text"), str))
