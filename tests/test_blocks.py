"""What an answer holds beside its text is stored as Converse blocks (R70)."""

import pytest

from conversations.text import clean
from streaming.bedrock.events import (
    Event,
    ReasoningDelta,
    ReasoningSignature,
    ToolResultDelta,
    ToolResultStart,
    ToolUseDelta,
    ToolUseStart,
)
from tests.test_accumulator import CASES, PAGE_3, heard

pytestmark = pytest.mark.nodb


def test_plain_text_needs_no_blocks() -> None:
    for name in ("text", "empty deltas", "an index for each delta", "a cut", "nothing"):
        assert heard(CASES[name]).content() is None


def test_reasoning_is_stored_with_its_signature_byte_for_byte() -> None:
    """R70"""
    assert heard(CASES["reasoning with its signature"]).content() == [
        {"reasoningContent": {"reasoningText": {"text": "Let me think.", "signature": "ErcB+/="}}},
        {"text": "42"},
    ]


def test_redacted_reasoning_is_stored_as_base64() -> None:
    """R70"""
    content = heard(CASES["redacted reasoning"]).content()
    assert content is not None
    assert content[0] == {"reasoningContent": {"redactedContent": "AP9zZWNyZXQ="}}


def test_a_signature_does_not_survive_its_text() -> None:
    """R70: a signature for a text that had to be cleaned would only be refused."""
    events: list[Event] = [ReasoningDelta("a\0", 0), ReasoningSignature("sig", 0)]
    assert heard(events).content() == [{"reasoningContent": {"reasoningText": {"text": "a\ufffd"}}}]


def test_a_tool_use_is_stored_with_its_input() -> None:
    assert heard(CASES["a tool"]).content() == [
        {"text": "Look."},
        {
            "toolUse": {
                "toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Z\ufffdrich"},
            }
        },
    ]  # fmt: skip


@pytest.mark.parametrize("raw", ['{"a": ', "[1]", "null", "[" * 100_000, "\ud83d"])
def test_a_malformed_tool_input_is_kept_as_it_came(raw: str) -> None:
    content = heard([ToolUseStart(0, "t", "n", "server_tool_use"), ToolUseDelta(0, raw)]).content()
    kept = {"toolUseId": "t", "name": "n", "type": "server_tool_use", "rawInput": clean(raw)}
    assert content == [{"toolUse": kept}]


def test_a_tool_input_without_a_start_is_survived() -> None:
    assert heard([ToolUseDelta(3, "{}")]).content() == [{"toolUse": {"input": {}}}]


def test_citations_stay_with_their_block() -> None:
    accumulator = heard(CASES["citations"])
    assert accumulator.text == "Twenty days."
    assert accumulator.content() == [
        {"citationsContent": {"content": [{"text": "Twenty days"}], "citations": [PAGE_3]}},
        {"text": "."},
        {"citationsContent": {"content": [], "citations": [PAGE_3]}},
    ]


def test_what_a_tool_of_the_services_own_gave_is_stored_with_it() -> None:
    events: list[Event] = [
        ToolUseStart(0, "t", "search", "server_tool_use"),
        ToolUseDelta(0, "{}"),
        ToolResultStart(1, "t", "success"),
        ToolResultDelta(1, [{"text": "a\0"}]),
        ToolResultDelta(1, [{"json": {"hits": 2}}]),
    ]
    assert heard(events).content() == [
        {"toolUse": {"toolUseId": "t", "name": "search", "type": "server_tool_use", "input": {}}},
        {
            "toolResult": {
                "toolUseId": "t",
                "status": "success",
                "content": [{"text": "a\ufffd"}, {"json": {"hits": 2}}],
            }
        },
    ]
