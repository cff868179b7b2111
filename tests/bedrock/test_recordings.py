"""The adapter against the bytes of the real service."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from conversations.outcomes import STOP_REASONS
from streaming.bedrock.asking import complete
from streaming.bedrock.converse import ConverseStream
from streaming.bedrock.counting import Counter as TokenCounter
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import (
    BlockStop,
    CitationDelta,
    Event,
    MessageStop,
    Metadata,
    ReasoningDelta,
    ReasoningSignature,
    Started,
    TextDelta,
    ToolUseDelta,
    ToolUseStart,
    Unknown,
)
from streaming.bedrock.native.anthropic_messages import AnthropicMessages
from streaming.bedrock.native.dialect import Dialect
from streaming.bedrock.native.families import dialect_of
from streaming.bedrock.native.invoke import Invoke, InvokeStream
from streaming.bedrock.request import Request
from tests.bedrock.recorded import CODES, FOLDER, STOP_WORDS, Replay, recordings

if not FOLDER.is_dir():
    pytest.skip("the recordings of real answers are not on this machine", allow_module_level=True)

pytestmark = pytest.mark.nodb

DELTAS = (TextDelta, ReasoningDelta, ReasoningSignature, ToolUseDelta, CitationDelta)


Client = Any


def name(recording: dict[str, Any]) -> str:
    return str(recording["name"])


def request_for(recording: dict[str, Any]) -> Request:
    return Request(
        model_id=recording["model_id"],
        messages=[{"role": "user", "content": [{"text": "Hello"}]}],
        max_tokens=100,
    )


def events_of(replay_client: Client, replay: Replay, recording: dict[str, Any]) -> list[Event]:
    replay.recording = recording
    return list(ConverseStream(replay_client, request_for(recording)))


@pytest.mark.parametrize("recording", recordings("ConverseStream"), ids=name)
def test_a_recorded_stream_is_read_to_its_end(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    """R9, R68: text, reasoning, stop reason, usage, tools, citations and signatures as recorded."""
    expected, events = recording["expected"], events_of(replay_client, replay, recording)

    assert isinstance(events[0], Started)
    assert events[0].request_id == recording["headers"].get("x-amzn-requestid", "")
    assert texts(events, TextDelta) == expected["text"]
    assert texts(events, ReasoningDelta) == expected["reasoning"]
    # Where the service says no type, it is a tool of the caller's.
    assert tool_uses(events) == [
        {**tool, "type": tool["type"] or "tool_use"} for tool in expected["tool_uses"]
    ]
    assert [e.citation for e in events if isinstance(e, CitationDelta)] == expected.get(
        "citations", []
    )
    assert signatures(events) == expected.get("signatures", [])
    [stop] = [event for event in events if isinstance(event, MessageStop)]
    assert stop.stop_reason == expected["stop_reason"]
    assert stop.stop_reason in STOP_REASONS
    [metadata] = [event for event in events if isinstance(event, Metadata)]
    assert metadata.usage.input_tokens == expected["usage"]["inputTokens"]
    assert metadata.usage.output_tokens == expected["usage"]["outputTokens"]
    assert metadata.latency_ms == expected["latency_ms"]
    assert sorted(metadata.trace or {}) == expected.get("trace_keys", [])


@pytest.mark.parametrize("recording", recordings("ConverseStream"), ids=name)
def test_every_frame_of_a_recorded_stream_becomes_one_event(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    """R68: nothing is dropped, nothing in the recordings is unknown, empty deltas included."""
    expected, events = recording["expected"], events_of(replay_client, replay, recording)
    seen = Counter(type(event) for event in events)
    wire = Counter(expected["event_types"])

    assert seen[Unknown] == 0
    assert sum(seen[kind] for kind in DELTAS) == wire["contentBlockDelta"] == expected["deltas"]
    assert seen[ToolUseStart] == wire["contentBlockStart"]
    assert seen[BlockStop] == wire["contentBlockStop"]
    assert seen[MessageStop] == wire["messageStop"]
    assert seen[Metadata] == wire["metadata"]
    # messageStart says nothing that Started does not.
    assert seen[Started] == wire["messageStart"]
    assert len(events) == wire.total()


@pytest.mark.parametrize("recording", recordings("Converse"), ids=name)
def test_a_recorded_answer_in_one_piece_is_complete(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    """Converse: text, stop reason and usage, cache reads and writes included."""
    expected = recording["expected"]
    replay.recording = recording

    completion = complete(replay_client, request_for(recording))

    assert completion.text == expected["text"]
    assert completion.stop_reason == expected["stop_reason"]
    usage = expected["usage"]
    assert completion.usage.input_tokens == usage["inputTokens"]
    assert completion.usage.output_tokens == usage["outputTokens"]
    assert completion.usage.cache_read_tokens == usage.get("cacheReadInputTokens", 0)
    assert completion.usage.cache_write_tokens == usage.get("cacheWriteInputTokens", 0)


def dialect_for(recording: dict[str, Any]) -> Dialect:
    """Claude 2 takes two dialects; which one was asked in is seen in the request."""
    if "anthropic_version" in recording["request"]:
        return AnthropicMessages()
    return dialect_of(recording["model_id"])()


def spoken(operation: str) -> list[dict[str, Any]]:
    return [recording for recording in recordings(operation) if "text" in recording["expected"]]


def assert_as_expected(events: list[Event], recording: dict[str, Any]) -> None:
    expected = recording["expected"]
    assert isinstance(events[0], Started)
    assert texts(events, TextDelta) == expected["text"]
    assert texts(events, ReasoningDelta) == expected["reasoning"]
    tools = [{name: tool[name] for name in ("id", "name", "input")} for tool in tool_uses(events)]
    assert tools == expected["tool_uses"]
    assert not [event for event in events if isinstance(event, Unknown)]
    [stop] = [event for event in events if isinstance(event, MessageStop)]
    said = expected["stop_reason"]
    assert stop.stop_reason == STOP_WORDS.get(said, said)
    assert stop.stop_reason in STOP_REASONS


def counts(told: dict[str, Any], *names: str) -> list[int]:
    """By the first name that is there; every provider has its own."""
    return [value for name in names if (value := told.get(name)) is not None][:1] or [0]


def assert_counted(events: list[Event], recording: dict[str, Any]) -> None:
    expected, headers = recording["expected"], recording["headers"]
    told = expected["usage"] or expected.get("invocation_metrics") or headers
    asked = counts(
        told,
        "inputTokens",
        "input_tokens",
        "prompt_tokens",
        "inputTokenCount",
        "x-amzn-bedrock-input-token-count",
    )
    written = counts(
        told,
        "outputTokens",
        "output_tokens",
        "completion_tokens",
        "outputTokenCount",
        "x-amzn-bedrock-output-token-count",
    )
    metadata = [event for event in events if isinstance(event, Metadata)]
    usages = [(event.usage.input_tokens, event.usage.output_tokens) for event in metadata]
    if told is headers and "x-amzn-bedrock-input-token-count" not in headers:
        assert usages == []
        return
    assert usages == [(int(asked[0]), int(written[0]))]
    read = counts(told, "cache_read_input_tokens", "cacheReadInputTokenCount")
    assert [metadata[0].usage.cache_read_tokens] == read
    cached = counts(told, "cache_creation_input_tokens", "cacheWriteInputTokenCount")
    assert [metadata[0].usage.cache_write_tokens] == cached
    latency = expected.get("invocation_metrics", {}).get("invocationLatency")
    latency = latency or headers.get("x-amzn-bedrock-invocation-latency")
    assert metadata[0].latency_ms == (None if latency is None else int(latency))


@pytest.mark.parametrize("recording", spoken("InvokeModelWithResponseStream"), ids=name)
def test_a_recorded_stream_in_a_providers_dialect_is_read_as_converse_would_be(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    """R74: the same events, with Bedrock's stop reasons and the counts that were reported."""
    replay.recording = recording

    events = list(InvokeStream(replay_client, request_for(recording), dialect_for(recording)))

    assert_as_expected(events, recording)
    assert_counted(events, recording)


