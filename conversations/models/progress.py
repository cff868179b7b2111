"""How far a generation has come and how it ended: what its runner hands to the record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, fields
from typing import Any

# Updates that were sent after the last checkpoint are lost with their runner. The number of the
# end lies far beyond them, so that no client's cursor can be mistaken for being up to date.
RECOVERY_GAP = 10_000
# Of one generation, whoever makes them and whatever they fail of.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ended. ``seq`` is the number of its ``finished`` update."""

    status: str
    seq: int
    text: str
    reasoning: str = ""
    content: list[dict[str, Any]] | None = None
    stop_reason: str | None = None
    error_code: str = ""
    error_reference: str = ""
    attempt: int | None = None
    first_token_ms: int | None = None
    reasoning_ms: int | None = None
    total_ms: int | None = None
    withdrawn: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        """Those of the generation; without an attempt the one that it has stays."""
        texts = {"text", "reasoning", "content"}
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in texts and (each.name != "attempt" or self.attempt is not None)
        }


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The text so far and the number of the last update that carried it, taken together."""

    generation_id: uuid.UUID
    message_id: int
    fence: int
    seq: int
    text: str
    reasoning: str
    attempt: int = 1
