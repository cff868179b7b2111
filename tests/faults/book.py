"""What a tab shows, and what all tabs of a site know together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.faults.plan import expected_answer


@dataclass
class Shown:
    """What a tab shows of one assistant message."""

    conversation: str
    generation: str = ""
    text: str = ""
    status: str = ""
    actions: list[str] = field(default_factory=list)
    # (time, generation, characters shown), for what a kill may cost
    lengths: list[tuple[float, str, int]] = field(default_factory=list)
    voided: bool = False


class Book:
    """What all tabs of a site know together: what was asked, what must come, what went wrong."""

    def __init__(self) -> None:
        self.questions: dict[str, str] = {}  # id of the user's message: its text
        self.expected: dict[str, str] = {}  # id of the assistant's message: the whole answer
        self.accepted: dict[str, dict[str, Any]] = {}  # key: the frame
        self.ends: dict[str, dict[str, Any]] = {}  # generation: its `finished`
        self.stops: set[str] = set()  # messages somebody asked to stop
        self.complaints: list[str] = []
        self.refusals: dict[str, int] = {}

    def complain(self, what: str) -> None:
        self.complaints.append(what)

    def accept(self, frame: dict[str, Any]) -> None:
        known = self.accepted.setdefault(frame["key"], frame)
        same = ("conversation", "user_message", "assistant_message", "generation")
        if any(known[name] != frame[name] for name in same):
            self.complain(f"one key was accepted twice, differently: {known} {frame}")
        question = frame["user_message"] or frame["parent"]
        if frame["user_message"]:
            self.questions[frame["user_message"]] = frame["text"]
        if question in self.questions:
            answer = expected_answer(self.questions[question])
            self.expected.setdefault(frame["assistant_message"], answer)

    def end(self, frame: dict[str, Any]) -> None:
        known = self.ends.setdefault(frame["generation"], frame)
        if any(known[name] != frame[name] for name in ("seq", "status", "stop_reason")):
            self.complain(f"a generation ended twice: {known} {frame}")
        if frame["status"] == "stopped" and frame["message"] not in self.stops:
            self.complain(f"stopped, and nobody asked for it: {frame}")
