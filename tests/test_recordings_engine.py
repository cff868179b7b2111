"""Recorded answers of the real service, through adapter and engine into the database."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import connection

from conversations.models import BedrockModel, Generation, User
from streaming.generation import run
from streaming.limits import Seats
from streaming.livelog import LiveLog
from streaming.pump import Pace, Pump
from streaming.workbench import Workbench
from tests.bedrock.recorded import CODES, FOLDER, STOP_WORDS, Replay, recordings
from tests.engine.parts import read
from tests.people import ask

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason="the recordings of real answers are not on this machine"
    ),
    pytest.mark.matrix,
]


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """The test's transaction lives in it: the generation, in this thread, must not give it back."""
    monkeypatch.setattr(connection, "close", lambda: None)


def answered(replay_client: Any, replay: Replay, person: User, recording: dict[str, Any]) -> Any:
    """The row of the answer that the recording became, and the updates that told of it."""
    replay.recording = recording
    native = recording["operation"].startswith("Invoke")
    # Claude 2 takes two dialects; which one was asked in is seen in the request.
    messages = native and "anthropic_version" in recording["request"]
    BedrockModel.objects.update_or_create(
        id=recording["model_id"],
        defaults={
            "name": "Recorded",
            "context_window": 200_000,
            "max_output_tokens": 8_192,
            "capabilities": {"streaming": recording["operation"].endswith("Stream")},
            "dialect": "native" if native else "converse",
            "based_on": "anthropic.claude-3-haiku-20240307-v1:0" if messages else "",
        },
    )
    turn = ask(person, "Hello", model=recording["model_id"])
    log = LiveLog(kept=60)
    pump = Pump(log, Pace())
    run(turn.generation.pk, Workbench(replay_client, pump, Seats(1)))
    pump.tick()
    row = Generation.objects.select_related("message").get(pk=turn.generation.pk)
    return row, [read(update) for update in log.read(row.pk, 0) or []]


@pytest.mark.parametrize(
    "recording",
    [*recordings("InvokeModelWithResponseStream"), *recordings("InvokeModel")],
    ids=lambda recording: str(recording["name"]),
)
def test_a_recorded_answer_in_a_providers_dialect_is_stored_and_told_alike(
    replay_client: Any, replay: Replay, alice: User, recording: dict[str, Any]
) -> None:
    """R74: counts are compared where they are read (tests/bedrock/test_recordings.py)."""
    row, updates = answered(replay_client, replay, alice, recording)

    expected, said = recording["expected"], recording["expected"]["stop_reason"]
    assert (row.status, row.stop_reason) == ("complete", STOP_WORDS.get(said, said))
    assert row.message.text == expected["text"]
    uses = [block["toolUse"] for block in row.message.content or [] if "toolUse" in block]
    assert [(use["name"], use["input"]) for use in uses] == [
        (use["name"], use["input"]) for use in expected["tool_uses"]
    ]
    assert "unknown" not in row.extra
    deltas = [each for each in updates if each["type"] == "delta" and each["kind"] == "text"]
    assert "".join(each["text"] for each in deltas) == expected["text"]
    assert updates[-1]["type"] == "finished"


@pytest.mark.parametrize(
    "recording",
    [*recordings("ConverseStream"), *recordings("Converse")],
    ids=lambda recording: str(recording["name"]),
)
def test_a_recorded_answer_is_stored_and_told_as_expected(
    replay_client: Any, replay: Replay, alice: User, recording: dict[str, Any]
) -> None:
    """R68, R70: the whole way, as one stream or as one document."""
    row, updates = answered(replay_client, replay, alice, recording)

    expected = recording["expected"]
    assert (row.status, row.stop_reason) == ("complete", expected["stop_reason"])
    assert row.message.text == expected["text"]
    assert row.message.reasoning == expected["reasoning"]
    assert row.output_tokens == expected["usage"]["outputTokens"]
    assert row.input_tokens == expected["usage"]["inputTokens"]
    assert "unknown" not in row.extra
    content = row.message.content or []
    uses = [block["toolUse"] for block in content if "toolUse" in block]
    assert [(use["name"], use["input"]) for use in uses] == [
        (use["name"], use["input"]) for use in expected["tool_uses"]
    ]
    thoughts = [block["reasoningContent"] for block in content if "reasoningContent" in block]
    signed = "".join(each.get("reasoningText", {}).get("signature", "") for each in thoughts)
    for signature in expected.get("signatures", []):
        assert hashlib.sha256(signed.encode()).hexdigest()[:16] == signature["sha256"]

    deltas = [each for each in updates if each["type"] == "delta"]
    for kind in ("text", "reasoning"):
        assert "".join(each["text"] for each in deltas if each["kind"] == kind) == expected[kind]
    finished = updates[-1]
    assert finished["type"] == "finished"
    told = finished["parts"] or {"citations": [], "tools": []}
    assert [tool["name"] for tool in told["tools"] if tool["name"]] == [
        use["name"] for use in expected["tool_uses"]
    ]
    assert bool(told["citations"]) == bool(expected.get("citations"))


@pytest.mark.parametrize(
    "recording",
    [*recordings("Converse", failed=True), *recordings("InvokeModel", failed=True)],
    ids=lambda recording: str(recording["name"]),
)
def test_a_recorded_refusal_ends_the_answer_with_its_code_and_none_of_its_text(
    replay_client: Any, replay: Replay, alice: User, recording: dict[str, Any]
) -> None:
    """R63"""
    row, updates = answered(replay_client, replay, alice, recording)

    error = recording["expected"]["error"]
    [code] = [CODES[hint] for hint in CODES if hint in f"{error['code']} {error['message']}"]
    assert (row.status, row.error_code, row.message.text) == ("failed", code, "")
    assert updates[-1]["error"]["code"] == code
    assert error["message"] not in str(updates)
