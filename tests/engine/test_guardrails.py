"""Guardrails: which one a call names, and what becomes of what one refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.db import database_sync_to_async

from conversations.models import Conversation, Generation
from streaming.localbedrock import Answer, Controlled

pytestmark = pytest.mark.matrix

REFUSAL = "Sorry, this is not allowed here."


def trace(side: str, action: str, policy: str = "topicPolicy") -> dict[str, Any]:
    finding = {"name": "n", "type": "DENY", "match": "a secret of alice", "action": action}
    assessment = {policy: {"topics": [finding]}, "invocationMetrics": {"usage": {}}}
    if side == "input":
        return {"guardrail": {"inputAssessment": {"g1": assessment}}}
    return {"guardrail": {"outputAssessments": {"g1": [assessment]}}}


@database_sync_to_async
def stored(accepted: dict[str, Any]) -> Generation:
    return Generation.objects.select_related("message").get(pk=accepted["generation"])


def intervene(script: Controlled, found: dict[str, Any] | None) -> None:
    script.stop("guardrail_intervened", metadata=False)
    script.metadata(trace=found)


async def test_what_was_shown_too_early_is_withdrawn_in_every_tab_and_in_the_store(
    open_tab, alice, model, settings
):
    """R72"""
    settings.GUARDRAIL_ID, settings.GUARDRAIL_MODE = "g1", "async"
    script = model.enqueue(Controlled())
    mine, other = await open_tab(alice), await open_tab(alice)
    accepted = await mine.ask("How?")
    await other.command("follow", conversation=accepted["conversation"])
    script.reason("It is about poison.")
    script.emit("Take some poi")
    for tab in (mine, other):
        await tab.expect("delta", kind="text")
    script.next_block()
    script.emit(REFUSAL)
    intervene(script, trace("output", "BLOCKED"))
    for tab in (mine, other):
        finished = await tab.expect("finished")
        kinds = [each["type"] for each in tab.of(accepted["generation"])]
        assert kinds[-2:] == ["retracted", "finished"]
        retracted = tab.of(accepted["generation"])[-2]
        assert (retracted["reason"], retracted["text"]) == ("guardrail", REFUSAL)
        assert finished["stop_reason"] == "guardrail_intervened"
        assert "withdrew" in finished["note"]
        assert "a topic that is not allowed here" in finished["note"]
    row = await stored(accepted)
    assert (row.message.text, row.message.reasoning, row.message.content) == (REFUSAL, "", None)
    assert row.withdrawn
    assert row.output_tokens is not None, "what it cost is on record all the same"
    assert "secret of alice" not in str(row.extra), "what the guardrail quotes is not kept"
    call = script.call
    assert call.body["guardrailConfig"] == {
        "guardrailIdentifier": "g1",
        "guardrailVersion": "DRAFT",
        "trace": "enabled",
        "streamProcessingMode": "async",
    }


async def test_what_nobody_knows_yet_of_a_withdrawn_answer_is_counted_and_not_kept(
    open_tab, alice, model, settings
):
    """R72, R68: a block of a new kind can hold what is withdrawn."""
    settings.GUARDRAIL_ID, settings.GUARDRAIL_MODE = "g1", "async"
    script = model.enqueue(Controlled())
    mine = await open_tab(alice)
    accepted = await mine.ask("How?")
    script.emit("Take some poi")
    script.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"video": "poison"}})
    intervene(script, trace("output", "BLOCKED"))
    await mine.expect("finished")
    extra = (await stored(accepted)).extra
    assert extra["unknown"] == {"contentBlockDelta.video": 1}
    assert "poison" not in str(extra)


@pytest.mark.parametrize("found", [None, trace("output", "BLOCKED")])
async def test_without_words_of_the_guardrails_own_nothing_stays(
    open_tab, alice, model, settings, found
):
    """R72: also where no trace says what was refused."""
    settings.GUARDRAIL_ID, settings.GUARDRAIL_MODE = "g1", "async"
    script = model.enqueue(Controlled())
    mine = await open_tab(alice)
    accepted = await mine.ask("How?")
    script.emit("Take some poi")
    intervene(script, found)
    await mine.expect("retracted", text="")
    finished = await mine.expect("finished")
    assert finished["actions"] == ["retry"]
    assert (await stored(accepted)).message.text == ""


@pytest.mark.parametrize(
    ("mode", "found", "says"),
    [
        ("sync", trace("output", "BLOCKED"), "blocked the answer"),
        ("async", trace("input", "BLOCKED"), "blocked the question"),
        ("sync", trace("output", "ANONYMIZED", "sensitiveInformationPolicy"), "hid parts"),
        ("sync", None, "stopped or changed"),
    ],
)
async def test_what_was_scanned_first_stays_as_it_is_and_is_explained(
    open_tab, alice, model, settings, mode, found, says
):
    """R72: sync shows nothing that was not scanned; a blocked question shows the policy's words."""
    settings.GUARDRAIL_ID, settings.GUARDRAIL_MODE = "g1", mode
    script = model.enqueue(Controlled())
    mine = await open_tab(alice)
    accepted = await mine.ask("How?")
    script.emit(REFUSAL)
    intervene(script, found)
    finished = await mine.expect("finished")
    assert says in finished["note"]
    assert "retracted" not in {each["type"] for each in mine.seen}
    row = await stored(accepted)
    assert (row.message.text, row.withdrawn) == (REFUSAL, False)


async def test_an_answer_of_which_parts_were_hidden_is_remembered_a_blocked_one_is_not(
    open_tab, alice, model, settings
):
    """R19: a blocked question would be blocked again within every later request."""
    settings.GUARDRAIL_ID = "g1"
    masked = trace("output", "ANONYMIZED", "sensitiveInformationPolicy")
    mine = await open_tab(alice)
    how: dict[str, Any] = {"operation": "ConverseStream"}
    stop = {"stop_reason": "guardrail_intervened"}
    model.enqueue(Answer("His name is {NAME}.", trace=masked, **stop), **how)
    first = await mine.ask("Who?")
    await mine.expect("finished")
    model.enqueue(Answer(REFUSAL, trace=trace("input", "BLOCKED"), **stop), **how)
    await mine.ask("Poison?", conversation=first["conversation"])
    await mine.expect("finished")
    script = model.enqueue(Controlled(), **how)
    await mine.ask("And his age?", conversation=first["conversation"])
    script.emit("Nine.")
    script.stop()
    await mine.expect("finished")
    texts = [part["text"] for each in script.call.messages for part in each["content"]]
    assert texts == ["Who?", "His name is {NAME}.", "And his age?"]


async def test_a_title_goes_through_the_guardrail_too(open_tab, alice, model, settings):
    """What people wrote is in it."""
    settings.GUARDRAIL_ID = "g1"
    model.enqueue(
        Answer(REFUSAL, stop_reason="guardrail_intervened"), operation="Converse", times=1
    )
    model.enqueue(Answer("By gravity."), operation="ConverseStream")
    mine = await open_tab(alice)
    accepted = await mine.ask("How do tides work?")
    await mine.expect("finished")
    title = await called(model, "Converse")
    assert title.body["guardrailConfig"]["guardrailIdentifier"] == "g1"
    assert "streamProcessingMode" not in title.body["guardrailConfig"]
    assert title.ended.wait(30)
    row = await stored(accepted)
    conversation = await database_sync_to_async(Conversation.objects.get)(pk=row.conversation_id)
    assert conversation.title == "New conversation"


async def called(model: Any, operation: str) -> Any:
    async with asyncio.timeout(30):
        while True:
            for call in model.history:
                if call.operation == operation:
                    return call
            await asyncio.sleep(0.005)
