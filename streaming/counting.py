"""Near the limit of a model that can count, its count takes the place of our estimates.

Each message is counted once and the figure kept with it. A long conversation that comes near the
limit for the first time has hundreds of them: they are counted in a few groups, and each message
gets its share of its group's count, by the estimates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.db import connection

from conversations.models import BedrockModel, Message
from conversations.statements import update
from conversations.writing import write
from streaming.bedrock.counting import Counter
from streaming.bedrock.request import ConverseMessage
from streaming.context import Sendable, Turn, merged, sendable

MOST_CALLS = 8  # before one answer
NEAR = 0.7  # of what fits: below that an estimate cannot be wrong enough to matter

_FILLER = Sendable(0, "user", ({"text": "."},), 1)

Count = Callable[[list[ConverseMessage]], int | None]


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A message that will be sent, and the row that it is made of."""

    message: Sendable
    row: Message


def uncounted(
    turns: Sequence[Turn], rows: Sequence[Message], sent: Sequence[int]
) -> tuple[Uncounted, ...]:
    """Of the turns that are sent those that this model has not counted; the first are of rows."""
    return tuple(
        Uncounted(message, rows[message.at])
        for message in sendable(turns, tools=False)
        if message.at in sent and message.at < len(rows) and message.counted is None
    )


def count(uncounted: Sequence[Uncounted], ask: Count) -> dict[int, int]:
    """Tokens by the key of the message; of as many of them as could be counted."""
    counts: dict[int, int] = {}
    for group in _groups(uncounted):
        messages = [each.message for each in group]
        total = ask(_as_conversation(messages))
        if total is None:
            break
        guessed = max(1, sum(message.size for message in messages))
        for each in group:
            counts[each.row.pk] = math.ceil(total * each.message.size / guessed)
    return counts


def keep(model_id: str, uncounted: Sequence[Uncounted], counts: dict[int, int]) -> None:
    with write():
        for each in uncounted:
            if (tokens := counts.get(each.row.pk)) is None:
                continue
            # With the length: an answer that is continued is another text.
            counted = {**(each.row.counted or {}), model_id: [tokens, len(each.row.text)]}
            update(Message, {"counted": counted}, "id = %(id)s", id=each.row.pk)


def improved(model: BedrockModel, uncounted: Sequence[Uncounted], counter: Counter) -> bool:
    """Let the service count what is estimated; whether anything is known better now."""
    if not uncounted:
        return False
    connection.close()  # nothing is asked of the database meanwhile
    counts = count(uncounted, partial(counter.count, model.foundation))
    if counts:
        keep(model.pk, uncounted, counts)
    return bool(counts)


def known(row: Message, model_id: str) -> int | None:
    """What this model counted of a message as it is now."""
    tokens, length = (row.counted or {}).get(model_id, (None, None))
    return tokens if length == len(row.text) else None


def _groups(uncounted: Sequence[Uncounted]) -> list[list[Uncounted]]:
    """Of about the same size, and no more of them than calls are made."""
    enough = sum(each.message.size for each in uncounted) / MOST_CALLS
    groups: list[list[Uncounted]] = [[]]
    for each in uncounted:
        if sum(other.message.size for other in groups[-1]) >= enough:
            groups.append([])
        groups[-1].append(each)
    return groups


def _as_conversation(messages: Sequence[Sendable]) -> list[ConverseMessage]:
    """Messages as the service takes them: from a question to a question, for two tokens more."""
    before = [] if messages[0].opens else [_FILLER]
    after = [] if messages[-1].role == "user" else [_FILLER]
    return merged([*before, *messages, *after])
