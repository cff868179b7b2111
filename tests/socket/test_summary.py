"""What falls out of the model's view is summed up, where a conversation asks for it, and sent."""

from __future__ import annotations

import pytest

from conversations.models import BedrockModel, Conversation
from tests.socket.test_overflow import SMALL, asked

WORDS = "word " * 420


def summaries(model):
    calls = [call for call in model.history if call.operation == "Converse"]
    return [call for call in calls if "Summarise it for" in str(call.messages)]


@pytest.fixture
def talk(tab, alice, model):
    """Asks until something is left out; with or without the option."""
    BedrockModel.objects.create(
        id=SMALL, name="Small", context_window=4_096, max_output_tokens=512, demonstration=True
    )

    def ask(summarize):
        mine = tab(alice)
        options = {"summarize": True, "system_prompt": "Be brief."} if summarize else {}
        accepted = mine.ask(f"0 {WORDS}", model=SMALL, options=options)
        mine.finish(accepted["generation"])
        told = {"left_out": 0}
        for number in range(1, 9):
            if told["left_out"]:
                break
            question = f"{number} {WORDS}"
            accepted = mine.ask(question, conversation=accepted["conversation"])
            told = mine.finish(accepted["generation"])["context"]
        assert told["left_out"]
        return mine, accepted

    return ask


def test_what_is_left_out_is_summed_up_and_sent_from_then_on(talk, model):
    mine, accepted = talk(summarize=True)
    while "summary" not in (update := mine.expect("conversation")):
        pass  # every tab hears of it when it is there
    summary = update["summary"]
    assert summary == Conversation.objects.get(pk=accepted["conversation"]).summary != ""
    asked_for = summaries(model)[0]
    assert "User: 0 word" in asked_for.messages[0]["content"][0]["text"]
    accepted = mine.ask("And now?", conversation=accepted["conversation"])
    told = mine.finish(accepted["generation"])["context"]
    assert told["summarised"]
    system = asked(model)[-1].body["system"][0]["text"]
    assert system.startswith("Be brief.\n\n")
    assert system.endswith(summary)


def test_nothing_is_summed_up_unless_somebody_asked_for_it(talk, model):
    _, accepted = talk(summarize=False)
    assert not summaries(model)
    assert Conversation.objects.get(pk=accepted["conversation"]).summary == ""
