"""CountTokens: for what Converse and InvokeModel would be sent."""

import json

import pytest
from botocore.exceptions import ReadTimeoutError

from streaming.localbedrock import Answer, Stall, faults

from .reading import MODEL, ask, read, user

pytestmark = pytest.mark.nodb

CLAUDE = "us.anthropic.claude-sonnet-4-20250514-v1:0"
NATIVE = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "How many tokens is this sentence?"}],
}


def count(client, model=MODEL, **request):
    conversation = {"messages": [user("How many tokens is this sentence?")]} | request
    counted = client.count_tokens(modelId=model, input={"converse": conversation})
    return counted["inputTokens"]


def refused(client, model, given):
    with pytest.raises(client.exceptions.ValidationException) as caught:
        client.count_tokens(modelId=model, input=given)
    return caught.value.response["Error"]["Message"]


def test_what_is_counted_is_what_will_be_reported(client, endpoint):
    """R68: counted before, and reported after the answer, in the same tokens."""
    endpoint.enqueue(Answer("Nine."))
    system = [{"text": "Be brief."}]
    text = "How many tokens is this sentence?"
    usage = read(ask(client, text, system=system))[-1]["metadata"]["usage"]
    assert count(client, system=system) == usage["inputTokens"] > 0


def test_a_native_request_counts_as_the_same_one_of_converse(client, endpoint):
    body = json.dumps(NATIVE)
    native = client.count_tokens(modelId=CLAUDE, input={"invokeModel": {"body": body}})
    assert native["inputTokens"] == count(client, CLAUDE)


def test_what_is_larger_than_the_window_is_counted_too(client, endpoint):
    assert count(client, messages=[user("x" * 1_000_000)]) > 200_000


def test_not_every_model_offers_it(client, endpoint):
    for model in ("amazon.nova-lite-v1:0", "local.demonstration-small-v1:0"):
        words = refused(client, model, {"converse": {"messages": [user("a")]}})
        assert words == "The provided model doesn't support counting tokens."


def test_the_rules_of_messages_hold(client, endpoint):
    assert "is blank" in refused(client, MODEL, {"converse": {"messages": [user(" ")]}})
    assert "is not a JSON object" in refused(client, MODEL, {"invokeModel": {"body": b"["}})
    lacking = json.dumps({"messages": NATIVE["messages"]})
    words = refused(client, CLAUDE, {"invokeModel": {"body": lacking}})
    assert words == "anthropic_version: Field required"


def test_one_of_two_inputs_must_be_given(make_client, endpoint):
    client = make_client(parameter_validation=False)
    assert "Exactly one of" in refused(client, MODEL, {})


def test_it_takes_only_the_faults_that_name_it(client, hasty_client, endpoint):
    """What a test has prepared for an answer is not used up by a count before it."""
    endpoint.enqueue(Answer("one"))
    endpoint.enqueue(faults.throttled(), operation="CountTokens")
    endpoint.enqueue(Stall(), operation="CountTokens")
    with pytest.raises(client.exceptions.ThrottlingException):
        count(client)
    with pytest.raises(ReadTimeoutError):
        count(hasty_client)
    assert count(client) > 0
    assert len(endpoint.counts) == 3
    assert not endpoint.history
    read(ask(client))
