"""Django's admin: figures without any text, and the catalogue of models."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from pytest_django import Settings

from conversations.models import BedrockModel, Conversation, Feedback, TranscriptRead, User
from conversations.turns import Turn
from tests.people import reviewer, talk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes")]

FIGURES = ("conversation", "message", "generation", "transcriptread", "feedback")
TEXTS = (
    "Heron question",
    "Heron answer",
    "Heron thought",
    "Heron title",
    "Heron prompt",
    "Heron summary",
    "Heron comment",
)


@pytest.fixture
def turn(alice: User) -> Turn:
    turn = talk(alice, "Heron question", "")
    again = talk(alice, "Heron question")
    Conversation.objects.filter(owner=alice).update(
        title="Heron title", system_prompt="Heron prompt", summary="Heron summary"
    )
    turn.assistant_message.text = "Heron answer"
    turn.assistant_message.reasoning = "Heron thought"
    turn.assistant_message.content = [{"text": "Heron answer"}]
    turn.assistant_message.save()
    assert again
    Feedback.give(alice, turn.assistant_message, "down", [], "Heron comment")
    return turn


def key_of(model: str, turn: Turn) -> Any:
    if model == "feedback":
        return turn.assistant_message.feedback.get().pk
    return {
        "conversation": turn.conversation.pk,
        "message": turn.assistant_message.pk,
        "generation": turn.generation.pk,
        "user": turn.conversation.owner_id,
    }[model]


# --- no text anywhere ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["conversation", "message", "generation", "user", "feedback"])
@pytest.mark.parametrize("page", ["list", "one", "history"])
def test_no_page_shows_or_even_reads_text(
    turn: Turn, as_staff: Client, as_dora: Client, model: str, page: str
) -> None:
    """R84: not to staff, and not to superusers either, whose reading would leave no record."""
    path = f"/admin/conversations/{model}/"
    if page != "list":
        path += f"{key_of(model, turn)}/{'change' if page == 'one' else 'history'}/"
    statements: list[str] = []

    def note(run: Any, sql: str, *args: Any) -> Any:
        statements.append(sql)
        return run(sql, *args)

    for client in (as_staff, as_dora):
        with connection.execute_wrapper(note):
            response = client.get(path)
        assert response.status_code == 200
        for text in TEXTS:
            assert text not in response.text
    for sql in statements:
        columns = sql.partition(" FROM ")[0].replace('LENGTH("conversations_message"."text")', "")
        assert not re.search(
            r'"(title|system_prompt|summary|text|reasoning|content|comment)"', columns
        )


@pytest.mark.parametrize(
    "lookup",
    [
        "conversation/?title__icontains=Heron",
        "conversation/?title=Heron+title",
        "conversation/?system_prompt__startswith=H",
        "conversation/?messages__text__contains=Heron",
        "message/?text__icontains=Heron",
        "message/?reasoning__icontains=Heron",
        "message/?conversation__title__icontains=Heron",
        "generation/?message__text__icontains=Heron",
        "generation/?conversation__title__icontains=Heron",
        "user/?password__startswith=pbkdf2",
        "user/?conversations__title__icontains=Heron",
        "transcriptread/?owner__password__startswith=p",
        "feedback/?comment__icontains=Heron",
        "feedback/?message__text__icontains=Heron",
    ],
)
def test_no_list_can_be_narrowed_by_text(turn: Turn, as_dora: Client, lookup: str) -> None:
    """R84: what a filter leaves over tells what a text contains."""
    response = as_dora.get(f"/admin/conversations/{lookup}")
    assert response.status_code in {302, 400}
    if response.status_code == 302:
        assert response.headers["Location"].endswith("?e=1")


@pytest.mark.parametrize("model", ["conversation", "message", "generation"])
def test_a_search_does_not_look_into_text(turn: Turn, as_dora: Client, model: str) -> None:
    """R84"""
    text = as_dora.get(f"/admin/conversations/{model}/?q=Heron").text
    assert str(turn.conversation.pk) not in text
    assert str(turn.generation.pk) not in text


def test_conversations_are_found_by_person_and_id(turn: Turn, as_dora: Client) -> None:
    for query in ("alice", str(turn.conversation.pk)):
        text = as_dora.get(f"/admin/conversations/conversation/?q={query}").text
        assert str(turn.conversation.pk) in text


@pytest.mark.parametrize("model", FIGURES)
def test_the_record_can_be_changed_by_nobody(turn: Turn, as_dora: Client, model: str) -> None:
    """R85"""
    talk(reviewer(), "x")
    if model == "transcriptread":
        as_dora.get(f"/review/{turn.conversation.pk}/")
        key: Any = TranscriptRead.objects.get().pk
    else:
        key = key_of(model, turn)
    rows = apps.get_model("conversations", model)._base_manager
    before = list(rows.order_by("pk").values())
    path = f"/admin/conversations/{model}/"
    assert as_dora.get(f"{path}add/").status_code == 403
    assert as_dora.post(f"{path}add/", {"text": "x"}).status_code == 403
    assert as_dora.post(f"{path}{key}/change/", {"reason": "x", "text": "x"}).status_code == 403
    assert as_dora.post(f"{path}{key}/delete/", {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [str(key)], "post": "yes"}
    as_dora.post(path, action)
    assert list(rows.order_by("pk").values()) == before


def test_the_journal_can_be_read(turn: Turn, as_dora: Client, as_carol: Client) -> None:
    as_carol.get("/review/", {"q": "Heron question"})
    assert "carol" in as_dora.get("/admin/conversations/transcriptread/").text
    row = TranscriptRead.objects.get()
    assert (
        "Heron question"
        in as_dora.get(f"/admin/conversations/transcriptread/{row.pk}/change/").text
    )


def test_the_admin_leads_reviewers_to_the_review(
    turn: Turn, as_dora: Client, as_staff: Client
) -> None:
    one = f"/admin/conversations/conversation/{turn.conversation.pk}/change/"
    assert 'href="/review/"' in as_dora.get("/admin/").text
    assert f'href="/review/{turn.conversation.pk}/"' in as_dora.get(one).text
    assert 'href="/review/' not in as_staff.get("/admin/").text
    assert 'href="/review/' not in as_staff.get(one).text


def test_a_list_of_many_takes_few_queries(
    alice: User, as_dora: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(15):
        turn = talk(alice, f"Question {number}")
        Feedback.give(alice, turn.assistant_message, "up", [], "")
    for model in ("conversation", "message", "generation", "feedback"):
        with django_assert_max_num_queries(11):
            as_dora.get(f"/admin/conversations/{model}/")


# --- models -------------------------------------------------------------------------------------

MODEL = {
    "id": "a.one",
    "provider": "A",
    "name": "One",
    "capabilities": "{}",
    "context_window": "1000",
    "max_output_tokens": "100",
    "prices": '{"input": 0.06, "output": 0.24}',
    "dialect": "native",
    "enabled": "on",
}


def test_an_administrator_adds_and_changes_models(as_dora: Client) -> None:
    as_dora.post("/admin/conversations/bedrockmodel/add/", MODEL)
    row = BedrockModel.objects.get()
    assert row.prices == {"input": 0.06, "output": 0.24}
    assert row.dialect == "native"
    form = {**MODEL, "name": "Uno", "id": "other"}
    form.pop("enabled")
    as_dora.post("/admin/conversations/bedrockmodel/a.one/change/", form)
    row = BedrockModel.objects.get()
    assert (row.pk, row.name, row.enabled) == ("a.one", "Uno", False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prices": '{"input": "cheap"}'},
        {"prices": '{"input": -1}'},
        {"prices": '{"inptu": 1}'},
        {"prices": "[1]"},
        {"capabilities": "[1]"},
        {"capabilities": '{"images": "yes"}'},
        {"capabilities": '{"images": 1}'},
        {"capabilities": '{"max_images": true}'},
        {"capabilities": '{"max_images": -1}'},
        {"dialect": "latin"},
        {"context_window": "-5"},
    ],
)
def test_a_model_that_makes_no_sense_is_refused(as_dora: Client, wrong: dict[str, str]) -> None:
    as_dora.post("/admin/conversations/bedrockmodel/add/", {**MODEL, **wrong})
    assert not BedrockModel.objects.exists()


def test_models_are_switched_on_and_off_in_the_list(
    as_dora: Client, django_assert_max_num_queries: Any
) -> None:
    for name in ("a.one", "a.two", "a.three"):
        as_dora.post("/admin/conversations/bedrockmodel/add/", {**MODEL, "id": name})
    research = Group.objects.create(name="Research")
    BedrockModel.objects.get(pk="a.two").groups.add(research)
    address = "/admin/conversations/bedrockmodel/"
    off = {"action": "switch_off", "_selected_action": ["a.one", "a.two"]}
    assert "Switched off: 2." in as_dora.post(address, off, follow=True).text
    assert list(BedrockModel.objects.filter(enabled=True)) == [BedrockModel(pk="a.three")]
    on = {"action": "switch_on", "_selected_action": ["a.two"]}
    assert "Switched on: 1." in as_dora.post(address, on, follow=True).text
    assert BedrockModel.objects.get(pk="a.two").enabled
    with django_assert_max_num_queries(13):
        text = as_dora.get(address).text
    assert "Research" in text
    assert "everybody" in text


def test_a_model_that_is_added_is_for_the_endpoint_that_answers_now(
    as_dora: Client, settings: Settings
) -> None:
    settings.BEDROCK_DEMONSTRATION = True
    form = {**MODEL, "capabilities": '{"images": true, "max_images": 3}'}
    as_dora.post("/admin/conversations/bedrockmodel/add/", form)
    row = BedrockModel.objects.get()
    assert (row.demonstration, row.capabilities["max_images"]) == (True, 3)
