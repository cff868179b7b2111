"""What was deleted goes for good, by itself, and does not come back."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from conversations import purge as module
from conversations.models import Conversation, Generation, Message, TranscriptRead, User
from conversations.models.progress import Checkpoint, Ending
from conversations.purge import Purged, deadline, due, purge
from conversations.refusals import Refused
from conversations.turns import repeated
from tests.people import answer, ask, talk
from tests.running import claimed
from tests.together import together

pytestmark = pytest.mark.django_db

SECRET = "the canary sings"


def delete(conversation: Conversation, days: int = 31) -> None:
    conversation.delete_softly()
    Conversation.objects.filter(pk=conversation.pk).update(
        deleted_at=timezone.now() - timedelta(days=days)
    )


def text_anywhere(text: str) -> list[str]:
    """The tables of the product that hold a text, in whatever column."""
    return [
        model.__name__
        for model in apps.get_models()
        if any(text in str(row) for row in model._base_manager.values_list())
    ]


def test_what_was_deleted_long_ago_is_gone_from_every_table(alice: User, bob: User) -> None:
    """R38"""
    turn = talk(alice, f"Mine: {SECRET}?", f"Yes, {SECRET}.")
    turn.conversation.rename(SECRET)
    kept = talk(bob)
    later = ask(alice, f"And: {SECRET}", conversation=turn.conversation)
    answer(later, SECRET, extra={"raw": [SECRET]})
    delete(turn.conversation)
    assert len(text_anywhere(SECRET)) == 3
    assert purge(deadline()) == Purged(conversations=1, messages=4, sessions=0)
    assert text_anywhere(SECRET) == []
    assert Conversation.objects.get() == kept.conversation
    assert Message.objects.count() == 2


def test_what_was_spent_stays_on_record(alice: User, carol: User, as_carol: Client) -> None:
    """R35: figures, and who read what; no hash of the text either."""
    turn = talk(alice, SECRET)
    as_carol.get(f"/review/{turn.conversation.pk}/")
    read = TranscriptRead.objects.get()
    delete(turn.conversation)
    purge(deadline())
    generation = Generation.objects.get()
    assert (generation.conversation, generation.message) == (None, None)
    assert (generation.asked_by, generation.output_tokens) == (alice, 34)
    assert (generation.digest, generation.extra) == ("", {})
    assert TranscriptRead.objects.get() == read
    with pytest.raises(Refused) as refused:
        repeated(alice, generation.key, "d")
    assert refused.value.code == "not_found"


def test_what_was_deleted_lately_can_still_be_restored(alice: User, as_alice: Client) -> None:
    turn = talk(alice)
    delete(turn.conversation, days=29)
    assert purge(deadline()).conversations == 0
    as_alice.post(f"/c/{turn.conversation.pk}/restore/")
    assert purge(deadline()).conversations == 0
    assert Conversation.objects.owned_by(alice).get() == turn.conversation


def test_what_is_restored_in_the_last_moment_stays(alice: User, monkeypatch: Any) -> None:
    """R83: between looking and removing."""
    turn = talk(alice)
    delete(turn.conversation)
    remove = module._remove

    def late(*args: Any) -> int | None:
        turn.conversation.restore()
        return remove(*args)

    monkeypatch.setattr(module, "_remove", late)
    assert purge(deadline()).conversations == 0
    assert Message.objects.count() == 2


def test_with_zero_days_nothing_goes(alice: User, settings: Any) -> None:
    settings.PURGE_DELETED_AFTER_DAYS = 0
    delete(talk(alice).conversation, days=9_999)
    assert deadline() is None
    assert purge(deadline()) == due(deadline()) == Purged(0, 0, 0)


def test_an_answer_that_is_still_being_written_is_waited_for_and_writes_nothing_afterwards(
    alice: User,
) -> None:
    """R38: whoever runs it stops with its next checkpoint; what it writes later changes nothing."""
    turn = ask(alice, SECRET)
    running = claimed(turn)
    delete(turn.conversation)
    assert purge(deadline()).conversations == 0
    point = Checkpoint(running.pk, turn.assistant_message.pk, running.fence, 2, SECRET, "")
    assert Generation.checkpoint([point]) == {running.pk}
    assert running.finish(Ending(status="stopped", seq=3, text=SECRET))
    assert purge(deadline()).conversations == 1
    assert Generation.checkpoint([point]) == {running.pk}
    assert not running.finish(Ending(status="complete", seq=4, text=SECRET))
    running.record_usage(tokens={"output_tokens": 7}, cost=None, request_id="r", estimated=False)
    assert text_anywhere(SECRET) == []
    row = Generation.objects.get()
    assert (row.conversation_id, row.message_id, row.output_tokens) == (None, None, 7)


def test_one_that_cannot_be_removed_holds_up_no_other(alice: User, monkeypatch: Any) -> None:
    """R56"""
    for _ in range(2):
        delete(talk(alice).conversation)
    remove, tries = module._remove, iter([True, False])

    def away(*args: Any) -> int | None:
        if next(tries):
            raise OperationalError("away")
        return remove(*args)

    monkeypatch.setattr(module, "_remove", away)
    assert purge(deadline()).conversations == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_remove_everything_once(alice: User) -> None:
    """R83"""
    for _ in range(6):
        delete(talk(alice).conversation)
    before = deadline()
    purged = together(3, lambda _: purge(before))
    assert sum(each.conversations for each in purged) == 6
    assert sum(each.messages for each in purged) == 12
    assert Conversation.objects.count() == Message.objects.count() == 0
    assert Generation.objects.count() == 6


def test_sessions_that_have_expired_go_too(as_alice: Client, as_bob: Client) -> None:
    Session.objects.filter(pk=as_bob.session.session_key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    assert purge(deadline()).sessions == 1
    assert Session.objects.get().pk == as_alice.session.session_key


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_would_go_and_then_what_went(alice: User) -> None:
    """R106: a dry run removes nothing."""
    delete(talk(alice).conversation)
    figures = "1 conversations with 2 messages, 0 files that no message has, 0 expired"
    assert f"Would go: {figures}" in said("--dry-run")
    assert Conversation.objects.count() == 1
    assert f"Gone: {figures}" in said()
    assert Conversation.objects.count() == 0
    assert "Gone: 0 conversations" in said()


def test_the_command_says_that_nothing_is_due_where_all_stays(settings: Any) -> None:
    settings.PURGE_DELETED_AFTER_DAYS = 0
    assert "deleted conversations stay" in said("--dry-run")


def test_what_is_due_is_counted_from_the_deletion(settings: Any) -> None:
    settings.PURGE_DELETED_AFTER_DAYS = 7
    before = deadline()
    assert isinstance(before, datetime)
    assert timezone.now() - before == pytest.approx(timedelta(days=7), abs=timedelta(seconds=9))


def test_people_are_told_for_how_long_they_can_change_their_mind(
    alice: User, as_alice: Client, settings: Any
) -> None:
    talk(alice).conversation.delete_softly()
    assert "30 days after it was deleted" in as_alice.get("/settings/").text
    settings.PURGE_DELETED_AFTER_DAYS = 0
    assert "after it was deleted" not in as_alice.get("/settings/").text
