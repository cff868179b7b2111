"""The chat page, its forms, and a person's own page."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from conversations.models import Generation, TranscriptRead, User
from conversations.models.progress import Checkpoint
from tests.people import answer, ask, ask_again, talk

pytestmark = pytest.mark.django_db

AS_SCRIPT = {"Accept": "application/json"}


def page_data(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', text)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


# --- who answers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demonstration", "url", "said"),
    [
        (True, "", "Demonstration"),
        (True, "http://127.0.0.1:11434", "Local"),
        (False, "http://127.0.0.1:11434", None),
    ],
)
def test_the_page_says_when_no_model_of_bedrock_answers(
    as_alice: Client, settings: Settings, demonstration: bool, url: str, said: str | None
) -> None:
    settings.BEDROCK_DEMONSTRATION = demonstration
    settings.LOCAL_MODEL_URL = url
    badge = re.search(r'<span class="badge" title="[^"]+">(\w+)', as_alice.get("/").text)
    assert (badge and badge[1]) == said


# --- who gets in --------------------------------------------------------------------------------


def test_who_is_signed_out_signs_in_and_comes_back(client: Client) -> None:
    path = f"/c/{uuid4()}/?at={uuid4()}"
    response = client.get(path)
    assert response.status_code == 302
    target = response.headers["Location"]
    assert target.startswith("/accounts/login/?next=/c/")
    assert "%3Fat%3D" in target


def test_a_script_that_is_signed_out_gets_401_and_no_page(client: Client) -> None:
    response = client.post(f"/c/{uuid4()}/delete/", headers=AS_SCRIPT)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "forbidden"


def test_foreign_unknown_and_deleted_conversations_are_not_told_apart(
    alice: User, as_bob: Client, as_alice: Client
) -> None:
    """R20"""
    foreign = talk(alice).conversation
    deleted = talk(alice, "and this").conversation
    deleted.delete_softly()
    answers = [
        as_bob.get(f"/c/{foreign.pk}/"),
        as_bob.get(f"/c/{uuid4()}/"),
        as_alice.get(f"/c/{deleted.pk}/"),
    ]
    assert [response.status_code for response in answers] == [404, 404, 404]
    assert len({response.content for response in answers}) == 1


@pytest.mark.parametrize("at", ["x", "", "00000000-0000-0000-0000-000000000000"])
def test_a_branch_that_does_not_exist_is_404(alice: User, as_alice: Client, at: str) -> None:
    assert as_alice.get(f"/c/{talk(alice).conversation.pk}/?at={at}").status_code == 404


def test_a_message_of_another_conversation_is_no_branch(alice: User, as_alice: Client) -> None:
    """R20"""
    here, there = talk(alice), talk(alice)
    response = as_alice.get(f"/c/{here.conversation.pk}/?at={there.user_message.uuid}")
    assert response.status_code == 404


# --- what the page holds ------------------------------------------------------------------------


def test_the_page_holds_the_thread_as_words_and_as_data(alice: User, as_alice: Client) -> None:
    turn = talk(alice, "How do <b>tides</b> work?", "By **gravity**.")
    response = as_alice.get(f"/c/{turn.conversation.pk}/")
    assert "How do &lt;b&gt;tides&lt;/b&gt; work?" in response.text
    assert "By **gravity**." in response.text
    data = page_data(response.text)
    assert data["user"] == str(alice.public_id)
    assert data["conversation"] == str(turn.conversation.pk)
    assert data["newest"] == str(turn.assistant_message.uuid)
    question, reply = data["thread"]
    assert question["role"] == "user"
    assert question["status"] == "complete"
    assert question["generation"] is None
    assert question["parent"] is None
    assert reply["parent"] == question["uuid"]
    assert reply["generation"]["id"] == str(turn.generation.pk)
    assert reply["generation"]["seq"] == 3
    assert reply["generation"]["usage"]["output_tokens"] == 34
    assert reply["created_at"].endswith("Z")
    assert reply["siblings"] is None


def test_a_new_conversation_has_an_empty_page(as_alice: Client) -> None:
    response = as_alice.get("/")
    data = page_data(response.text)
    assert data["conversation"] is None
    assert data["newest"] is None
    assert data["thread"] == []
    addresses = {"socket": "/ws/chat/", "me": "/api/v1/me", "new": "/", "files": "/files/"}
    assert data["urls"] == addresses
    # The site's own model can be chosen where the list of models is empty too.
    only = {"id": data["model"], "name": data["model"], "thinks": False, "most": None}
    assert data["models"] == [only]


def test_another_branch_is_shown_when_asked_for(alice: User, as_alice: Client) -> None:
    turn = talk(alice, text="The first.")
    again = ask_again(alice, turn.assistant_message)
    answer(again, "The second.")
    path = f"/c/{turn.conversation.pk}/"
    newest = page_data(as_alice.get(path).text)["thread"][-1]
    older = page_data(as_alice.get(f"{path}?at={turn.assistant_message.uuid}").text)["thread"][-1]
    assert newest["text"] == "The second."
    assert older["text"] == "The first."
    first, second = str(turn.assistant_message.uuid), str(again.assistant_message.uuid)
    assert newest["siblings"] == {"index": 2, "count": 2, "previous": first, "next": None}
    assert older["siblings"] == {"index": 1, "count": 2, "previous": None, "next": second}


def test_a_failed_answer_says_so_in_words(alice: User, as_alice: Client) -> None:
    turn = ask(alice)
    answer(turn, "", status="failed", error_code="throttled", error_reference="9f2c77")
    response = as_alice.get(f"/c/{turn.conversation.pk}/")
    assert "The model is overloaded right now." in response.text
    assert "9f2c77" in response.text


@pytest.mark.parametrize("statement", range(8))
def test_text_and_number_of_a_live_answer_are_of_one_checkpoint(
    alice: User, as_alice: Client, statement: int
) -> None:
    """R6, R7: whenever a checkpoint falls among the statements that read the page."""
    turn = ask(alice)
    generation = Generation.claim(turn.generation.pk)
    assert generation

    def checkpoint(seq: int) -> None:
        point = Checkpoint(
            generation_id=generation.pk,
            message_id=turn.assistant_message.pk,
            fence=generation.fence,
            seq=seq,
            text=f"text at {seq}",
            reasoning="",
        )
        assert not Generation.checkpoint([point])

    checkpoint(2)
    count = 0

    def interrupt(execute: Any, sql: str, *args: Any) -> Any:
        nonlocal count
        count += 1
        if sql.startswith("SELECT") and count - 1 == statement * 2:
            checkpoint(7)
        return execute(sql, *args)

    with connection.execute_wrapper(interrupt):
        response = as_alice.get(f"/c/{turn.conversation.pk}/")
    reply = page_data(response.text)["thread"][-1]
    assert reply["status"] == "streaming"
    assert reply["text"] == f"text at {reply['generation']['seq']}"


def test_a_long_conversation_takes_as_few_queries_as_a_short_one(
    alice: User, as_alice: Client
) -> None:
    short, long = talk(alice), talk(alice)
    for number in range(20):
        answer(ask(alice, f"Question {number}", conversation=long.conversation))
        talk(alice, f"Another {number}")
    counts = []
    for turn in (short, long):
        with CaptureQueriesContext(connection) as captured:
            as_alice.get(f"/c/{turn.conversation.pk}/")
        counts.append(len(captured))
    assert counts[1] <= counts[0] <= 14


# --- renaming, deleting, restoring --------------------------------------------------------------


def test_a_conversation_is_renamed_by_a_form_and_by_a_script(alice: User, as_alice: Client) -> None:
    row = talk(alice).conversation
    by_form = as_alice.post(f"/c/{row.pk}/rename/", {"title": "  Tides \n of  the sea "})
    assert by_form.status_code == 302
    assert by_form.headers["Location"] == f"/c/{row.pk}/"
    row.refresh_from_db()
    assert row.title_chosen
    by_script = as_alice.post(f"/c/{row.pk}/rename/", {"title": "Ebb"}, headers=AS_SCRIPT)
    assert by_script.status_code == 204
    row.refresh_from_db()
    assert row.title == "Ebb"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_title_that_is_none_is_refused(alice: User, as_alice: Client, title: str) -> None:
    row = talk(alice).conversation
    response = as_alice.post(f"/c/{row.pk}/rename/", {"title": title}, headers=AS_SCRIPT)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "malformed"
    by_form = as_alice.post(f"/c/{row.pk}/rename/", {"title": title}, follow=True)
    assert by_form.status_code == 200
    row.refresh_from_db()
    assert row.title == "New conversation"


def test_a_deleted_conversation_can_be_restored(alice: User, as_alice: Client) -> None:
    row = talk(alice).conversation
    assert as_alice.post(f"/c/{row.pk}/delete/").headers["Location"] == "/"
    assert as_alice.get(f"/c/{row.pk}/").status_code == 404
    assert f"/c/{row.pk}/restore/" in as_alice.get("/settings/").text
    assert as_alice.post(f"/c/{row.pk}/restore/", headers=AS_SCRIPT).status_code == 204
    assert as_alice.get(f"/c/{row.pk}/").status_code == 200
    # What is not deleted cannot be restored.
    assert as_alice.post(f"/c/{row.pk}/restore/").status_code == 404


# --- a person's own page ------------------------------------------------------------------------


def test_settings_tell_who_read_my_transcripts(alice: User, bob: User, as_alice: Client) -> None:
    for owner, name in ((alice, "carol"), (bob, "mallory")):
        TranscriptRead.objects.create(
            kind="opened",
            reader=bob,
            reader_name=name,
            owner=owner,
            owner_name="?",
            conversation=uuid4(),
            reason="ticket 17",
            request_id="r",
        )
    text = as_alice.get("/settings/").text
    assert "carol" in text
    assert "ticket 17" in text
    assert "mallory" not in text


def test_whoever_got_a_password_from_others_is_asked_to_choose_one(
    alice: User, as_alice: Client
) -> None:
    assert "/accounts/password/change/" not in as_alice.get("/").text
    User.objects.filter(pk=alice.pk).update(must_change_password=True)
    for path in ("/", "/settings/"):
        assert "Choose your own" in as_alice.get(path).text
