"""A conversation in which the model thinks, against an endpoint that checks what it signed."""

from __future__ import annotations

import pytest
from channels.db import database_sync_to_async

from conversations.models import BedrockModel, Message

pytestmark = pytest.mark.matrix

THINKER = "local.demonstration-reasoning-v1:0"


@pytest.fixture
def thinker(transactional_db):
    return BedrockModel.objects.update_or_create(
        id=THINKER,
        defaults={
            "name": "Thinker",
            "context_window": 200_000,
            "max_output_tokens": 8_192,
            "capabilities": {"reasoning": True, "system_prompt": True},
        },
    )


async def test_it_thinks_when_asked_and_takes_its_reasoning_back(open_tab, alice, model, thinker):
    """R70: stored with its signature, shown with its duration, sent back as it came."""
    mine = await open_tab(alice)
    options = {"reasoning_effort": "low", "temperature": 0.3}
    first = await mine.ask("How do tides work? [[pace]]", model=THINKER, options=options)
    finished = await mine.expect("finished")
    assert finished["status"] == "complete"
    assert finished["timings"]["reasoning_ms"] is not None
    kinds = {each["kind"] for each in mine.seen if each["type"] == "delta"}
    assert kinds == {"text", "reasoning"}
    await mine.ask("And on the Moon? [[pace]]", conversation=first["conversation"], model=THINKER)
    assert (await mine.expect("finished"))["status"] == "complete"
    calls = [call for call in model.history if call.operation == "ConverseStream"]
    assert [call.body["additionalModelRequestFields"] for call in calls] == [
        {"thinking": {"type": "enabled", "budget_tokens": 2_048}}
    ] * 2
    assert "temperature" not in calls[1].body["inferenceConfig"]
    rows = database_sync_to_async(lambda: list(Message.objects.filter(role="assistant")))
    stored = (await rows())[0]
    sent = calls[1].messages[1]["content"]
    assert sent == stored.content
    assert sent[0]["reasoningContent"]["reasoningText"]["signature"]
    assert sent[-1] == {"text": stored.text}
