"""Converse gives the same answers and faults as one document."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from streaming.localbedrock import (
    Answer,
    Controlled,
    Cut,
    HalfDocument,
    Raw,
    Refusal,
    Stall,
    StreamError,
    StreamFault,
    ToolUse,
)

from .reading import MODEL, user

pytestmark = pytest.mark.nodb


def converse(client, text="Hello", **more):
    return client.converse(modelId=MODEL, messages=[user(text)], **more)


def test_a_document_has_what_the_stream_has(endpoint, client):
    trace = {"guardrail": {"modelOutput": ["x"]}}
    endpoint.enqueue(
        Answer(
            "Hello, alice.",
            reasoning="Let me think.",
            signature="c2ln",
            redacted=b"\x00secret",
            tool_uses=[ToolUse("clock", '{"zone":"UTC"}', "t1")],
            latency_ms=17,
            trace=trace,
        )
    )
    response = converse(client)
    assert response["output"]["message"] == {
        "role": "assistant",
        "content": [
            {"reasoningContent": {"reasoningText": {"text": "Let me think.", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": b"\x00secret"}},
            {"text": "Hello, alice."},
            {"toolUse": {"toolUseId": "t1", "name": "clock", "input": {"zone": "UTC"}}},
        ],
    }
    assert response["stopReason"] == "tool_use"
    assert response["metrics"] == {"latencyMs": 17}
    assert response["trace"] == trace
    assert response["usage"]["totalTokens"] > 0
    assert response["ResponseMetadata"]["RequestId"] == endpoint.history[0].request_id


def test_cited_text_is_a_block_of_its_own_kind(endpoint, client):
    citation = {"title": "handbook", "sourceContent": [{"text": "Tea is good."}]}
    endpoint.enqueue(Answer("Tea.", citations=[citation]))
    assert converse(client)["output"]["message"]["content"] == [
        {"citationsContent": {"content": [{"text": "Tea."}], "citations": [citation]}}
    ]


def test_an_empty_answer_has_no_content(endpoint, client):
    endpoint.enqueue(Answer(""))
    assert converse(client)["output"]["message"]["content"] == []


def test_max_tokens_are_honoured(endpoint, client):
    endpoint.enqueue(Answer("x" * 100))
    response = converse(client, inferenceConfig={"maxTokens": 5})
    assert response["stopReason"] == "max_tokens"
    assert response["output"]["message"]["content"] == [{"text": "x" * 20}]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Refusal("ThrottlingException"), "ThrottlingException"),
        (StreamFault("modelStreamErrorException"), "ModelStreamErrorException"),
        (StreamError("InternalFailure", "Broken."), "InternalFailure"),
    ],
)
def test_faults_are_http_errors(endpoint, client, fault, code):
    endpoint.enqueue(Answer("one two", then=fault))
    with pytest.raises(ClientError) as caught:
        converse(client)
    assert caught.value.response["Error"]["Code"] == code


def test_half_a_document_gives_a_result_without_output(endpoint, client):
    endpoint.enqueue(Answer("one two", then=HalfDocument()))
    response = converse(client)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "output" not in response


def test_bytes_can_stand_for_the_document(endpoint, client):
    endpoint.enqueue(Raw(b"<html>502 Bad Gateway</html>"))
    assert "output" not in converse(client)


def test_a_cut_before_the_headers_raises(endpoint, client):
    endpoint.enqueue(Cut(reset=True))
    with pytest.raises(ConnectionClosedError):
        converse(client)


def test_a_cut_in_the_body_gives_a_result_without_output(endpoint, client):
    """botocore does not compare the body with its content-length."""
    endpoint.enqueue(Answer("one two", then=Cut()))
    response = converse(client)
    assert int(response["ResponseMetadata"]["HTTPHeaders"]["content-length"]) > 60
    assert "output" not in response


def test_a_stall_ends_in_a_read_timeout(endpoint, hasty_client):
    endpoint.enqueue(Answer("one two", then=Stall()))
    with pytest.raises(ReadTimeoutError):
        converse(hasty_client)
    assert endpoint.history[0].disconnected.wait(30)


def test_a_controlled_answer_serves_a_document_too(endpoint, client):
    script = endpoint.enqueue(Controlled())
    script.reason("Let me think.")
    script.emit("Hello, ")
    script.emit("bob.")
    script.stop(fields={"a": 1})
    response = converse(client)
    assert response["output"]["message"]["content"][1] == {"text": "Hello, bob."}
    assert response["additionalModelResponseFields"] == {"a": 1}
