"""What of a conversation the model is shown: drawn as it was sent, and pinned to stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from conversations.models import BedrockModel, Generation, Message, User
from conversations.transcript import Transcript
from conversations.view import mark
from streaming.stored import conversation_fields
from streaming.visitors import Visitor
from tests.people import answer, ask

CASES = json.loads((Path(__file__).parent / "samples" / "view.json").read_text("utf-8"))["cases"]
SMALL = "local.demonstration-small-v1:0"


@pytest.mark.nodb
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_drawn_of_a_branch(case: dict[str, Any]) -> None:
    thread = [
        {"uuid": uuid, "generation": context and {"context": context}}
        for uuid, context in case["thread"]
    ]
    mark(thread)
    drawn = {item["uuid"]: [item["view"], item.get("above", 0)] for item in thread if item["view"]}
    assert drawn == case["marks"]


@pytest.fixture
def small(db: None) -> str:
    BedrockModel.objects.create(id=SMALL, name="Small", context_window=4_096, max_output_tokens=512)
    return SMALL


def call(client: Client, method: str, message: Message) -> Any:
    return getattr(client, method)(f"/api/v1/messages/{message.uuid}/pin")


def test_a_message_is_pinned_and_unpinned(alice: User, as_alice: Client) -> None:
    turn = ask(alice, "Remember that I am allergic to nuts.")
    pinned = call(as_alice, "put", turn.user_message)
    assert (pinned.status_code, pinned.json()["pinned"]) == (200, True)
    assert Message.objects.get(pk=turn.user_message.pk).pinned
    visitor = Visitor("", alice.pk, "", str(alice.public_id))
    fields = conversation_fields(visitor, turn.conversation.pk, ["pins"])
    assert fields == {"pins": [str(turn.user_message.uuid)]}
    assert call(as_alice, "delete", turn.user_message).json()["pinned"] is False
    assert conversation_fields(visitor, turn.conversation.pk, ["pins"]) == {"pins": []}


def test_pins_that_leave_no_room_to_talk_in_are_refused_with_both_figures(
    alice: User, as_alice: Client, small: str
) -> None:
    first = ask(alice, "word " * 1_000, model=small)
    answer(first, "Yes.")
    second = ask(alice, "word " * 1_000, conversation=first.conversation, model=small)
    answer(second, "Yes.")
    assert call(as_alice, "put", first.user_message).status_code == 200
    refused = call(as_alice, "put", second.assistant_message)
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert error["code"] == "too_long"
    assert "tokens would be pinned" in error["detail"]
    assert "1,7" in error["detail"]  # half of what fits beside an answer
    assert not Message.objects.get(pk=second.assistant_message.pk).pinned


def test_the_page_draws_the_line_before_any_script_runs(alice: User, as_alice: Client) -> None:
    first = ask(alice, "One?")
    answer(first, "1")
    second = ask(alice, "Two?", conversation=first.conversation)
    answer(second, "2")
    Generation.objects.filter(pk=second.generation.pk).update(
        context={"from": str(second.user_message.uuid), "kept": [], "left_out": 2}
    )
    page = as_alice.get(f"/c/{first.conversation.pk}/").content.decode()
    assert page.count("2 messages above are no longer sent to the model.") == 1
    assert page.count('data-view="out"') == 2
    thread = Transcript(first.conversation).thread()
    assert [item["view"] for item in thread] == ["out", "out", "start", None]
