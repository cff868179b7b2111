"""How a turn begins: one transaction, one answer for a key, refusals that change nothing."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from conversations.models import Conversation, Generation, Message, User
from conversations.refusals import Refused
from conversations.turns import NEWEST, Send, Turn, begin_answer, begin_turn, digest_of
from tests.people import MODEL, answer, ask, ask_again, talk
from tests.routes import database
from tests.together import together

pytestmark = pytest.mark.django_db


def send(key: uuid.UUID | None = None, **fields: Any) -> Send:
    fields = {"text": "How do tides work?", "digest": "d", "model": MODEL, **fields}
    return Send(key=key or uuid.uuid4(), **fields)


def refusal(begin: Callable[[], Turn]) -> str:
    """The code that something is refused with; the database must be as before."""
    before = database()
    with pytest.raises(Refused) as caught:
        begin()
    assert caught.value.detail
    assert database() == before
    return caught.value.code


# --- what is stored -----------------------------------------------------------------------------


def test_a_first_question_makes_a_conversation_and_promises_an_answer(alice: User) -> None:
    """R1"""
    turn = begin_turn(alice, send(system_prompt="Be brief.", options={"top_p": 0.5}))
    row = Conversation.objects.get()
    assert (row.owner, row.model, row.system_prompt) == (alice, MODEL, "Be brief.")
    assert row.options == {"top_p": 0.5}
    question, reply = Message.objects.order_by("id")
    assert (question.role, question.text, question.parent) == ("user", "How do tides work?", None)
    assert (reply.role, reply.text, reply.parent) == ("assistant", "", question)
    generation = Generation.objects.get()
    assert (generation.status, generation.message, generation.asked_by) == ("pending", reply, alice)
    assert generation.key == turn.generation.key


def test_the_next_question_comes_below_the_newest_message(alice: User) -> None:
    first = talk(alice)
    second = ask(alice, "More?", conversation=first.conversation)
    assert second.user_message.parent == first.assistant_message


def test_a_question_may_come_below_any_answer_or_be_a_new_first_one(alice: User) -> None:
    first = talk(alice)
    answer(ask(alice, "More?", conversation=first.conversation))
    uuid_of_first = first.assistant_message.uuid
    branch = ask(alice, "Else?", conversation=first.conversation, parent=uuid_of_first)
    assert branch.user_message.parent == first.assistant_message
    answer(branch)
    new = ask(alice, "Anew", conversation=first.conversation, parent=None)
    assert new.user_message.parent is None


def test_another_answer_stands_beside_the_first(alice: User) -> None:
    turn = talk(alice)
    again = ask_again(alice, turn.assistant_message)
    assert again.assistant_message.parent == turn.user_message
    assert again.assistant_message != turn.assistant_message
    assert Message.objects.filter(role="user").count() == 1


def test_another_model_is_the_conversations_from_then_on(alice: User) -> None:
    turn = talk(alice)
    ask(alice, conversation=turn.conversation, model="other.model")
    assert Conversation.objects.get().model == "other.model"


def test_accepted_has_the_fields_of_the_contract(alice: User) -> None:
    samples = json.loads((Path(__file__).parent / "samples/protocol.json").read_text())
    frames = [
        each["frame"]
        for each in samples["updates"]
        if each["valid"] and each["frame"]["type"] == "accepted"
    ]
    assert frames
    turn = ask(alice)
    fields = turn.accepted()
    for frame in frames:
        assert set(fields) == set(frame) - {"type", "ref"}
    assert fields["user_message"] == str(turn.user_message.uuid)
    assert fields["parent"] is None
    assert fields["created_at"].endswith("Z")
    answer(turn)
    again = ask_again(alice, turn.assistant_message).accepted()
    assert again["user_message"] is None
    assert again["parent"] == str(turn.user_message.uuid)


# --- what is refused ----------------------------------------------------------------------------


def test_foreign_unknown_and_deleted_conversations_are_not_found(alice: User, bob: User) -> None:
    """R20"""
    turn = talk(alice)
    deleted = talk(alice)
    deleted.conversation.delete_softly()
    for user, conversation in (
        (bob, turn.conversation.pk),
        (alice, uuid.uuid4()),
        (alice, deleted.conversation.pk),
    ):
        new = send(conversation=conversation)
        assert refusal(lambda user=user, new=new: begin_turn(user, new)) == "not_found"  # type: ignore[misc]


def test_foreign_unknown_and_deleted_answers_are_not_found(alice: User, bob: User) -> None:
    """R20"""
    turn, deleted = talk(alice), talk(alice)
    deleted.conversation.delete_softly()
    for user, message in (
        (bob, turn.assistant_message.uuid),
        (alice, uuid.uuid4()),
        (alice, deleted.assistant_message.uuid),
    ):
        assert refusal(lambda u=user, m=message: again(u, m)) == "not_found"  # type: ignore[misc]


def again(user: User, message: uuid.UUID) -> Turn:
    return begin_answer(user, key=uuid.uuid4(), digest="d", message=message, model=None)


def test_a_parent_in_another_conversation_is_not_found(alice: User) -> None:
    """R20"""
    here, there = talk(alice), talk(alice)
    new = send(conversation=here.conversation.pk, parent=there.assistant_message.uuid)
    assert refusal(lambda: begin_turn(alice, new)) == "not_found"


def test_a_question_below_a_question_is_a_conflict(alice: User) -> None:
    turn = talk(alice)
    new = send(conversation=turn.conversation.pk, parent=turn.user_message.uuid)
    assert refusal(lambda: begin_turn(alice, new)) == "conflict"


def test_a_question_cannot_be_answered_anew(alice: User) -> None:
    turn = talk(alice)
    assert refusal(lambda: again(alice, turn.user_message.uuid)) == "conflict"


@pytest.mark.parametrize("running", [False, True])
def test_while_one_answer_is_being_written_others_are_busy(alice: User, running: bool) -> None:
    """R37"""
    turn = ask(alice)
    if running:
        Generation.claim(turn.generation.pk)
    new = send(conversation=turn.conversation.pk)
    assert refusal(lambda: begin_turn(alice, new)) == "busy"
    assert refusal(lambda: again(alice, turn.assistant_message.uuid)) == "busy"
    # Another conversation is another matter.
    assert begin_turn(alice, send()).generation.status == "pending"


def test_the_database_itself_allows_one_live_answer(alice: User) -> None:
    """R37: not only the code that asks first."""
    turn = ask(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Generation.objects.create(
            conversation=turn.conversation, key=uuid.uuid4(), command="send", digest="d", model="m"
        )
    answer(turn)
    Generation.objects.create(
        conversation=turn.conversation, key=uuid.uuid4(), command="send", digest="d", model="m"
    )


# --- keys ---------------------------------------------------------------------------------------


def test_the_same_key_again_gives_the_same_turn(alice: User) -> None:
    """R2: while it runs, and after its end."""
    key = uuid.uuid4()
    first = begin_turn(alice, send(key))
    before = database()
    second = begin_turn(alice, send(key))
    assert second.repeated
    assert second.accepted() == first.accepted()
    assert database() == before
    answer(first)
    assert begin_turn(alice, send(key)).accepted() == first.accepted()
    assert Generation.objects.count() == 1


def test_the_same_key_with_another_body_is_malformed(alice: User) -> None:
    """R2"""
    key = uuid.uuid4()
    turn = begin_turn(alice, send(key))
    other = send(key, text="Something else", digest="e")
    assert refusal(lambda: begin_turn(alice, other)) == "malformed"
    message = turn.assistant_message.uuid

    def reuse() -> Turn:
        return begin_answer(alice, key=key, digest="e", message=message, model=None)

    assert refusal(reuse) == "malformed"


def test_a_key_of_somebody_else_is_no_key(alice: User, bob: User) -> None:
    """R2, R20"""
    key = uuid.uuid4()
    mine, theirs = begin_turn(alice, send(key)), begin_turn(bob, send(key))
    assert mine.conversation != theirs.conversation
    assert not theirs.repeated


def test_a_refused_command_uses_up_no_key(alice: User) -> None:
    """R2"""
    turn = ask(alice)
    key = uuid.uuid4()
    new = send(key, conversation=turn.conversation.pk)
    assert refusal(lambda: begin_turn(alice, new)) == "busy"
    answer(turn)
    assert not begin_turn(alice, new).repeated


def test_a_key_does_not_bring_back_what_was_deleted(alice: User) -> None:
    """R38"""
    key = uuid.uuid4()
    turn = begin_turn(alice, send(key))
    turn.conversation.delete_softly()
    assert refusal(lambda: begin_turn(alice, send(key))) == "not_found"


def test_the_digest_is_of_everything_but_the_ref() -> None:
    command = {"type": "send", "text": "Grüße \ud800", "ref": "1"}
    assert digest_of(command) == digest_of({**command, "ref": "2"})
    assert digest_of(command) != digest_of({**command, "text": "x"})


# --- at the same time ---------------------------------------------------------------------------


def code_or(begin: Callable[[], str]) -> str:
    try:
        return begin()
    except Refused as refused:
        return refused.code


@pytest.mark.django_db(transaction=True)
def test_twenty_sends_with_one_key_begin_one_turn(alice: User) -> None:
    """R2"""
    new = send()
    turns = together(20, lambda _: str(begin_turn(alice, new).accepted()))
    assert len(set(turns)) == 1
    assert (Conversation.objects.count(), Message.objects.count()) == (1, 2)
    assert Generation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_sends_to_one_conversation_one_is_accepted(alice: User) -> None:
    """R37"""
    conversation = talk(alice).conversation
    before = Message.objects.count()

    def work(number: int) -> str:
        begin_turn(alice, send(conversation=conversation.pk, parent=NEWEST))
        return "accepted"

    codes = Counter(together(20, lambda number: code_or(lambda: work(number))))
    assert codes == {"accepted": 1, "busy": 19}
    assert Message.objects.count() == before + 2
    assert Generation.objects.live().count() == 1
