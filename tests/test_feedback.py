"""Rating an answer: who may, what may be said, and who sees it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from conversations.models import Conversation, Feedback, User
from conversations.ratings import COMMENT_LENGTH, REASONS, known, words
from conversations.turns import Turn
from tests.people import ask, talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(alice: User) -> Turn:
    return talk(alice)


def address(message: object) -> str:
    return f"/api/v1/messages/{message}/feedback"


def rate(client: Client, message: object, **said: Any) -> Any:
    return client.put(address(message), said, content_type="application/json")


def shown(client: Client, turn: Turn) -> Any:
    """What the conversation says of the answer."""
    body = client.get(f"/api/v1/conversations/{turn.conversation.pk}").json()
    (feedback,) = [
        each["feedback"]
        for each in body["messages"]
        if each["id"] == str(turn.assistant_message.uuid)
    ]
    return feedback


def test_a_rating_is_kept_shown_again_changed_and_taken_back(turn: Turn, as_alice: Client) -> None:
    answer = turn.assistant_message.uuid
    assert shown(as_alice, turn) is None
    response = rate(as_alice, answer, rating="down", reasons=["long", "incorrect"], comment=" No. ")
    assert response.status_code == 200
    # The reasons come in the order of the list, whatever they were given in.
    said = {"rating": "down", "reasons": ["incorrect", "long"], "comment": "No."}
    assert response.json() == said == shown(as_alice, turn)
    assert '"rating": "down"' in as_alice.get(f"/c/{turn.conversation.pk}/").text

    assert rate(as_alice, answer, rating="up").status_code == 200
    assert shown(as_alice, turn) == {"rating": "up", "reasons": [], "comment": ""}
    assert Feedback.objects.count() == 1

    for _ in range(2):
        assert as_alice.delete(address(answer)).status_code == 204
    assert shown(as_alice, turn) is None
    assert not Feedback.objects.exists()


def test_only_an_answer_in_a_conversation_of_ones_own_can_be_rated(
    turn: Turn, as_alice: Client, as_bob: Client, as_carol: Client, client: Client
) -> None:
    """R20, R21"""
    answer = turn.assistant_message.uuid
    for stranger in (as_bob, as_carol):
        assert rate(stranger, answer, rating="up").status_code == 404
        assert stranger.delete(address(answer)).status_code == 404
    assert rate(client, answer, rating="up").status_code == 401
    for other in (turn.user_message.uuid, uuid4()):
        response = rate(as_alice, other, rating="up")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    turn.conversation.delete_softly()
    assert rate(as_alice, answer, rating="up").status_code == 404
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({}, 422, "malformed"),
        ({"rating": None}, 422, "malformed"),
        ({"rating": "so-so"}, 422, "malformed"),
        ({"rating": "up", "stars": 5}, 422, "malformed"),
        ({"rating": "up", "reasons": "correct"}, 422, "malformed"),
        ({"rating": "up", "reasons": [7]}, 422, "malformed"),
        ({"rating": "up", "reasons": ["good-looking"]}, 400, "malformed"),
        ({"rating": "up", "reasons": ["incorrect"]}, 400, "malformed"),
        ({"rating": "up", "reasons": ["correct"] * 21}, 422, "malformed"),
        ({"rating": "up", "comment": None}, 422, "malformed"),
        ({"rating": "up", "comment": "x" * (COMMENT_LENGTH + 1)}, 413, "too_large"),
    ],
)
def test_what_cannot_be_understood_changes_nothing(
    turn: Turn, as_alice: Client, said: dict[str, Any], status: int, code: str
) -> None:
    """R47"""
    response = rate(as_alice, turn.assistant_message.uuid, **said)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert not Feedback.objects.exists()


def test_a_rating_needs_a_body(turn: Turn, as_alice: Client, as_bob: Client) -> None:
    """R20: who may not rate learns nothing by sending none."""
    path = address(turn.assistant_message.uuid)
    assert as_alice.put(path).status_code == 400
    assert as_bob.put(path).status_code == 404


def test_any_words_can_be_kept_up_to_their_limit(turn: Turn, as_alice: Client) -> None:
    """R16"""
    raw = '{"rating": "up", "comment": "\\u0000 \\ud800 \\ud83d\\ude00"}'
    answer = turn.assistant_message.uuid
    response = as_alice.put(address(answer), raw, content_type="application/json")
    assert response.json()["comment"] == "\ufffd \ufffd 😀"
    assert rate(as_alice, answer, rating="up", comment="x" * COMMENT_LENGTH).status_code == 200


def test_reviewers_see_it_and_find_by_it(
    alice: User, turn: Turn, as_alice: Client, as_carol: Client
) -> None:
    """R86: with what nobody sees made visible."""
    other, unrated = talk(alice), talk(alice)
    said = {"rating": "down", "reasons": ["incorrect"], "comment": "Wrong\u202e <b>moon</b>"}
    rate(as_alice, turn.assistant_message.uuid, **said)
    rate(as_alice, other.assistant_message.uuid, rating="up")

    def found(rating: str) -> set[Any]:
        text = as_carol.get("/review/", {"rating": rating}).text
        return {pk for pk in (turn, other, unrated) if str(pk.conversation.pk) in text}

    assert found("down") == {turn}
    assert found("up") == {other}
    assert found("rated") == {turn, other}
    assert found("") == {turn, other, unrated}
    page = as_carol.get(f"/review/{turn.conversation.pk}/").text
    assert "not good: Not correct" in page
    assert "Wrong⟦U+202E⟧ &lt;b&gt;moon&lt;/b&gt;" in page


def test_administrators_see_figures_without_the_words(
    turn: Turn, as_alice: Client, as_dora: Client
) -> None:
    rate(as_alice, turn.assistant_message.uuid, rating="down", comment="A private word")
    page = as_dora.get("/admin/conversations/feedback/", {"rating": "down"}).text
    assert str(turn.conversation.pk) in page
    assert turn.generation.model in page
    row = Feedback.objects.get()
    page += as_dora.get(f"/admin/conversations/feedback/{row.pk}/change/").text
    assert "A private word" not in page


def test_a_rating_goes_with_its_conversation_and_its_person(turn: Turn, alice: User) -> None:
    """R38"""
    Feedback.give(alice, turn.assistant_message, "up", [], "")
    turn.conversation.delete_softly()
    Conversation.objects.get().remove()
    assert not Feedback.objects.exists()
    another = ask(alice)
    Feedback.give(alice, another.assistant_message, "up", [], "")
    alice.delete()
    assert not Feedback.objects.exists()


def test_every_reason_is_documented_for_clients(as_alice: Client) -> None:
    described = as_alice.get("/api/v1/openapi.json").json()["paths"]
    told = described["/api/v1/messages/{message_id}/feedback"]["put"]["description"]
    for codes in REASONS.values():
        assert all(f"`{code}`" in told for code in codes)


def test_a_reason_of_another_version_is_shown_by_its_code() -> None:
    assert known("up", ["incorrect"]) is None
    assert words("down", ["incorrect", "boring"]) == ["Not correct", "boring"]
