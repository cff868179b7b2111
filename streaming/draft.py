"""What a generation has written so far, over its attempts. Pure; one thread writes, others read.

An answer can be written in pieces: it may continue a message that was cut off, and an attempt may
go on where a broken one stopped. What came before the attempt that runs is *carried*; the attempt
itself is an accumulator. What an attempt had written when another had to begin anew is remembered,
because the longest text is what stays in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streaming.accumulator import Accumulator
from streaming.bedrock.events import ReasoningDelta, TextDelta

Content = list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Written:
    """Texts, and content blocks where there is more than text."""

    text: str = ""
    reasoning: str = ""
    content: Content = None


class Draft:
    """``base`` is the message that is continued; ``carried`` what this generation wrote before."""

    def __init__(self, base: Written, carried: Written | None, clock: Callable[[], float]) -> None:
        self._base = base
        self._carried = carried or base
        self._clock = clock
        self._best = Written()
        self._first_delta_at: float | None = None
        self._thought = 0.0  # seconds, of what is carried
        self.accumulator = Accumulator(clock)

    @property
    def base(self) -> Written:
        return self._base

    @property
    def carried_text(self) -> str:
        return self._carried.text

    @property
    def first_delta_at(self) -> float | None:
        return self._first_delta_at or self.accumulator.first_delta_at

    @property
    def thought(self) -> float:
        """Seconds of reasoning in what this generation wrote, without attempts that are void."""
        return self._thought + self.accumulator.thought

    @property
    def has_new(self) -> bool:
        """Whether this generation has shown anything that is not void."""
        return self.accumulator.first_delta_at is not None or self._carried != self._base

    def taken_text(self) -> str:
        return self._carried.text + self.accumulator.taken_text()

    def taken_reasoning(self) -> str:
        return self._carried.reasoning + self.accumulator.taken_reasoning()

    def written(self) -> Written:
        accumulator = self.accumulator
        return Written(
            self._carried.text + accumulator.text,
            self._carried.reasoning + accumulator.reasoning,
            _joined(self._carried, accumulator),
        )

    def carry_on(self) -> None:
        """The next attempt goes on where this one stopped."""
        self._carried, self._thought = self.written(), self.thought
        self._next()

    def retract(self, text: str) -> None:
        """What this generation wrote is void, all attempts together; this stands in its place."""
        self._carried, self._thought, self._best = self._base, 0.0, Written()
        self.accumulator.retract(text)

    def start_over(self) -> None:
        """The next attempt begins anew; this one is remembered if it is the longest so far."""
        self._remember()
        self._carried, self._thought = self._base, 0.0
        self._next()

    def keep_longest(self) -> bool:
        """After the last attempt: whether an earlier one has more. Then begin anew with it."""
        self._remember()
        if self._best == self.written():
            return False
        self._carried = self._base
        self._next()
        self.accumulator.add(ReasoningDelta(self._best.reasoning[len(self._base.reasoning) :], 0))
        self.accumulator.add(TextDelta(self._best.text[len(self._base.text) :], 1))
        return True

    def _remember(self) -> None:
        written = self.written()
        if len(written.text) >= len(self._best.text):
            self._best = written

    def _next(self) -> None:
        self._first_delta_at = self.first_delta_at
        self.accumulator = Accumulator(self._clock)


class Seam:
    """Joins what a model goes on with to what it was given.

    A text that a model is to go on with must not end in white space, so that is cut off. It is
    shown already, though, and the model tends to begin with it: what comes again is left out.
    """

    def __init__(self, text: str) -> None:
        self.given = text.rstrip()
        self._shown = text[len(self.given) :]

    def join(self, piece: str) -> str:
        """The piece without the white space that is shown already."""
        if not self._shown:
            return piece
        again = _common(self._shown, piece)
        # A piece that is used up may go on with it in the next; any other character ends the seam.
        self._shown = self._shown[again:] if again == len(piece) else ""
        return piece[again:]


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    differing = (at for at, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1)
    return next(differing, min(len(one), len(other)))


def _joined(before: Written, accumulator: Accumulator) -> Content:
    new = accumulator.content()
    if before.content is None and new is None:
        return None
    return [*_blocks(before.text, before.content), *_blocks(accumulator.text, new)]


def _blocks(text: str, content: Content) -> list[dict[str, Any]]:
    if content is not None:
        return content
    return [{"text": text}] if text else []
