"""What a socket is told when it follows a conversation, whatever begins meanwhile."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from conversations.models import Generation, User
from conversations.models.progress import Ending
from conversations.turns import Turn, begin_continuation
from streaming import commands, protocol, stored, visitors
from streaming.visitors import Visitor
from tests.people import answer, ask, talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(as_alice: Client) -> Visitor:
    admitted = visitors.admit(as_alice.session.session_key)
    assert admitted
    return admitted


def follow(visitor: Visitor, turn: Turn, *seen: Generation) -> commands.Followed:
    cursors = {generation.pk: generation.seq for generation in seen}
    command = protocol.Follow(type="follow", conversation=turn.conversation.pk, cursors=cursors)
    return commands.follow(visitor, command)


def told_later(visitor: Visitor, turn: Turn, followed: commands.Followed) -> list[uuid.UUID]:
    """The generations that the socket is told of when it looks for what began."""
    after = stored.turns_after(visitor, turn.conversation.pk, followed.begun)
    return [each.generation.pk for each in after]


def continued(alice: User, turn: Turn) -> Turn:
    return begin_continuation(
        alice, key=uuid.uuid4(), digest="d", message=turn.assistant_message.uuid
    )


class AtQuery:
    """Has something happen right before the n-th question to the database."""

    def __init__(self, number: int, happen: Any) -> None:
        self.asked = 0
        self._number = number
        self._happen = happen

    def __call__(self, execute: Any, *args: Any) -> Any:
        self.asked += 1
        if self.asked == self._number:
            self._happen()
        return execute(*args)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_turn_that_begins_while_following_is_told(
    alice: User, visitor: Visitor, number: int
) -> None:
    """R6: between any two questions to the database, it is the newest or it is told later."""
    first = talk(alice)
    second: list[Turn] = []
    at = AtQuery(number, lambda: second.append(ask(alice, conversation=first.conversation)))
    with connection.execute_wrapper(at):
        followed = follow(visitor, first)
    if not second:  # following asks no more than so often
        assert at.asked < number
        return
    newest = str(second[0].assistant_message.uuid)
    told = told_later(visitor, first, followed)
    assert followed.newest == newest or second[0].generation.pk in told


def test_following_asks_often_enough_for_the_test_above(alice: User, visitor: Visitor) -> None:
    turn, at = talk(alice), AtQuery(0, None)
    with connection.execute_wrapper(at):
        follow(visitor, turn)
    assert 5 <= at.asked <= 8


def test_what_went_on_and_ended_while_a_tab_was_away_is_told(alice: User, visitor: Visitor) -> None:
    """R6: it made no new message, and nothing of it runs."""
    turn = ask(alice)
    answer(turn, "By", status="stopped")
    seen = Generation.objects.get(pk=turn.generation.pk)
    more = continued(alice, turn)
    answer(more, "By gravity.")
    followed = follow(visitor, turn, seen)
    assert followed.live == followed.streams == []
    assert told_later(visitor, turn, followed) == [more.generation.pk]
    # Whoever has seen its end is told nothing.
    assert told_later(visitor, turn, follow(visitor, turn, more.generation)) == []
    assert told_later(visitor, turn, follow(visitor, turn)) == []


def test_what_goes_on_still_is_caught_up_with_and_told_once(alice: User, visitor: Visitor) -> None:
    """R6"""
    turn = ask(alice)
    answer(turn, "By", status="stopped")
    more = continued(alice, turn)
    followed = follow(visitor, turn, Generation.objects.get(pk=turn.generation.pk))
    assert followed.streams == [(more.generation.pk, 0)]
    assert told_later(visitor, turn, followed) == []


def test_an_end_is_told_with_its_usage_unless_that_does_not_come(alice: User) -> None:
    """R77: between `messageStop` and the model's report a tab that looks is told the text."""
    turn = ask(alice)
    generation = Generation.claim(turn.generation.pk)
    assert generation
    assert generation.finish(
        Ending(status="complete", text="By gravity.", seq=3, stop_reason="end_turn")
    )
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        early = stored.stored(generation.pk)
    assert early
    assert early.finished is None
    assert read(early.snapshot)["text"] == "By gravity."
    with time_machine.travel(now + stored.USAGE_DUE, tick=False):
        never = stored.stored(generation.pk)
    assert never
    assert never.finished
    assert (never.snapshot.seq, never.finished.seq) == (early.snapshot.seq, 3)
    assert read(never.finished)["usage"] is None
    generation.record_usage(
        tokens={"input_tokens": 12, "output_tokens": 34}, cost=None, request_id="", estimated=False
    )
    with time_machine.travel(now, tick=False):
        reported = stored.stored(generation.pk)
    assert reported
    assert reported.finished
    assert read(reported.finished)["usage"]["output_tokens"] == 34


def read(update: protocol.Update) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(update.frame)
    return fields
