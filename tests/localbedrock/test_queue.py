"""Which enqueued reply answers which call."""

import pytest

from streaming.localbedrock import Answer

from .reading import MODEL, ask, read, text_of, user

pytestmark = pytest.mark.nodb

OTHER = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def said(client, text="Hello", model=MODEL):
    return text_of(read(ask(client, text, model=model)))


def test_replies_are_given_in_their_order(endpoint, client):
    for word in ("one", "two"):
        endpoint.enqueue(Answer(word))
    assert [said(client), said(client)] == ["one", "two"]
    assert "demonstration model" in said(client)


def test_a_reply_can_be_bound_to_a_model(endpoint, client):
    endpoint.enqueue(Answer("other"), model=OTHER)
    endpoint.enqueue(Answer("any"))
    assert [said(client), said(client, model=OTHER)] == ["any", "other"]


def test_a_reply_can_be_bound_to_a_text(endpoint, client):
    endpoint.enqueue(Answer("tea"), match="kettle")
    endpoint.enqueue(Answer("coffee"), match="beans")
    assert said(client, "Which beans?") == "coffee"
    assert said(client, "Is the kettle hot?") == "tea"


def test_only_the_newest_user_text_is_matched(endpoint, client):
    endpoint.enqueue(Answer("tea"), match="kettle")
    turns = [user("kettle"), {"role": "assistant", "content": [{"text": "Yes."}]}, user("Thanks")]
    assert text_of(read(ask(client, messages=turns))) != "tea"
    assert said(client, "kettle") == "tea"


def test_a_reply_can_be_given_several_times(endpoint, client):
    endpoint.enqueue(Answer("twice"), times=2)
    assert [said(client), said(client)] == ["twice", "twice"]
    assert said(client) != "twice"


def test_a_request_for_a_title_leaves_what_is_meant_for_the_chat(endpoint, client):
    endpoint.enqueue(Answer("for the chat"))
    endpoint.enqueue(Answer("Tea, briefly"), operation="Converse")
    asked = [user("Write a short title for this conversation.\n\nUser: How do I make tea?")]
    titles = [
        client.converse(modelId=MODEL, messages=asked)["output"]["message"]["content"][0]["text"]
        for _ in range(2)
    ]
    assert titles == ["Tea, briefly", "How do I make tea"]
    assert said(client) == "for the chat"


def test_the_history_tells_what_was_sent(endpoint, client):
    endpoint.enqueue(Answer("Hello"))
    read(
        ask(
            client, "Good morning", system=[{"text": "Be brief."}], inferenceConfig={"maxTokens": 9}
        )
    )
    [call] = endpoint.history
    assert (call.operation, call.model_id) == ("ConverseStream", MODEL)
    assert call.last_user_text == "Good morning"
    assert call.system_text == "Be brief."
    assert call.max_tokens == 9
    assert call.body["messages"] == [user("Good morning")]
    assert call.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert call.ended.wait(30)
    assert not call.disconnected.is_set()


def test_a_test_can_wait_for_calls(endpoint, client):
    assert not endpoint.history.wait_for(1, timeout=0.01)
    endpoint.enqueue(Answer("Hello"))
    read(ask(client))
    assert endpoint.history.wait_for(1, timeout=30)


def test_refused_calls_are_in_the_history_too(endpoint, client):
    with pytest.raises(client.exceptions.ValidationException):
        ask(client, "  ")
    assert endpoint.history[0].ended.wait(30)
