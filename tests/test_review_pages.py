"""Finding transcripts, and what a transcript shows to a reviewer."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Generation, User
from conversations.review.search import excerpt
from conversations.templatetags.review import reveal
from conversations.turns import Turn
from tests.people import MODEL, answer, ask, ask_again, talk

pytestmark = pytest.mark.django_db

SECRET = "the moon and the heron"


@pytest.fixture
def turn(alice: User) -> Turn:
    return talk(alice, f"Tell me about {SECRET}", "By gravity.")


# --- finding ------------------------------------------------------------------------------------


def found(client: Client, **query: str) -> set[UUID]:
    text = client.get("/review/", query).text
    return {UUID(each) for each in re.findall(r"/review/([0-9a-f-]{36})/", text)}


def test_transcripts_are_found_by_person_model_outcome_date_and_words(
    turn: Turn, alice: User, bob: User, as_carol: Client
) -> None:
    failed = ask(bob, "100% sure about_it?", model="other.model")
    answer(failed, "", status="failed", error_code="throttled")
    long_ago = timezone.now() - timedelta(days=30)
    old = talk(alice, "Old times").conversation
    Conversation.objects.filter(pk=old.pk).update(created_at=long_ago, updated_at=long_ago)
    first, second, third = turn.conversation.pk, failed.conversation.pk, old.pk
    week = (timezone.now() - timedelta(days=7)).date().isoformat()
    assert found(as_carol) == {first, second, third}
    assert found(as_carol, owner="BOB") == {second}
    assert found(as_carol, owner="alice@example") == {first, third}
    assert found(as_carol, model="other.model") == {second}
    assert found(as_carol, outcome="failed") == {second}
    assert found(as_carol, outcome="failed", model=MODEL) == set()
    assert found(as_carol, since=week) == {first, second}
    assert found(as_carol, until=week) == {third}
    assert found(as_carol, q="MOON") == {first}
    # What means something to LIKE means itself here.
    assert found(as_carol, q="0% sure about_") == {second}
    assert found(as_carol, q="%") == {second}
    assert found(as_carol, q="moon", owner="bob") == set()


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"outcome": "nice"}, {"q": "x" * 201}])
def test_a_filter_that_cannot_be_understood_finds_nothing(
    turn: Turn, as_carol: Client, query: dict[str, str]
) -> None:
    response = as_carol.get("/review/", query)
    assert response.status_code == 422
    assert str(turn.conversation.pk) not in response.text


def test_deleted_conversations_are_found_and_marked(turn: Turn, as_carol: Client) -> None:
    turn.conversation.delete_softly()
    assert "deleted" in as_carol.get("/review/?owner=alice").text
    text = as_carol.get(f"/review/{turn.conversation.pk}/").text
    assert "Its owner deleted this conversation" in text
    assert SECRET in text


def test_the_list_goes_on_page_by_page_with_its_filters(
    alice: User, as_carol: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations.review.views.PAGE", 3)
    rows = {talk(alice, f"gravity {number}").conversation.pk for number in range(7)}
    seen: list[UUID] = []
    path: str | None = "/review/?q=gravity"
    while path:
        text = as_carol.get(path).text
        assert 'value="gravity"' in text
        seen += [UUID(each) for each in re.findall(r"/review/([0-9a-f-]{36})/", text)]
        older = re.search(r'href="(\?[^"]*after=[^"]+)"', text)
        path = "/review/" + older[1].replace("&amp;", "&") if older else None
    assert sorted(seen) == sorted(rows)


def test_a_list_of_many_takes_as_few_queries_as_one_of_few(
    alice: User, as_carol: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        talk(alice, f"gravity {number}")
    # Besides session, person and rights: the rows, the journal in its transaction, texts, titles.
    with django_assert_max_num_queries(11):
        as_carol.get("/review/?q=gravity")


# --- the transcript -----------------------------------------------------------------------------


def test_a_transcript_shows_what_the_person_saw_and_the_figures(
    alice: User, as_carol: Client
) -> None:
    turn = ask(alice, "And <i>tides</i>?", system_prompt="Be brief.", options={"temperature": 0.3})
    Conversation.objects.filter(pk=turn.conversation.pk).update(summary="They spoke of <u>ebb</u>.")
    answer(
        turn,
        "Half an ans",
        status="interrupted",
        error_code="worker_lost",
        error_reference="9f2c78",
    )
    text = as_carol.get(f"/review/{turn.conversation.pk}/").text
    for shown in (
        "And &lt;i&gt;tides&lt;/i&gt;?",
        "Half an ans",
        "The server stopped while the answer was being written.",
        "Be brief.",
        "They spoke of &lt;u&gt;ebb&lt;/u&gt;.",
        "(no longer sent)",
        "interrupted",
        "worker_lost",
        "9f2c78",
        MODEL,
        "12 in, 34 out",
        "120 ms",
        "900 ms",
        "temperature",
    ):
        assert shown in text
    assert "<textarea" not in text
    assert 'data-act="regenerate"' not in text


def test_figures_that_are_estimated_say_so(alice: User, as_carol: Client) -> None:
    """R77"""
    turn = talk(alice)
    page = f"/review/{turn.conversation.pk}/"
    assert "about" not in as_carol.get(page).text
    Generation.objects.update(usage_estimated=True, cost="0.25")
    text = as_carol.get(page).text
    assert "about 12 in, 34 out" in text
    assert "about 0.250000 USD" in text


def test_every_branch_can_be_reached(alice: User, as_carol: Client) -> None:
    turn = talk(alice, text="The first.")
    answer(ask_again(alice, turn.assistant_message), "The second.")
    path = f"/review/{turn.conversation.pk}/"
    newest = as_carol.get(path).text
    assert "The second." in newest
    assert "The first." not in newest
    assert f"?at={turn.assistant_message.uuid}" in newest
    assert "The first." in as_carol.get(f"{path}?at={turn.assistant_message.uuid}").text
    assert as_carol.get(f"{path}?at={uuid4()}").status_code == 404


def test_the_transcript_page_has_the_same_policy_as_the_chat(turn: Turn, as_carol: Client) -> None:
    """R27, R86"""
    policy = as_carol.get(f"/review/{turn.conversation.pk}/").headers["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "trusted-types 'none'" in policy
    assert "unsafe" not in policy


def test_characters_that_nobody_sees_are_shown_to_reviewers(alice: User, as_carol: Client) -> None:
    """R86"""
    turn = talk(alice, "left\u202eright", "tag\U000e0041 family 👩\u200d👩\u200d👧 heart ❤\ufe0f")
    text = as_carol.get(f"/review/{turn.conversation.pk}/").text
    assert "left⟦U+202E⟧right" in text
    assert "tag⟦U+E0041⟧" in text
    assert "👩\u200d👩\u200d👧" in text
    assert "❤\ufe0f" in text
    assert reveal("a\tb\nc\x07") == "a\tb\nc⟦U+0007⟧"


def test_an_excerpt_surrounds_the_first_place(alice: User) -> None:
    message = talk(alice, "a" * 300 + "Needle" + "b" * 300).user_message
    shown = excerpt(message, "needle")
    assert (shown.before, shown.found, shown.behind) == ("…" + "a" * 90, "Needle", "b" * 90 + "…")
    short = excerpt(talk(alice, "Needle").user_message, "needle")
    assert (short.before, short.found, short.behind) == ("", "Needle", "")


def test_sources_and_tools_of_an_answer_are_shown_to_owner_and_reviewer_alike(
    alice: User, as_alice: Client, as_carol: Client
) -> None:
    """As words: what a model or a document says is never markup, and hides nothing (R86)."""
    turn = ask(alice, "How many days?")
    citation = {
        "title": "Hand<b>book",
        "sourceContent": [{"text": "Twenty\u202e days."}],
        "location": {"documentPage": {"start": 3, "end": 4}},
    }
    tool = {"name": "web_search", "type": "server_tool_use", "input": {"q": "days"}}
    content = [
        {"toolUse": tool},
        {"citationsContent": {"content": [{"text": "Twenty."}], "citations": [citation]}},
        {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
    ]
    answer(turn, "Twenty.", content=content)
    for page in (
        as_alice.get(f"/c/{turn.conversation.pk}/").text,
        as_carol.get(f"/review/{turn.conversation.pk}/").text,
    ):
        assert "Hand&lt;b&gt;book" in page
        assert "page 3" in page
        assert "Used by the service: web_search" in page
        assert 'data-part="redacted">Part of the reasoning is encrypted' in page
        assert "c2VjcmV0" not in page, "redacted reasoning is never shown raw (R70)"
    assert "Twenty⟦U+202E⟧ days." in as_carol.get(f"/review/{turn.conversation.pk}/").text
