"""A guardrail that the request names: what it stops, and what the trace says (R72)."""

import json

import pytest

from streaming.localbedrock import Answer

from .native.invoking import chunks, whole
from .native.test_anthropic import BODY, CLAUDE
from .reading import MODEL, ask, read, stop_reason_of, text_of, user

pytestmark = pytest.mark.nodb

GUARDRAIL = {"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": "enabled"}


def guarded(client, text, **config):
    return read(ask(client, text, guardrailConfig=GUARDRAIL | config))


def trace_of(events):
    return events[-1]["metadata"].get("trace", {}).get("guardrail")


def texts(events):
    """The text of each block."""
    found = {}
    for event in events:
        if "contentBlockDelta" in event:
            delta = event["contentBlockDelta"]
            index = delta["contentBlockIndex"]
            found[index] = found.get(index, "") + delta["delta"].get("text", "")
    return list(found.values())


def test_most_passes_and_the_trace_says_so(endpoint, client):
    events = guarded(client, "Hello")
    assert stop_reason_of(events) == "end_turn"
    assert trace_of(events)["inputAssessment"].keys() == {"abc123"}


def test_a_question_is_blocked(endpoint, client):
    events = guarded(client, "[[forbidden]] Hello")
    assert stop_reason_of(events) == "guardrail_intervened"
    assert "does not let this question through" in text_of(events)
    topics = trace_of(events)["inputAssessment"]["abc123"]["topicPolicy"]["topics"]
    assert topics[0]["action"] == "BLOCKED"


def test_an_answer_is_blocked_before_it_is_sent(endpoint, client):
    events = guarded(client, "[[forbidden answer]] Hello", streamProcessingMode="sync")
    assert texts(events) == [
        "Sorry, the demonstration's guardrail does not let this answer through."
    ]
    assert stop_reason_of(events) == "guardrail_intervened"
    trace = trace_of(events)
    assert trace["outputAssessments"]["abc123"][0]["contentPolicy"]
    assert "demonstration model" in trace["modelOutput"][0]


def test_an_answer_is_withdrawn_after_it_was_sent(endpoint, client):
    events = guarded(client, "[[forbidden answer]] Hello", streamProcessingMode="async")
    sent, words = texts(events)
    assert "demonstration model" in sent
    assert "does not let this answer through" in words
    assert stop_reason_of(events) == "guardrail_intervened"
    assert trace_of(events)["outputAssessments"]["abc123"][0]["contentPolicy"]


def test_an_answer_is_masked_where_it_is_scanned_first(endpoint, client):
    events = guarded(client, "[[private]]")
    assert "{EMAIL}" in text_of(events)
    assert stop_reason_of(events) == "guardrail_intervened"
    policy = trace_of(events)["outputAssessments"]["abc123"][0]["sensitiveInformationPolicy"]
    assert policy["piiEntities"][0]["action"] == "ANONYMIZED"
    late = guarded(client, "[[private]]", streamProcessingMode="async")
    assert "alice@example.com" in text_of(late)
    assert stop_reason_of(late) == "end_turn"


def test_without_a_guardrail_nothing_is_stopped(endpoint, client):
    events = read(ask(client, "[[forbidden]] Hello"))
    assert stop_reason_of(events) == "end_turn"
    assert trace_of(events) is None


def test_the_trace_comes_only_when_it_is_asked_for(endpoint, client):
    events = guarded(client, "[[forbidden]] Hello", trace="disabled")
    assert stop_reason_of(events) == "guardrail_intervened"
    assert trace_of(events) is None


def test_converse_is_guarded_too(endpoint, client):
    response = client.converse(
        modelId=MODEL, messages=[user("[[forbidden]] Hello")], guardrailConfig=GUARDRAIL
    )
    assert response["stopReason"] == "guardrail_intervened"
    assert response["trace"]["guardrail"]["actionReason"] == "Guardrail blocked."


def test_a_native_request_names_it_in_headers(endpoint, client):
    named = {"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": "ENABLED"}
    body = BODY | {"messages": [{"role": "user", "content": "[[forbidden]] Hello"}]}
    last = chunks(client, CLAUDE, body, **named)[-1]
    assert last["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert last["amazon-bedrock-trace"]["guardrail"]["inputAssessment"]
    assert whole(client, CLAUDE, body, **named)["amazon-bedrock-guardrailAction"] == "INTERVENED"
    endpoint.enqueue(Answer("Hello."))
    assert chunks(client, CLAUDE, BODY, **named)[-1]["amazon-bedrock-guardrailAction"] == "NONE"


def test_a_native_request_may_want_its_text_at_once(endpoint, client):
    body = BODY | {
        "messages": [{"role": "user", "content": "[[forbidden answer]] Hello"}],
        "amazon-bedrock-guardrailConfig": {"streamProcessingMode": "ASYNCHRONOUS"},
    }
    found = chunks(client, CLAUDE, body, guardrailIdentifier="abc123", guardrailVersion="1")
    assert json.dumps(found).count('"content_block_start"') == 2
