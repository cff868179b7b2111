"""Tokens as the service counts them: each message once, in a few calls, and never at any price."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.models import Message, User
from streaming.context import Turn, sendable
from streaming.counting import MOST_CALLS, Uncounted, count, keep, known
from streaming.localbedrock.models import Model
from streaming.localbedrock.validation import check_conversation
from tests.people import ask
from tests.test_context_view import histories

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"


def rows(history: list[Turn]) -> list[Uncounted]:
    return [Uncounted(each, Message(pk=each.at)) for each in sendable(history, tools=False)]


@pytest.mark.nodb
@given(histories, st.integers(0, 9), st.integers(1, 30))
def test_whatever_is_counted_the_service_takes_it_in_a_few_calls(
    history: list[Turn], skip: int, factor: int
) -> None:
    calls: list[Any] = []

    def asked(messages: Any) -> int:
        check_conversation({"messages": messages}, Model("local.x", "x", window=10**9))
        calls.append(messages)
        return factor * 100

    uncounted = rows(history)[skip:]
    counts = count(uncounted, asked) if uncounted else {}
    assert len(calls) <= MOST_CALLS
    assert set(counts) == {each.row.pk for each in uncounted}
    assert all(tokens > 0 for tokens in counts.values())
    # All that was counted is given to the messages, and hardly more.
    assert len(calls) * factor * 100 <= sum(counts.values()) <= len(calls) * factor * 100 + 20


@pytest.mark.nodb
def test_what_could_not_be_counted_stays_an_estimate() -> None:
    uncounted = rows([Turn("user", f"{n} word") for n in range(20)])
    answers = iter([50, None])
    assert 0 < len(count(uncounted, lambda messages: next(answers))) < 20


def test_a_count_is_of_one_model_and_of_the_text_as_it_was(alice: User) -> None:
    message = ask(alice, "How do tides work?").user_message
    uncounted = [Uncounted(sendable([Turn("user", message.text)], tools=False)[0], message)]
    keep(MODEL, uncounted, {message.pk: 9})
    message.refresh_from_db()
    assert known(message, MODEL) == 9
    assert known(message, "another") is None
    message.text += " And now?"
    assert known(message, MODEL) is None
