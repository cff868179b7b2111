"""The verbs of the models: who may still write, who ends it, and in which order things are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from conversations.changes import conversation_changed, stop_requested
from conversations.models import Conversation, Generation, Message, User
from conversations.models.progress import Checkpoint, Ending
from conversations.querysets import LIVE
from conversations.transcript import Transcript
from conversations.turns import Turn
from tests.people import answer, ask, person, talk
from tests.running import ENDED, checkpoint, claimed, lapse, stored
from tests.together import together

pytestmark = pytest.mark.django_db

# --- the lease ----------------------------------------------------------------------------------


def test_a_generation_is_claimed_once(alice: User) -> None:
    turn = ask(alice)
    first = claimed(turn)
    assert first.status == "streaming"
    assert first.lease_until is not None
    assert first.lease_until > timezone.now()
    assert Generation.claim(turn.generation.pk) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_runners_one_gets_it(alice: User) -> None:
    """R11"""
    turn = ask(alice)
    got = together(10, lambda _: Generation.claim(turn.generation.pk) is not None)
    assert got.count(True) == 1


def test_a_checkpoint_keeps_the_text_and_renews_the_lease(alice: User) -> None:
    """R8"""
    turn = ask(alice)
    generation = claimed(turn)
    lapse(generation)
    assert checkpoint(generation, "Half", seq=7)
    assert stored(turn) == ("streaming", "Half")
    generation.refresh_from_db()
    assert generation.seq == 7
    assert generation.lease_until is not None
    assert generation.lease_until > timezone.now()


def test_a_runner_that_lost_its_lease_writes_nothing_more(alice: User) -> None:
    """R11"""
    turn = ask(alice)
    stale = claimed(turn)
    Generation.objects.filter(pk=stale.pk).update(fence=stale.fence + 1)
    assert not checkpoint(stale, "stale")
    assert not stale.finish(Ending("complete", seq=9, text="stale"))
    assert stored(turn) == ("streaming", "")


def test_a_runner_learns_at_its_checkpoint_that_it_must_stop(alice: User) -> None:
    turn = ask(alice)
    generation = claimed(turn)
    assert generation.ask_to_stop()
    assert not checkpoint(generation, "more")


def test_one_checkpoint_of_many_does_not_depend_on_the_others(alice: User) -> None:
    turns = [ask(alice) for _ in range(3)]
    generations = [claimed(turn) for turn in turns]
    generations[1].finish(Ending("complete", seq=3, text="Done"))
    points = [
        Checkpoint(each.pk, each.message_id or 0, each.fence, 2, "Half", "") for each in generations
    ]
    assert Generation.checkpoint(points) == {generations[1].pk}
    assert [stored(turn)[1] for turn in turns] == ["Half", "Done", "Half"]


def test_what_nobody_runs_yet_stops_at_once(alice: User) -> None:
    turn = ask(alice)
    assert turn.generation.ask_to_stop()
    assert stored(turn) == ("stopped", "")
    assert Generation.claim(turn.generation.pk) is None


def test_what_was_begun_here_is_claimed_without_being_read(alice: User) -> None:
    """R11: what is in memory is then what is stored, with the fencing token of the claim."""
    begun = ask(alice).generation
    claimed = Generation.claim(begun.pk, begun)
    assert claimed is begun
    row = Generation.objects.get(pk=begun.pk)
    for name in ("status", "fence", "lease_until", "started_at", "attempt", "seq", "model"):
        assert getattr(begun, name) == getattr(row, name)
    assert begun.finish(Ending(status="complete", seq=2, text="Done"))


def test_what_was_begun_here_and_changed_since_is_not_claimed_from_memory(alice: User) -> None:
    """R11, R12: stopped, claimed, or taken over and pending again."""
    stopped, taken, again = (ask(alice).generation for _ in range(3))
    assert Generation.objects.get(pk=stopped.pk).ask_to_stop()
    assert Generation.claim(taken.pk)
    row = Generation.claim(again.pk)
    assert row
    lapse(row)
    assert row.hand_over()
    for begun in (stopped, taken, again):
        assert Generation.claim(begun.pk, begun) is None
    assert Generation.claim(again.pk)


def test_what_has_ended_cannot_be_stopped(alice: User) -> None:
    turn = talk(alice)
    assert not Generation.objects.get(pk=turn.generation.pk).ask_to_stop()
    assert stored(turn) == ("complete", "By gravity.")


def test_a_runner_that_still_lives_is_not_given_up(alice: User) -> None:
    """R10"""
    turn = ask(alice)
    generation = claimed(turn)
    assert not generation.give_up("worker_lost")
    lapse(generation)
    checkpoint(generation, "Still here")
    assert not generation.give_up("worker_lost")
    assert stored(turn)[0] == "streaming"


def test_what_was_given_up_keeps_the_text_of_its_last_checkpoint(alice: User) -> None:
    """R8, R10"""
    turn = ask(alice)
    generation = claimed(turn)
    checkpoint(generation, "Half an ans", seq=5)
    lapse(generation)
    found = Generation.objects.lapsed(timezone.now()).get()
    assert found.give_up("worker_lost", "9f")
    assert stored(turn) == ("interrupted", "Half an ans")
    found.refresh_from_db()
    assert (found.error_code, found.error_reference) == ("worker_lost", "9f")
    assert found.seq > 5
    assert found.lease_until is None


def test_what_was_to_be_stopped_when_its_runner_died_counts_as_stopped(alice: User) -> None:
    turn = ask(alice)
    generation = claimed(turn)
    generation.ask_to_stop()
    lapse(generation)
    assert Generation.objects.get().give_up("worker_lost")
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("stopped", "")


# --- writers at the same time -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_writers_lose_none_of_their_increments(alice: User) -> None:
    """R17: read, add one, write; each in a transaction, and no lock but the database's own."""
    row = talk(alice).conversation

    def work(number: int) -> bool:
        for _ in range(30):
            with transaction.atomic():
                mine = Conversation.objects.select_for_update().get(pk=row.pk)
                mine.options = {"count": mine.options.get("count", 0) + 1}
                mine.save(update_fields=["options"])
        return True

    assert all(together(8, work))
    row.refresh_from_db()
    assert row.options == {"count": 240}


