"""Every dialect against files written by hand: what is asked, and how an answer ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from conversations.outcomes import STOP_REASONS
from streaming.bedrock.asking import Way, ask
from streaming.bedrock.events import Event, MessageStop, Metadata, Started, TextDelta, Unknown
from streaming.bedrock.native.families import DIALECTS, dialect_of
from streaming.bedrock.native.invoke import Invoke, InvokeStream
from streaming.bedrock.request import Request
from tests.bedrock import spoken
from tests.bedrock.recorded import Replay

pytestmark = pytest.mark.nodb

GOLDEN = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("golden").glob("*.json"))
}
NATIVE = Way(native=True)
ENDS = ("stop", "length", "filtered", "empty")
STREAMING = [name for name in GOLDEN if name != "jurassic"]


def request_of(golden: dict[str, Any]) -> Request:
    return Request(model_id=golden["model_id"], **golden["asked"])


def assert_ended(events: list[Event], end: dict[str, Any]) -> None:
    assert events[0] == Started("request-1")
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text == end["text"]
    assert [event.stop_reason for event in events if isinstance(event, MessageStop)] == [
        end["stop_reason"]
    ]
    assert not [event for event in events if isinstance(event, Unknown)]
    [metadata] = [event for event in events if isinstance(event, Metadata)]
    assert [metadata.usage.input_tokens, metadata.usage.output_tokens] == end["usage"]
    assert metadata.latency_ms == 70
    assert events[-2:][0].__class__ is MessageStop


def test_every_dialect_has_its_golden_file() -> None:
    """R74"""
    tried = {dialect_of(golden["model_id"]) for golden in GOLDEN.values()}
    assert tried == set(DIALECTS.values())
    assert all(golden["ends"].keys() == set(ENDS) for golden in GOLDEN.values())
    reasons = {end["stop_reason"] for golden in GOLDEN.values() for end in golden["ends"].values()}
    assert reasons <= STOP_REASONS.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_request_is_asked_as_its_golden_file_says(replay_client: Any, name: str) -> None:
    """R74: system prompt, history, limit and sampling options, in the provider's own words."""
    golden = GOLDEN[name]
    dialect = dialect_of(golden["model_id"])()

    assert dialect.request(request_of(golden)) == golden["body"]
    assert dialect.when_streaming == golden.get("when_streaming", {})
    expected = Invoke if name == "jurassic" else InvokeStream
    assert type(ask(replay_client, request_of(golden), NATIVE)) is expected
    assert type(ask(replay_client, request_of(golden), NATIVE, whole=True)) is Invoke


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_ends_as_its_golden_file_says(
    replay_client: Any, replay: Replay, name: str, end: str
) -> None:
    """R74: with text, stop reason and counts."""
    golden = GOLDEN[name]
    replay.recording = spoken.stream(golden["ends"][end]["chunks"])

    events = list(ask(replay_client, request_of(golden), NATIVE))

    assert_ended(events, golden["ends"][end])


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", GOLDEN)
def test_an_answer_in_one_piece_ends_as_its_golden_file_says(
    replay_client: Any, replay: Replay, name: str, end: str
) -> None:
    """R74: its counts are in its headers, where the provider has none."""
    golden = GOLDEN[name]
    asked, written = golden["ends"][end]["usage"]
    headers = spoken.COUNTS | {
        "x-amzn-bedrock-input-token-count": str(asked),
        "x-amzn-bedrock-output-token-count": str(written),
    }
    replay.recording = spoken.whole(golden["ends"][end]["whole"], headers)

    events = list(ask(replay_client, request_of(golden), NATIVE, whole=True))

    assert_ended(events, golden["ends"][end])
