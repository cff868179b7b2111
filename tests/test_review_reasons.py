"""Reasons for reading, where the site wants them."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from conversations.models import Conversation, TranscriptRead, User
from conversations.turns import Turn
from tests.people import talk

pytestmark = pytest.mark.django_db

SECRET = "the moon and the heron"


@pytest.fixture
def turn(alice: User) -> Turn:
    turn = talk(alice, f"Tell me about {SECRET}", "By gravity.")
    Conversation.objects.filter(pk=turn.conversation.pk).update(title="Heron title")
    return turn


def test_without_a_reason_nothing_is_shown(
    turn: Turn, as_carol: Client, settings: Settings
) -> None:
    settings.REVIEW_REQUIRES_REASON = True
    for path in (f"/review/{turn.conversation.pk}/", "/review/?q=moon"):
        text = as_carol.get(path).text
        assert SECRET not in text
        assert "eron" not in text
        assert 'name="reason"' in text
    assert not TranscriptRead.objects.exists()


def test_the_reason_is_kept_with_the_record(
    turn: Turn, alice: User, as_carol: Client, settings: Settings
) -> None:
    settings.REVIEW_REQUIRES_REASON = True
    other = talk(alice).conversation
    path = f"/review/{turn.conversation.pk}/"
    query = f"at={turn.user_message.uuid}"
    stated = as_carol.post(f"{path}reason/", {"reason": "ticket 17", "query": query})
    assert stated.headers["Location"] == f"{path}?{query}"
    assert SECRET in as_carol.get(stated.headers["Location"]).text
    assert TranscriptRead.objects.get().reason == "ticket 17"
    # It was a reason for this transcript, not for another one, and not for searching.
    assert 'name="reason"' in as_carol.get(f"/review/{other.pk}/").text
    assert 'name="reason"' in as_carol.get("/review/?q=moon").text


def test_the_reason_of_a_search_is_kept_with_its_rows(
    turn: Turn, as_carol: Client, settings: Settings
) -> None:
    settings.REVIEW_REQUIRES_REASON = True
    stated = as_carol.post("/review/reason/", {"reason": "audit", "query": "q=moon"})
    assert stated.headers["Location"] == "/review/?q=moon"
    as_carol.get("/review/?q=moon")
    assert TranscriptRead.objects.get().reason == "audit"


@pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 501])
def test_a_reason_that_is_none_opens_nothing(
    turn: Turn, as_carol: Client, settings: Settings, reason: str
) -> None:
    settings.REVIEW_REQUIRES_REASON = True
    path = f"/review/{turn.conversation.pk}/"
    as_carol.post(f"{path}reason/", {"reason": reason, "query": "//evil.example"})
    assert SECRET not in as_carol.get(path).text