# --- order --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [-3600, 0], ids=["a clock that runs back", "a clock that stands"])
def test_the_order_is_that_of_writing_whatever_the_clock_says(alice: User, step: int) -> None:
    """R36"""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    texts = []
    turn: Turn | None = None
    for number in range(6):
        with time_machine.travel(moment + timedelta(seconds=step * number), tick=False):
            conversation = turn.conversation if turn else None
            turn = ask(alice, f"question {number}", conversation=conversation)
            answer(turn, f"answer {number}")
        texts += [f"question {number}", f"answer {number}"]
    assert turn
    transcript = Transcript(turn.conversation)
    assert [item["text"] for item in transcript.thread()] == texts
    assert [item["text"] for item in transcript.everything()] == texts
    assert transcript.newest == str(turn.assistant_message.uuid)


# --- conversations ------------------------------------------------------------------------------


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What was announced, in order."""
    heard: list[Any] = []

    def changed(conversation: Conversation, fields: list[str], **_: Any) -> None:
        heard.append((conversation.pk, sorted(fields)))

    def stopping(generation: Generation, **_: Any) -> None:
        heard.append(("stop", generation.pk))

    conversation_changed.connect(changed)
    stop_requested.connect(stopping)
    yield heard
    conversation_changed.disconnect(changed)
    stop_requested.disconnect(stopping)


@pytest.mark.django_db(transaction=True)
def test_a_change_is_announced_when_it_is_committed(alice: User, told: list[Any]) -> None:
    """R1"""
    row = talk(alice).conversation
    told.clear()
    with transaction.atomic():
        row.rename("Tides")
        assert told == []
    assert told == [(row.pk, ["title"])]
    told.clear()
    with transaction.atomic():
        row.rename("Ebb")
        transaction.set_rollback(True)
    assert told == []
    row.refresh_from_db()
    assert row.title == "Tides"


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_does_not_undo_what_is_committed(alice: User) -> None:
    row = talk(alice).conversation

    def fail(**_: Any) -> None:
        raise RuntimeError("no channel layer")

    conversation_changed.connect(fail)
    try:
        row.rename("Tides")
    finally:
        conversation_changed.disconnect(fail)
    row.refresh_from_db()
    assert row.title == "Tides"


def test_a_title_that_a_person_chose_stays(alice: User) -> None:
    row = talk(alice).conversation
    assert row.suggest_title(" Tides\nand more ")
    assert row.title == "Tides and more"
    row.rename("My own\0 title\ud800")
    assert row.title == "My own\ufffd title\ufffd"
    assert not Conversation.objects.get(pk=row.pk).suggest_title("Better")
    assert not row.suggest_title("  ")
    with pytest.raises(ValueError, match="title"):
        row.rename(" \n ")
    row.refresh_from_db()
    assert row.title == "My own\ufffd title\ufffd"


@pytest.mark.django_db(transaction=True)
def test_deleting_asks_the_running_answer_to_stop(alice: User, told: list[Any]) -> None:
    """R38"""
    turn = ask(alice)
    generation = claimed(turn)
    told.clear()
    turn.conversation.delete_softly()
    generation.refresh_from_db()
    assert generation.stop_requested
    assert ("stop", generation.pk) in told
    assert (turn.conversation.pk, ["deleted"]) in told
    assert not Conversation.objects.owned_by(alice).exists()
    assert not Message.objects.owned_by(alice).exists()
    assert not Generation.objects.owned_by(alice).exists()
    turn.conversation.restore()
    assert Message.objects.owned_by(alice).count() == 2


def test_what_was_spent_outlives_what_was_said(alice: User) -> None:
    turn = talk(alice)
    Conversation.objects.get().delete()
    row = Generation.objects.get(pk=turn.generation.pk)
    assert (row.conversation, row.message, row.output_tokens) == (None, None, 34)


def test_ids_that_are_seen_outside_cannot_be_guessed(alice: User) -> None:
    turn = talk(alice)
    ids = [turn.conversation.pk, turn.assistant_message.uuid, turn.generation.pk, alice.public_id]
    assert all(isinstance(each, uuid.UUID) and each.version == 4 for each in ids)


def test_nothing_that_prints_a_row_prints_text(alice: User) -> None:
    """R105: rows end up in logs."""
    turn = talk(alice, "Heron question", "Heron answer")
    turn.conversation.rename("Heron title")
    for row in (turn.conversation, turn.user_message, turn.assistant_message, turn.generation):
        assert "Heron" not in f"{row} {row!r}"


def test_live_means_the_same_everywhere(alice: User) -> None:
    turn = ask(alice)
    assert turn.generation.is_live
    assert set(LIVE) | ENDED == set(Generation.Status.values)
    assert person("zoe").conversations.count() == 0
