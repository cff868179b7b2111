"""Anthropic Messages through InvokeModel."""

import base64
import json

import pytest

from streaming.localbedrock import Answer, ToolUse
from streaming.localbedrock.samples import picture

from .invoking import chunks, refusal, stream, whole

pytestmark = pytest.mark.nodb

CLAUDE = "anthropic.claude-3-7-sonnet-20250219-v1:0"
BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "Hello"}],
}


PNG = base64.b64encode(picture()).decode()
SOURCE = {"type": "base64", "media_type": "image/png", "data": PNG}
IMAGE = {"type": "image", "source": SOURCE}


def types(found):
    """The types of the chunks; several deltas in a row count once."""
    names = [chunk["type"] for chunk in found]
    return [n for at, n in enumerate(names) if n != "content_block_delta" or names[at - 1] != n]


def test_a_stream_has_the_events_of_the_provider(client, endpoint):
    endpoint.enqueue(Answer("Hello, alice."))
    found = chunks(client, CLAUDE, BODY)
    assert types(found) == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert found[0]["message"]["role"] == "assistant"
    assert found[0]["message"]["usage"]["input_tokens"] > 0
    assert found[1]["content_block"] == {"type": "text", "text": ""}
    text = "".join(c["delta"]["text"] for c in found if c["type"] == "content_block_delta")
    assert text == "Hello, alice."
    assert found[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    metrics = found[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["outputTokenCount"] == found[-2]["usage"]["output_tokens"]
    assert metrics.keys() >= {"inputTokenCount", "invocationLatency", "firstByteLatency"}


def test_the_response_says_what_the_chunks_hold(client, endpoint):
    response = stream(client, CLAUDE, BODY)
    assert response["contentType"] == "application/json"
    response["body"].close()


def test_reasoning_has_blocks_and_a_signature_of_its_own(client, endpoint):
    endpoint.enqueue(Answer("Yes.", reasoning="Is it?", signature="c2ln", redacted=b"\x00no"))
    found = chunks(client, CLAUDE, BODY)
    starts = [c["content_block"] for c in found if c["type"] == "content_block_start"]
    assert starts == [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "redacted_thinking", "data": "AG5v"},
        {"type": "text", "text": ""},
    ]
    deltas = [c["delta"] for c in found if c["type"] == "content_block_delta"]
    assert "".join(d.get("thinking", "") for d in deltas) == "Is it?"
    assert {"type": "signature_delta", "signature": "c2ln"} in deltas
    assert whole_of(endpoint, client)[:2] == [
        {"type": "thinking", "thinking": "Is it?", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "AG5v"},
    ]


def whole_of(endpoint, client):
    endpoint.enqueue(Answer("Yes.", reasoning="Is it?", signature="c2ln", redacted=b"\x00no"))
    return whole(client, CLAUDE, BODY)["content"]


def test_tools_come_in_pieces_of_json(client, endpoint):
    tools = [
        ToolUse("clock", '{"zone":"UTC"}', "t1"),
        ToolUse("search", "{}", "t2", "server_tool_use"),
    ]
    endpoint.enqueue(Answer(tool_uses=tools))
    found = chunks(client, CLAUDE, BODY)
    starts = [c["content_block"] for c in found if c["type"] == "content_block_start"]
    assert starts[0] == {"type": "tool_use", "id": "t1", "name": "clock", "input": {}}
    assert starts[1]["type"] == "server_tool_use"
    pieces = [c["delta"]["partial_json"] for c in found if c.get("index") == 0 and "delta" in c]
    assert "".join(pieces) == '{"zone":"UTC"}'
    assert found[-2]["delta"]["stop_reason"] == "tool_use"
    endpoint.enqueue(Answer(tool_uses=tools))
    assert whole(client, CLAUDE, BODY)["content"][0]["input"] == {"zone": "UTC"}


def test_citations_are_deltas(client, endpoint):
    citation = {
        "title": "handbook",
        "sourceContent": [{"text": "Tea is good."}],
        "location": {"documentChar": {"documentIndex": 0, "start": 2, "end": 9}},
    }
    expected = {
        "type": "char_location",
        "cited_text": "Tea is good.",
        "document_index": 0,
        "start_char_index": 2,
        "end_char_index": 9,
        "document_title": "handbook",
    }
    endpoint.enqueue(Answer("Tea.", citations=[citation]), times=2)
    deltas = [c["delta"] for c in chunks(client, CLAUDE, BODY) if "delta" in c]
    assert deltas[0] == {"type": "citations_delta", "citation": expected}
    assert whole(client, CLAUDE, BODY)["content"] == [
        {"type": "text", "text": "Tea.", "citations": [expected]}
    ]


@pytest.mark.parametrize(
    ("answer", "asked", "reason", "sequence"),
    [
        (Answer("one two three four five", stop_reason="max_tokens"), {}, "max_tokens", None),
        (Answer("one two"), {"stop_sequences": ["two"]}, "stop_sequence", "two"),
        (Answer("one two", stop_reason="content_filtered"), {}, "refusal", None),
        (Answer(""), {}, "end_turn", None),
    ],
)
def test_each_end_has_its_word(client, endpoint, answer, asked, reason, sequence):
    endpoint.enqueue(answer, times=2)
    ending = {"stop_reason": reason, "stop_sequence": sequence}
    assert chunks(client, CLAUDE, BODY | asked)[-2]["delta"] == ending
    document = whole(client, CLAUDE, BODY | asked)
    assert {name: document[name] for name in ending} == ending


def test_a_document_tells_its_usage_in_headers_too(client, endpoint):
    endpoint.enqueue(Answer("Hello", latency_ms=17))
    response = client.invoke_model(modelId=CLAUDE, body=json.dumps(BODY))
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-invocation-latency"] == "17"
    assert int(headers["x-amzn-bedrock-output-token-count"]) == 2
    response["body"].read()


def test_a_request_is_understood_like_that_of_converse(client, endpoint):
    """Tests look at calls of every dialect in one way, and phrases work in each."""
    body = BODY | {
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        "temperature": 0.5,
        "messages": [
            {"role": "user", "content": [IMAGE, {"type": "text", "text": "Look"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "text", "text": "Yes"}]},
            {"role": "user", "content": "[[echo]] again"},
        ],
    }  # fmt: skip
    assert whole(client, CLAUDE, body)["content"][0]["text"] == "again"
    call = endpoint.history[-1]
    assert call.operation == "InvokeModel"
    assert call.native == body
    assert call.body["system"] == [{"text": "Be kind."}, {"cachePoint": {"type": "default"}}]
    assert call.body["inferenceConfig"] == {"maxTokens": 500, "temperature": 0.5}
    assert call.messages[0]["content"][0] == {"image": {"format": "png", "source": {"bytes": PNG}}}
    said = {"text": "Hm.", "signature": "s"}
    assert call.messages[1]["content"][0] == {"reasoningContent": {"reasoningText": said}}


def without(name):
    return {key: value for key, value in BODY.items() if key != name}


def turns(*turns):
    return BODY | {"messages": [{"role": role, "content": text} for role, text in turns]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (without("anthropic_version"), "anthropic_version: Field required"),
        (without("max_tokens"), "max_tokens: Field required"),
        (BODY | {"colour": 1}, "colour: Extra inputs are not permitted"),
        (BODY | {"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        (BODY | {"max_tokens": 0}, "greater than or equal to 1"),
        (BODY | {"max_tokens": 65_000}, "max_tokens: 65000 > 64000, which is the maximum"),
        (BODY | {"temperature": 1.5}, "temperature: range: 0..1"),
        (BODY | {"anthropic_version": "1"}, "anthropic_version: Input should be 'bedrock-2023"),
        (BODY | {"messages": []}, "at least one message is required"),
        (BODY | {"messages": ["a"]}, "messages.0: Input should be a valid dictionary"),
        (turns(("assistant", "a")), 'first message must use the "user" role'),
        (turns(("user", "a"), ("user", "b")), "roles must alternate"),
        (turns(("system", "a")), "messages.0.role: Input should be 'user' or 'assistant'"),
        (turns(("user", "")), "text content blocks must be non-empty"),
        (turns(("user", " \n")), "must contain non-whitespace text"),
        (turns(("user", [])), "all messages must have non-empty content"),
        (turns(("user", [{"type": "poem"}])), "Input tag 'poem' found using 'type'"),
        (turns(("user", [{"type": "text"}])), "messages.0.content.0.text.text: Field required"),
        (turns(("user", "a"), ("assistant", "b ")), "trailing whitespace"),
    ],
)  # fmt: skip
def test_a_body_is_checked_as_the_service_does(client, endpoint, body, words):
    assert words in refusal(client, CLAUDE, body)
