"""Frames read as events, whatever is in them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.bedrock.errors import FAILURES, BedrockError
from streaming.bedrock.events import (
    Metadata,
    ReasoningRedacted,
    Started,
    TextDelta,
    ToolResultDelta,
    ToolResultStart,
    ToolUseStart,
    Unknown,
    Usage,
)
from streaming.bedrock.frames import Frame, read_frames
from streaming.bedrock.wire import read_event
from tests.bedrock.framing import event

pytestmark = pytest.mark.nodb

KINDS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "initial-response",
)
MEMBERS = (
    *("contentBlockIndex", "delta", "start", "stopReason", "additionalModelResponseFields"),
    *("usage", "metrics", "trace", "text", "toolUse", "input", "toolUseId", "name", "type"),
    *("reasoningContent", "signature", "redactedContent", "citation", "latencyMs", "p", "new"),
    *("inputTokens", "outputTokens", "cacheReadInputTokens"),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4)
    ),
    max_leaves=12,
)


def read(kind: str, body: Any) -> Any:
    [frame] = read_frames([event(kind, body)])
    return read_event(frame)


@given(st.sampled_from(KINDS), anything)
def test_no_document_breaks_the_reader(kind: str, body: Any) -> None:
    """R68: what is not as it should be is kept as unknown; figures and texts are what they say."""
    try:
        found = read(kind, body)
    except FAILURES:
        return
    assert found is None or not isinstance(found, Started)
    for name, value in ((name, getattr(found, name)) for name in getattr(found, "__slots__", ())):
        if name in {"text", "signature", "fragment", "stop_reason", "name", "kind"}:
            assert type(value) is str
        if name == "block":
            assert type(value) is int


@given(st.sampled_from(["event", "exception", "error", "new", ""]), st.binary(max_size=60))
def test_no_bytes_break_the_reader(kind: str, payload: bytes) -> None:
    """R63, R68"""
    frame = Frame({":message-type": kind, ":event-type": "messageStop"}, payload)
    try:
        read_event(frame)
    except FAILURES:
        return


def test_padding_is_no_part_of_an_event() -> None:
    """R68: every event carries a member `p` that means nothing."""
    delta = {"contentBlockIndex": 2, "delta": {"text": "x"}, "p": "abcdefghij"}

    assert read("contentBlockDelta", delta) == TextDelta("x", 2)
    assert read("newEvent", {"a": 1, "p": "abc"}) == Unknown("newEvent", {"a": 1})


def test_an_unknown_event_need_not_be_json() -> None:
    """R68"""
    frame = Frame({":message-type": "event", ":event-type": "audio"}, b"\xff\x00")

    assert read_event(frame) == Unknown("audio", {"base64": "/wA="})


def test_a_new_type_of_message_is_unknown() -> None:
    """R68"""
    frame = Frame({":message-type": "ping"}, b"{}")

    assert read_event(frame) == Unknown("message-type ping", {})


def test_a_message_stop_without_a_reason_is_none() -> None:
    """R9: only a stop reason makes an answer complete."""
    assert read("messageStop", {}) == Unknown("messageStop", {})


def test_redacted_reasoning_comes_as_its_bytes() -> None:
    """R70"""
    delta = {"reasoningContent": {"redactedContent": "AP8Q"}}

    found = read("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})

    assert found == ReasoningRedacted(b"\x00\xff\x10", 0)


def test_a_tool_is_the_callers_unless_the_service_says_otherwise() -> None:
    """A server-side tool must be neither run nor answered."""
    tool = {"toolUseId": "t", "name": "n"}

    for extra, kind in (({}, "tool_use"), ({"type": "server_tool_use"}, "server_tool_use")):
        start = {"contentBlockIndex": 1, "start": {"toolUse": tool | extra}}
        assert read("contentBlockStart", start) == ToolUseStart(1, "t", "n", kind)


def test_what_a_tool_of_the_services_own_gave_is_read() -> None:
    start = {"toolResult": {"toolUseId": "t", "type": "nova_code", "status": "success"}}
    pieces: list[dict[str, Any]] = [{"text": "42"}, {"json": {"a": 1}}]
    delta = {"toolResult": pieces}

    assert read("contentBlockStart", {"contentBlockIndex": 1, "start": start}) == ToolResultStart(
        1, "t", "success"
    )
    assert read("contentBlockDelta", {"contentBlockIndex": 1, "delta": delta}) == ToolResultDelta(
        1, pieces
    )


def test_metadata_that_lacks_everything_counts_nothing() -> None:
    """R68"""
    assert read("metadata", {}) == Metadata(Usage(), None, None)


def test_overflow_inside_the_stream_is_recognised() -> None:
    """R64: the variant that comes after HTTP 200, in the model's own words."""
    frame = Frame(
        {":message-type": "exception", ":exception-type": "modelStreamErrorException"},
        json.dumps({"message": "failed", "originalMessage": "prompt is too long: 9 > 8"}).encode(),
    )

    with pytest.raises(BedrockError) as error:
        read_event(frame)

    assert (error.value.code, error.value.overflow) == ("too_long", True)
