"""Parts of the engine without a server: a clock that stands still, runs without a model."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from conversations.models import Generation, Message
from streaming.bedrock.events import ReasoningDelta, TextDelta
from streaming.live import LiveRun
from streaming.protocol import Encoder, Update

CONVERSATION = UUID(int=1)
MESSAGE = UUID(int=2)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class Call:
    """A call to the model that only remembers whether it was ended."""

    def __init__(self) -> None:
        self.aborted = 0

    def abort(self) -> None:
        self.aborted += 1


def encoder(generation: UUID) -> Encoder:
    return Encoder(conversation=CONVERSATION, message=MESSAGE, generation=generation)


def updates(generation: UUID, texts: list[str], *, first: int = 1) -> list[Update]:
    """One delta for each text, numbered."""
    made = encoder(generation)
    return [made.delta(first + place, "text", text) for place, text in enumerate(texts)]


def finished(generation: UUID, seq: int) -> Update:
    return encoder(generation).finished(seq, {"status": "complete"})


def live_run(clock: Clock, generation: UUID | None = None) -> LiveRun:
    """A run of a row that nobody saved."""
    row = Generation(pk=generation or uuid4(), fence=1)
    row.message = Message(id=1, uuid=MESSAGE)
    return LiveRun(row, encoder(row.pk), clock)


def hear(run: LiveRun, text: str = "", reasoning: str = "") -> None:
    """What the model says."""
    if reasoning:
        run.accumulator.add(ReasoningDelta(reasoning, 0))
    if text:
        run.accumulator.add(TextDelta(text, 1))


def read(update: Update | str) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(update if isinstance(update, str) else update.frame)
    return frame


def text_of(frames: list[Any], kind: str = "text") -> str:
    """What a client shows after these updates."""
    text = ""
    for update in map(read, frames):
        if update["type"] == "snapshot":
            text = update[kind]
        elif update["type"] == "delta" and update["kind"] == kind:
            text += update["text"]
    return text
