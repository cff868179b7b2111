"""Answers that somebody else goes on with: another runner after a death, another run on request."""

from __future__ import annotations

import uuid
from itertools import permutations

import pytest

from conversations.models import Generation, Message, User
from conversations.models.progress import ATTEMPTS, Ending
from conversations.refusals import Refused
from conversations.transcript import Transcript
from conversations.turns import Turn, begin_continuation
from tests.people import answer, ask, talk
from tests.routes import database
from tests.running import checkpoint, claimed, lapse, stored
from tests.together import together

pytestmark = pytest.mark.django_db


def continued(user: User, message: Message, key: uuid.UUID | None = None) -> Turn:
    return begin_continuation(user, key=key or uuid.uuid4(), digest="d", message=message.uuid)


def cut_off(user: User, text: str = "Half an ans") -> Turn:
    turn = ask(user)
    answer(turn, text, status="interrupted", error_code="worker_lost")
    return turn


def refusal(user: User, message: Message) -> str:
    before = database()
    with pytest.raises(Refused) as caught:
        continued(user, message)
    assert database() == before
    return caught.value.code


# --- another runner -----------------------------------------------------------------------------


def test_stopping_what_waits_for_another_runner_keeps_its_text(alice: User) -> None:
    """R12, R81: nobody runs it then, and what was shown stays."""
    turn = ask(alice)
    checkpoint(claimed(turn), "Half", seq=5)
    lapse(Generation.objects.get())
    assert Generation.objects.get().hand_over()
    number = Generation.objects.get().seq
    assert turn.generation.ask_to_stop()
    assert stored(turn) == ("stopped", "Half")
    assert turn.generation.seq == number + 1


def test_stopping_a_continuation_that_nobody_runs_yet_keeps_what_it_continues(alice: User) -> None:
    turn = cut_off(alice)
    assert continued(alice, turn.assistant_message).generation.ask_to_stop()
    assert Message.objects.get(pk=turn.assistant_message.pk).text == "Half an ans"


def test_what_a_dead_runner_left_is_taken_by_another(alice: User) -> None:
    """R8, R11: and the dead one, should it wake, writes nothing."""
    turn = ask(alice)
    dead = claimed(turn)
    checkpoint(dead, "Half", seq=5)
    lapse(dead)
    assert Generation.objects.get().hand_over()
    assert stored(turn) == ("pending", "Half")
    heir = claimed(turn)
    assert heir.fence > dead.fence
    assert heir.attempt == 2
    assert heir.seq > 5
    assert not checkpoint(dead, "from the grave")
    assert not dead.finish(Ending("complete", 9, "from the grave"))
    assert heir.finish(Ending("complete", heir.seq + 1, "Whole"))
    assert stored(turn) == ("complete", "Whole")


def test_what_still_runs_is_not_handed_over(alice: User) -> None:
    turn = ask(alice)
    assert not turn.generation.hand_over(), "nobody has it yet"
    generation = claimed(turn)
    assert not Generation.objects.get().hand_over()
    lapse(generation)
    checkpoint(generation, "Still here")
    assert not Generation.objects.get().hand_over()
    generation.finish(Ending("complete", 3, "Done"))
    lapse(generation)
    assert not Generation.objects.get().hand_over()


def test_what_was_to_stop_is_not_begun_again(alice: User) -> None:
    turn = ask(alice)
    generation = claimed(turn)
    generation.ask_to_stop()
    lapse(generation)
    found = Generation.objects.get()
    assert not found.hand_over()
    assert found.give_up("worker_lost")
    assert stored(turn)[0] == "stopped"


def test_nobody_tries_for_ever(alice: User) -> None:
    turn = ask(alice)
    handed = 0
    for _ in range(ATTEMPTS + 2):
        generation = Generation.claim(turn.generation.pk)
        if generation is None:
            break
        lapse(generation)
        handed += Generation.objects.get().hand_over()
    assert handed == ATTEMPTS - 1
    assert Generation.objects.get().attempt == ATTEMPTS


