"""Temporary conversations: in no list, without a title, and gone after a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Conversation, Message, TranscriptRead, User
from conversations.purge import deadline, due, purge
from streaming import commands, protocol, stored, titles, visitors
from streaming.visitors import Visitor
from tests.people import answer, ask, talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(as_alice: Client) -> Visitor:
    found = visitors.admit(as_alice.cookies["sessionid"].value)
    assert found is not None
    return found


def passing(owner: User, **fields: Any) -> Conversation:
    """A temporary conversation with one answer."""
    return talk(owner, "A canary sings?", "It does.", temporary=True, **fields).conversation


def over(conversation: Conversation) -> None:
    """Its day is over."""
    past = timezone.now() - timedelta(seconds=1)
    Conversation.objects.filter(pk=conversation.pk).update(expires_at=past)


def test_it_is_in_no_list_and_answers_at_its_address(as_alice: Client, alice: User) -> None:
    kept, here = talk(alice).conversation, passing(alice)
    page = as_alice.get("/")
    for listing in (page.text, as_alice.get("/conversations/").text):
        assert str(kept.pk) in listing
        assert str(here.pk) not in listing
    items = as_alice.get("/api/v1/conversations").json()["items"]
    assert [each["id"] for each in items] == [str(kept.pk)]
    for words in ("canary", '"sings"'):
        assert as_alice.get("/api/v1/conversations", {"q": words}).json()["items"] == []
    whole = as_alice.get(f"/api/v1/conversations/{here.pk}").json()
    assert whole["temporary"]
    assert len(whole["messages"]) == 2
    assert "A canary sings?" in as_alice.get(f"/c/{here.pk}/").text


def test_it_lasts_a_day_and_says_until_when(visitor: Visitor, as_alice: Client) -> None:
    options = protocol.Options(temporary=True)
    command = protocol.Send(type="send", key=uuid4(), text="Hello", options=options)
    began = commands.send(visitor, command, {}).conversation
    left = Conversation.objects.get(pk=began.pk).expires_at
    assert left is not None
    assert timedelta(hours=23) < left - timezone.now() <= timedelta(days=1)
    said = as_alice.get(f"/api/v1/conversations/{began.pk}").json()["expires_at"]
    assert said.startswith(left.isoformat()[:19])
    made = as_alice.post(
        "/api/v1/conversations",
        {"options": {"temporary": True}, "title": "Mine"},
        "application/json",
    ).json()
    assert (made["temporary"], made["title"]) == (True, "New conversation")


def test_it_has_no_title(visitor: Visitor, as_alice: Client, alice: User) -> None:
    """Neither the model's nor a person's."""
    turn = talk(alice, temporary=True)
    assert not titles.wanted(turn.generation)
    assert not turn.conversation.suggest_title("Canaries")
    path = f"/api/v1/conversations/{turn.conversation.pk}"
    refused = as_alice.patch(path, {"title": "Mine"}, content_type="application/json")
    assert refused.status_code == 400
    form = f"/c/{turn.conversation.pk}/rename/"
    said = as_alice.post(form, {"title": "Mine"}, headers={"Accept": "application/json"})
    assert (said.status_code, said.json()["error"]["code"]) == (422, "malformed")
    turn.conversation.refresh_from_db()
    assert turn.conversation.title == "New conversation"


def test_whoever_hears_of_it_hears_what_it_is(visitor: Visitor, alice: User) -> None:
    """R97: another tab's list must not show it, whatever changes in it."""
    fields = stored.conversation_fields(visitor, passing(alice).pk, ["running"])
    assert fields == {"running": False, "temporary": True}
    fields = stored.conversation_fields(visitor, talk(alice).conversation.pk, ["running"])
    assert fields == {"running": False}


@pytest.mark.parametrize("days", [30, 0])
def test_it_goes_for_good_when_its_day_is_over(alice: User, settings: Settings, days: int) -> None:
    """R38: also where what was deleted stays for ever."""
    settings.PURGE_DELETED_AFTER_DAYS = days
    lasting, finished, kept = passing(alice), passing(alice), talk(alice).conversation
    over(finished)
    assert (due(deadline()).conversations, due(deadline()).messages) == (1, 2)
    assert purge(deadline()).conversations == 1
    assert set(Conversation.objects.all()) == {lasting, kept}
    assert not Message.objects.filter(conversation=finished.pk).exists()


def test_it_waits_for_an_answer_that_is_being_written(alice: User) -> None:
    here = passing(alice)
    turn = ask(alice, "And now?", conversation=here)
    over(here)
    assert purge(deadline()).conversations == 0
    answer(turn)
    assert purge(deadline()).conversations == 1


def test_deleting_it_is_for_good(as_alice: Client, alice: User) -> None:
    """It cannot be restored, and the next purge takes it."""
    here = passing(alice)
    as_alice.post(f"/c/{here.pk}/delete/")
    assert as_alice.get(f"/c/{here.pk}/").status_code == 404
    assert "Restore" not in as_alice.get("/settings/").text
    assert as_alice.post(f"/c/{here.pk}/restore/").status_code == 404
    assert purge(deadline()).conversations == 1


def test_a_stranger_gets_404(as_bob: Client, alice: User) -> None:
    """R20"""
    here = passing(alice)
    for path in (f"/c/{here.pk}/", f"/api/v1/conversations/{here.pk}"):
        assert as_bob.get(path).status_code == 404


# --- review ---------------------------------------------------------------------------------------


def test_reviewers_do_not_see_it_unless_the_site_says_so(
    as_carol: Client, alice: User, settings: Settings
) -> None:
    """R84"""
    here = passing(alice)
    addresses = ("/review/", "/review/?q=canary")
    for address in addresses:
        assert str(here.pk) not in as_carol.get(address).text
    assert as_carol.get(f"/review/{here.pk}/").status_code == 404
    assert not TranscriptRead.objects.exists()
    settings.REVIEW_TEMPORARY = True
    for address in addresses:
        assert str(here.pk) in as_carol.get(address).text
    assert "A canary sings?" in as_carol.get(f"/review/{here.pk}/").text


def test_who_read_it_stays_on_record_after_it_is_gone(
    as_carol: Client, as_alice: Client, alice: User, settings: Settings
) -> None:
    """R35"""
    settings.REVIEW_TEMPORARY = True
    here = passing(alice)
    as_carol.get(f"/review/{here.pk}/")
    over(here)
    purge(deadline())
    assert TranscriptRead.objects.get().conversation == here.pk
    assert "carol" in as_alice.get("/settings/").text


def test_the_admin_leads_to_the_review_only_where_that_is_open(
    as_dora: Client, alice: User, settings: Settings
) -> None:
    here = passing(alice)
    page = f"/admin/conversations/conversation/{here.pk}/change/"
    assert f"/review/{here.pk}/" not in as_dora.get(page).text
    settings.REVIEW_TEMPORARY = True
    assert f"/review/{here.pk}/" in as_dora.get(page).text
