"""The summary of what a model is no longer sent: kept, edited, and never in a person's way."""

from __future__ import annotations

from typing import Any

from django.test import Client

from conversations.models import BedrockModel, Conversation, Generation, User
from conversations.models.conversation import SUMMARY_LENGTH
from streaming.context.estimate import tokens
from streaming.history import prepare
from streaming.summaries import READ_AT_ONCE, SUMMARY_TOKENS, _left_out, _parts, wanted
from tests.people import answer, ask

SMALL = "local.demonstration-small-v1:0"
WORDS = "word " * 700


def change(client: Client, conversation: Conversation, **fields: Any) -> Any:
    address = f"/api/v1/conversations/{conversation.pk}"
    return client.patch(address, fields, content_type="application/json")


def long_talk(alice: User, **fields: Any) -> Any:
    """Three long questions to a small model; the last one is about to be answered."""
    BedrockModel.objects.create(
        id=SMALL, name="Small", context_window=4_096, max_output_tokens=512,
        capabilities={"system_prompt": True},
    )  # fmt: skip
    turn = ask(alice, WORDS, model=SMALL, **fields)
    answer(turn, WORDS)
    for _ in range(2):
        turn = ask(alice, WORDS, conversation=turn.conversation, model=SMALL)
        answer(turn, WORDS)
    return ask(alice, "And now?", conversation=turn.conversation, model=SMALL)


def prepared(turn: Any) -> Any:
    claimed = Generation.claim(turn.generation.pk)
    assert claimed is not None
    return claimed, prepare(claimed)


def test_a_summary_is_edited_and_told(alice: User, as_alice: Client) -> None:
    conversation = ask(alice).conversation
    changed = change(as_alice, conversation, summary="They spoke of tides.")
    assert (changed.status_code, changed.json()["summary"]) == (200, "They spoke of tides.")
    long = change(as_alice, conversation, summary="x" * (SUMMARY_LENGTH + 1))
    assert long.status_code == 422
    assert change(as_alice, conversation, options={"summarize": True}).json()["options"] == {
        "summarize": True
    }
    assert change(as_alice, conversation, options={"summarize": "yes"}).status_code == 422


def test_what_a_person_wrote_meanwhile_stays(alice: User) -> None:
    conversation = ask(alice).conversation
    assert conversation.keep_summary("First.", until=1, instead_of="")
    conversation.change(summary="Mine.")
    assert not conversation.keep_summary("Second.", until=3, instead_of="First.")
    assert Conversation.objects.get(pk=conversation.pk).summary == "Mine."


def test_the_summary_is_sent_only_where_it_is_wanted_and_of_this_branch(alice: User) -> None:
    turn = long_talk(alice)
    conversation = turn.conversation
    first = conversation.messages.order_by("id")[1]
    conversation.keep_summary("They spoke of words.", until=first.id, instead_of="")
    claimed, request = prepared(turn)
    assert claimed.context["left_out"] > 0
    assert not claimed.context["summarised"]
    assert not wanted(claimed)
    conversation.change(options={"summarize": True})
    claimed.conversation.refresh_from_db()
    request = prepare(claimed)
    assert "They spoke of words." in request.request.system
    assert wanted(claimed)
    Conversation.objects.filter(pk=conversation.pk).update(summary_until=first.id + 10_000)
    claimed.conversation.refresh_from_db()
    assert "They spoke of words." not in prepare(claimed).request.system


def test_what_a_person_wrote_before_any_model_did_counts_for_every_branch(alice: User) -> None:
    turn = long_talk(alice, options={"summarize": True})
    turn.conversation.change(summary="I am a nurse.")
    _, request = prepared(turn)
    assert request.request.system.endswith("I am a nurse.")


def test_what_is_summed_up_is_read_in_pieces_that_fit(alice: User) -> None:
    turn = long_talk(alice)
    rows = list(turn.conversation.messages.order_by("id"))[:-1]
    model = BedrockModel.objects.get(pk=SMALL)
    parts = _parts(rows, model)
    assert len(parts) > 1
    assert all(tokens(part) <= 4_096 * READ_AT_ONCE - SUMMARY_TOKENS + 200 for part in parts)
    assert "\n\n".join(parts).count("Assistant: word") == 3


def test_what_a_guardrail_refused_is_in_no_summary(alice: User) -> None:
    """R19: or every later summary would be refused with it."""
    turn = ask(alice, "Forbidden.")
    answer(turn, "Not allowed.", stop_reason="guardrail_intervened")
    turn = ask(alice, "Allowed.", conversation=turn.conversation)
    answer(turn, "Of course.")
    path = list(turn.conversation.messages.order_by("id"))
    left = _left_out(path, {"from": "", "kept": []})
    assert [row.text for row in left] == ["Allowed.", "Of course."]
