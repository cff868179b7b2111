"""What a person is told of an answer's end, and what helps: a sentence and actions for each."""

from typing import Any

import pytest

from conversations.models import Generation, Message
from conversations.outcomes import STOP_REASONS, finished_fields

pytestmark = pytest.mark.nodb


def ended(stop_reason: str | None, text: str = "By gravity.", **message: Any) -> dict[str, Any]:
    generation = Generation(status="complete", stop_reason=stop_reason)
    generation.message = Message(text=text, **message)
    return finished_fields(generation)


def test_each_stop_reason_has_a_sentence_of_its_own_and_something_to_do() -> None:
    """R68: two of the nine need no word, because the answer says it all."""
    told = {reason: ended(reason) for reason in STOP_REASONS}
    sentences = [fields["note"] for fields in told.values() if fields["note"]]

    assert {reason for reason, fields in told.items() if not fields["note"]} == {
        "end_turn",
        "stop_sequence",
    }
    assert len(set(sentences)) == len(sentences) == 7
    assert all(fields["actions"] for fields in told.values())


@pytest.mark.parametrize(
    ("reason", "actions"),
    [
        ("max_tokens", ["continue", "regenerate"]),
        ("model_context_window_exceeded", ["regenerate", "new_conversation"]),
        ("malformed_model_output", ["retry"]),
        ("malformed_tool_use", ["retry"]),
        ("tool_use", ["regenerate"]),
        ("guardrail_intervened", ["regenerate"]),
        ("content_filtered", ["regenerate"]),
    ],
)
def test_what_helps_depends_on_the_reason(reason: str, actions: list[str]) -> None:
    """R68"""
    assert ended(reason)["actions"] == actions


def test_a_reason_that_nobody_knows_yet_is_told_as_such() -> None:
    """R68"""
    fields = ended("quantum_decoherence")
    assert fields["stop_reason"] == "quantum_decoherence"
    assert "does not know" in fields["note"]
    assert fields["actions"] == ["regenerate"]


@pytest.mark.parametrize(
    ("stop_reason", "text", "reasoning", "note"),
    [
        ("end_turn", "", "", "The model sent an empty answer."),
        ("end_turn", " \n\t ", "", "The model sent an answer of white space only."),
        ("end_turn", "", "Hm.", "The model thought about it, but wrote no answer."),
        ("max_tokens", "", "Hm.", "The model used up the length of its answer by thinking."),
        ("max_tokens", "", "", "The answer reached its maximum length."),
    ],
)
def test_an_answer_that_shows_nothing_says_why_and_offers_to_try_again(
    stop_reason: str, text: str, reasoning: str, note: str
) -> None:
    fields = ended(stop_reason, text, reasoning=reasoning)
    assert fields["note"] == note
    assert fields["actions"] == ["retry"]


def test_what_belongs_to_a_reason_is_offered_for_an_empty_answer_too() -> None:
    fields = ended("model_context_window_exceeded", "")
    assert fields["actions"] == ["retry", "new_conversation"]
    assert ended("tool_use", "")["note"] == STOP_REASONS["tool_use"].sentence
