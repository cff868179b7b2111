"""Which of the messages are sent: the newest, as many as fit, and the pinned ones before them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streaming.context.turns import Sendable

# Trimming costs the prompt cache, so it goes far enough to last for many turns (R112).
TRIM_TO = 0.6
# Of the room for history, that pinned messages may take: more would leave none to talk in.
PINS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Room:
    """Tokens as the model counts them.

    `history` is what messages may take where the answer has all its room, `newest` what they may
    take at the most. `ratio` corrects estimates.
    """

    history: float
    newest: float
    ratio: float

    def taken_by(self, messages: Sequence[Sendable]) -> float:
        return sum(message.tokens(self.ratio) for message in messages)


def chosen(messages: Sequence[Sendable], room: Room) -> list[Sendable]:
    """Those to send, in their order; from the last cut on all of them, and pinned ones before it.

    The last exchange is always among them, whether it fits or not.
    """
    exchanges = list(_exchanges(messages))
    if not exchanges:
        return []
    kept = _pins_that_fit(exchanges, room)
    start = _first_sent(messages, kept, room)
    return [message for at, message in enumerate(messages) if at >= start or at in kept]


def pinned_tokens(messages: Sequence[Sendable], room: Room) -> float:
    """What all pinned messages take, with the questions or answers that go with them."""
    exchanges = _exchanges(messages)
    return sum(room.taken_by(exchange) for _, exchange in exchanges if _is_pinned(exchange))


def _exchanges(messages: Sequence[Sendable]) -> Iterator[tuple[int, Sequence[Sendable]]]:
    """A question, what it led to, and the index where that begins: they are sent together.

    An answer without its question would be one to the question before it.
    """
    starts = [at for at, message in enumerate(messages) if message.opens]
    for start, end in zip(starts, [*starts[1:], len(messages)], strict=True):
        yield start, messages[start:end]


def _is_pinned(exchange: Sequence[Sendable]) -> bool:
    return any(message.pinned for message in exchange)


def _pins_that_fit(exchanges: list[tuple[int, Sequence[Sendable]]], room: Room) -> set[int]:
    """Indices of messages that stay in view; where not all have room, of those pinned last.

    More than have room can be pinned where another model is chosen.
    """
    left = min(room.history * PINS_SHARE, room.newest - room.taken_by(exchanges[-1][1]))
    kept: set[int] = set()
    for start, exchange in reversed(exchanges[:-1]):
        if not _is_pinned(exchange):
            continue
        left -= room.taken_by(exchange)
        if left < 0:
            break
        kept.update(range(start, start + len(exchange)))
    return kept


def _first_sent(messages: Sequence[Sendable], kept: set[int], room: Room) -> int:
    """The index of the oldest message that is sent though nobody pinned it; it opens a request.

    It replays the conversation from its beginning, cutting where each request would have cut. So
    the point stays where it is from one turn to the next until the room is used up again, and
    nothing about it needs to be stored. What the newest question has asked of tools stays with it.
    """
    start, opened, used = 0, 0, 0.0
    for at, message in enumerate(messages):
        used += message.tokens(room.ratio)
        opened = at if message.opens else opened
        if message.role != "user" or used <= room.history:
            continue
        while start < opened and (used > room.history * TRIM_TO or not messages[start].opens):
            if start not in kept:
                used -= messages[start].tokens(room.ratio)
            start += 1
    return start
