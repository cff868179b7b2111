"""Recorded answers of the real service, through adapter and accumulator."""

import base64
import hashlib
import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from streaming.accumulator import Accumulator
from streaming.bedrock.converse import ConverseStream
from streaming.bedrock.request import Request
from tests.bedrock.recorded import FOLDER, Replay, recordings

pytestmark = [
    pytest.mark.nodb,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason="the recordings of real answers are not on this machine"
    ),
]


@pytest.mark.parametrize("recording", recordings("ConverseStream"), ids=lambda r: str(r["name"]))
def test_a_recorded_answer_is_accumulated_as_expected(
    replay_client: Any, replay: Replay, recording: dict[str, Any]
) -> None:
    """R68, R70"""
    replay.recording, expected = recording, recording["expected"]
    question = {"role": "user", "content": [{"text": "Hello"}]}
    request = Request(model_id=recording["model_id"], messages=[question], max_tokens=100)
    accumulator = Accumulator()
    for event in ConverseStream(replay_client, request):
        accumulator.add(event)
        accumulator.take()

    assert accumulator.taken_text() == accumulator.text == expected["text"]
    assert accumulator.taken_reasoning() == accumulator.reasoning == expected["reasoning"]
    assert accumulator.stop_reason == expected["stop_reason"]
    assert accumulator.usage is not None
    assert accumulator.usage.output_tokens == expected["usage"]["outputTokens"]
    assert accumulator.latency_ms == expected["latency_ms"]
    assert accumulator.unknown == {}

    content = accumulator.content() or []
    signed = "".join(signature for _, signature in reasoning_of(content))
    if expected.get("signatures"):
        assert [hashlib.sha256(signed.encode()).hexdigest()[:16]] == [
            signature["sha256"] for signature in expected["signatures"]
        ]
    assert "".join(text for text, _ in reasoning_of(content)) in ("", accumulator.reasoning)
    assert [
        (block["toolUse"]["name"], block["toolUse"]["input"])
        for block in content
        if "toolUse" in block
    ] == [(tool["name"], tool["input"]) for tool in expected["tool_uses"]]
    assert_the_sdk_takes_it_back(json.loads(json.dumps(content)))


def reasoning_of(content: list[dict[str, Any]]) -> list[tuple[str, str]]:
    thoughts = [block["reasoningContent"] for block in content if "reasoningContent" in block]
    texts = [thought["reasoningText"] for thought in thoughts if "reasoningText" in thought]
    return [(text["text"], text.get("signature", "")) for text in texts]


def assert_the_sdk_takes_it_back(content: list[dict[str, Any]]) -> None:
    """What was stored has the shape of Converse content, once base64 is bytes again."""
    for block in content:
        thought = block.get("reasoningContent", {})
        if "redactedContent" in thought:
            thought["redactedContent"] = base64.b64decode(thought["redactedContent"])
    service = botocore.session.Session().get_service_model("bedrock-runtime")
    shape = service.operation_model("ConverseStream").input_shape
    assert shape is not None
    arguments = {"modelId": "m", "messages": [{"role": "assistant", "content": content}]}
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
