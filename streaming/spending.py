"""What a generation's calls to the model cost: reported by the model, or estimated (R77).

The model reports with its last word, so a call that was stopped or broke off is billed and never
reported. A call that was refused, before or within its stream, is not billed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from math import ceil

from conversations.models import Generation
from streaming.accumulator import Accumulator
from streaming.bedrock.events import Usage
from streaming.context import TooLong
from streaming.context.estimate import tokens
from streaming.history import prepare

# Ends of calls that the model may have worked on though nothing of it came.
PERHAPS_BILLED = frozenset({"aborted", "complete", "model_timeout", "model_stream_error"})


class Spending:
    """Of all calls of a generation so far; ``request_id`` is that of the last which was answered.

    Estimates are kept as guesses: what the model's reports taught of them is read only if needed.
    """

    def __init__(self) -> None:
        self.request_id = ""
        self._reported: list[Usage] = []
        self._guesses: list[tuple[int, int]] = []  # tokens: asked, written
        self._open: int | None = None  # the guess of the input of the call that runs

    @property
    def estimated(self) -> bool:
        return bool(self._guesses)

    def begin(self, input_guess: int | None) -> None:
        """A request is about to be sent."""
        self._open = input_guess or 0

    def settle(self, accumulator: Accumulator, outcome: str) -> None:
        """The call that ran has ended; ``outcome`` is a code of the adapter, or how we ended it."""
        if self._open is None:
            return
        asked, self._open = self._open, None
        self.request_id = accumulator.request_id or self.request_id
        if accumulator.usage is not None:
            self._reported.append(accumulator.usage)
        elif accumulator.first_delta_at is not None or outcome in PERHAPS_BILLED:
            self.guess(asked, accumulator.text + accumulator.reasoning)

    def guess(self, asked: int, written: str) -> None:
        self._guesses.append((asked, tokens(written)))

    def tokens(self, ratio: Callable[[], float]) -> dict[str, int]:
        """By the names of the columns; empty when nothing was spent."""
        total = Counter[str]()
        for usage in self._reported:
            total.update(asdict(usage))
        if self._guesses:
            factor = ratio()
            asked, written = map(sum, zip(*self._guesses, strict=True))
            total["input_tokens"] += ceil(asked * factor)
            total["output_tokens"] += ceil(written * factor)
        return dict(total)


def left_behind(generation: Generation, calls: int) -> Spending:
    """What so many calls cost whose runners died: the row and its text are all that is known.

    What they asked is asked again by the next, so the estimate of that is theirs. Which of them
    were refused, and what was begun anew, died with them.
    """
    spending = Spending()
    message = generation.message
    if not calls or message is None or generation.conversation is None:
        return spending
    base = message.text[: generation.base_text_length]
    added = message.text[len(base) :] + message.reasoning[generation.base_reasoning_length :]
    with suppress(TooLong):  # then they cannot have asked either
        prepare(generation, base.rstrip())
        spending.guess(calls * (generation.input_estimate or 0), added)
    return spending
