"""Amazon Nova through InvokeModel."""

import pytest

from streaming.localbedrock import Answer, ToolUse

from .invoking import chunks, refusal, whole

pytestmark = pytest.mark.nodb

NOVA = "us.amazon.nova-lite-v1:0"
BODY = {
    "schemaVersion": "messages-v1",
    "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
    "inferenceConfig": {"maxTokens": 200},
}


def test_each_piece_of_text_has_an_index_of_its_own(client, endpoint):
    endpoint.enqueue(Answer(deltas=("Hello", ", ", "bob.")))
    found = chunks(client, NOVA, BODY)
    assert found[0] == {"messageStart": {"role": "assistant"}}
    assert found[1:7:2] == [
        {"contentBlockDelta": {"contentBlockIndex": at, "delta": {"text": text}}}
        for at, text in enumerate(("Hello", ", ", "bob."))
    ]
    assert found[2:8:2] == [{"contentBlockStop": {"contentBlockIndex": at}} for at in range(3)]
    assert found[7] == {"messageStop": {"stopReason": "end_turn"}}
    usage = found[8]["metadata"]["usage"]
    assert usage.keys() == {
        "inputTokens",
        "outputTokens",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
    }
    metrics = found[8]["amazon-bedrock-invocationMetrics"]
    assert metrics["outputTokenCount"] == usage["outputTokens"] > 0


def test_a_tool_keeps_its_index(client, endpoint):
    endpoint.enqueue(Answer("I will.", tool_uses=[ToolUse("clock", '{"a":1}', "t1")]))
    found = chunks(client, NOVA, BODY)
    start = next(c["contentBlockStart"] for c in found if "contentBlockStart" in c)
    at = start["contentBlockIndex"]
    deltas = [c["contentBlockDelta"] for c in found if "contentBlockDelta" in c]
    fragments = [d["delta"]["toolUse"]["input"] for d in deltas if d["contentBlockIndex"] == at]
    assert "".join(fragments) == '{"a":1}'
    assert found[-2] == {"messageStop": {"stopReason": "tool_use"}}


def test_a_document_is_that_of_converse(client, endpoint):
    endpoint.enqueue(Answer("Hello."))
    document = whole(client, NOVA, BODY)
    assert document["output"]["message"] == {"role": "assistant", "content": [{"text": "Hello."}]}
    assert document["stopReason"] == "end_turn"
    usage = document["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


@pytest.mark.parametrize("name", ["maxTokens", "max_new_tokens"])
def test_both_names_of_the_limit_are_known(client, endpoint, name):
    endpoint.enqueue(Answer("x" * 100))
    found = chunks(client, NOVA, BODY | {"inferenceConfig": {name: 5}})
    assert found[-2] == {"messageStop": {"stopReason": "max_tokens"}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"inferenceConfig": {}}, "#: required key [messages] not found"),
        (BODY | {"max_tokens": 5}, "#: extraneous key [max_tokens] is not permitted"),
        (BODY | {"inferenceConfig": {"temperature": 2}}, "2 is not less or equal to 1"),
        (BODY | {"inferenceConfig": {"maxTokens": 0}}, "0 is not greater or equal to 1"),
        (BODY | {"schemaVersion": "v2"}, "v2 is not a valid enum value"),
        (BODY | {"messages": [{"role": "user", "content": "a"}]}, "expected type: JSONArray"),
        (BODY | {"messages": [{"role": "user", "content": [{"text": " "}]}]}, "is blank"),
        (
            BODY | {"messages": [{"role": "assistant", "content": [{"text": "a"}]}]},
            "must start with a user message",
        ),
    ],
)
def test_a_body_is_checked(client, endpoint, body, words):
    assert words in refusal(client, NOVA, body)