@pytest.mark.django_db(transaction=True)
def test_of_two_reapers_one_hands_over(alice: User) -> None:
    """R11"""
    turn = ask(alice)
    lapse(claimed(turn))
    found = [Generation.objects.get(pk=turn.generation.pk) for _ in range(4)]
    assert together(4, lambda number: found[number].hand_over()).count(True) == 1
    assert Generation.objects.get().attempt == 2


@pytest.mark.parametrize("order", list(permutations(["hand over", "finish", "give up", "stop"])))
def test_a_hand_over_races_with_the_ends_and_overwrites_none(
    alice: User, order: tuple[str, ...]
) -> None:
    """R11, R12"""
    turn = ask(alice)
    runner = claimed(turn)
    lapse(runner)
    reaper, person = (Generation.objects.get(pk=runner.pk) for _ in range(2))
    acts = {
        "hand over": reaper.hand_over,
        "finish": lambda: runner.finish(Ending("complete", 9, "whole")),
        "give up": lambda: reaper.give_up("worker_lost"),
        "stop": person.ask_to_stop,
    }
    ends = set()
    for name in order:
        acts[name]()
        if not Generation.objects.get().is_live:
            ends.add(stored(turn))
    assert len(ends) <= 1
    if order[0] == "hand over":
        # It waits for another runner; only the person can end it before that.
        assert stored(turn) == ("stopped", "")


# --- another run --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("interrupted", {"error_code": "worker_lost"}),
        ("stopped", {}),
        ("complete", {"stop_reason": "max_tokens"}),
    ],
)
def test_an_answer_that_was_cut_off_grows_on(
    alice: User, status: str, ending: dict[str, str]
) -> None:
    turn = ask(alice)
    answer(turn, "Half an ans", status=status, **ending)
    on = continued(alice, turn.assistant_message)
    assert on.assistant_message == turn.assistant_message
    assert on.generation != turn.generation
    assert Message.objects.count() == 2
    assert stored(turn)[1] == "Half an ans"
    fields = on.accepted()
    assert fields["user_message"] is None
    assert fields["assistant_message"] == str(turn.assistant_message.uuid)
    generation = claimed(on)
    generation.finish(Ending("complete", 5, "Half an answer.", stop_reason="end_turn"))
    assert Message.objects.get(pk=turn.assistant_message.pk).text == "Half an answer."


def test_a_whole_answer_is_not_continued(alice: User) -> None:
    turn = talk(alice)
    assert refusal(alice, turn.assistant_message) == "conflict"
    assert refusal(alice, turn.user_message) == "conflict"


def test_what_is_not_ones_own_is_not_continued(alice: User, bob: User) -> None:
    """R20"""
    turn = cut_off(alice)
    assert refusal(bob, turn.assistant_message) == "not_found"
    turn.conversation.delete_softly()
    assert refusal(alice, turn.assistant_message) == "not_found"


def test_while_an_answer_is_being_written_none_is_continued(alice: User) -> None:
    """R37"""
    turn = cut_off(alice)
    ask(alice, "Else?", conversation=turn.conversation)
    assert refusal(alice, turn.assistant_message) == "busy"


def test_the_same_key_continues_once(alice: User) -> None:
    """R2"""
    turn = cut_off(alice)
    key = uuid.uuid4()
    first = continued(alice, turn.assistant_message, key)
    again = continued(alice, turn.assistant_message, key)
    assert again.repeated
    assert again.accepted() == first.accepted()
    assert Generation.objects.count() == 2


def test_an_answer_of_many_runs_is_shown_with_its_last(alice: User) -> None:
    turn = cut_off(alice)
    on = continued(alice, turn.assistant_message)
    transcript = Transcript(turn.conversation)
    item = transcript.thread()[-1]
    assert item["status"] == "pending"
    assert item["text"] == "Half an ans"
    assert [run["id"] for run in transcript.runs(item["uuid"])] == [
        str(turn.generation.pk),
        str(on.generation.pk),
    ]