@pytest.mark.parametrize("recording", spoken("InvokeModel"), ids=name)
def test_a_recorded_answer_in_one_piece_is_read_as_a_stream_would_be(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    """R74"""
    replay.recording = recording

    events = list(Invoke(replay_client, request_for(recording), dialect_for(recording)))

    assert_as_expected(events, recording)
    assert_counted(events, recording)


@pytest.mark.parametrize("recording", recordings("CountTokens"), ids=name)
def test_a_recorded_count_is_read(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    replay.recording, request = recording, request_for(recording)

    counted = TokenCounter(lambda: replay_client).count(request.model_id, request.messages)

    assert counted == recording["expected"]["input_tokens"]


@pytest.mark.parametrize(
    "recording",
    [
        recording
        for operation in ("Converse", "InvokeModel", "CountTokens")
        for recording in recordings(operation, failed=True)
    ],
    ids=name,
)
def test_a_recorded_error_has_its_code(
    replay_client: Client, replay: Replay, recording: dict[str, Any]
) -> None:
    """R63: whole and streamed calls understand the same error alike, and show none of its text."""
    error = recording["expected"]["error"]
    [code] = [CODES[hint] for hint in CODES if hint in f"{error['code']} {error['message']}"]
    replay.recording = recording

    with pytest.raises(BedrockError) as whole:
        complete(replay_client, request_for(recording))
    with pytest.raises(BedrockError) as streamed:
        list(ConverseStream(replay_client, request_for(recording)))

    for raised in (whole, streamed):
        assert raised.value.code == code
        assert not raised.value.retryable
        assert error["message"] in raised.value.cause
        assert str(raised.value) == code


def texts(events: list[Event], kind: type[TextDelta] | type[ReasoningDelta]) -> str:
    return "".join(
        event.text
        for event in events
        if isinstance(event, TextDelta | ReasoningDelta) and type(event) is kind
    )


def tool_uses(events: list[Event]) -> list[dict[str, Any]]:
    inputs: dict[int, str] = {}
    for event in events:
        if isinstance(event, ToolUseDelta):
            inputs[event.block] = inputs.get(event.block, "") + event.fragment
    return [
        {
            "index": event.block,
            "id": event.tool_use_id,
            "name": event.name,
            "type": event.kind,
            "input": json.loads(inputs[event.block]),
        }
        for event in events
        if isinstance(event, ToolUseStart)
    ]


def signatures(events: list[Event]) -> list[dict[str, Any]]:
    whole = "".join(event.signature for event in events if isinstance(event, ReasoningSignature))
    if not whole:
        return []
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return [{"bytes": len(whole), "sha256": digest[:16]}]
