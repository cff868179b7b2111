"""What boto3 makes of the answers."""

import pytest

from streaming.localbedrock import Answer, Event, Script, ToolUse

from .reading import ask, kinds, read, stop_reason_of, text_of

pytestmark = pytest.mark.nodb

STOP_REASONS = (
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    "model_context_window_exceeded",
)


def deltas(events):
    return [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]


def usage_of(events):
    return events[-1]["metadata"]["usage"]


def test_a_plain_answer_has_the_events_of_the_service(endpoint, client):
    endpoint.enqueue(Answer("Hello, alice. How are you?", latency_ms=321))
    response = ask(client)
    assert response["ResponseMetadata"]["RequestId"] == endpoint.history[0].request_id
    events = read(response)
    assert text_of(events) == "Hello, alice. How are you?"
    assert kinds(events) == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert events[-1]["metadata"]["metrics"]["latencyMs"] == 321
    assert usage_of(events) == {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}


def test_text_comes_word_by_word(endpoint, client):
    endpoint.enqueue(Answer("\n\nTwo  words, Donaudampfschifffahrt\n"))
    pieces = [delta["delta"]["text"] for delta in deltas(read(ask(client)))]
    assert pieces == ["\n\nTwo", "  words,", " Donaudam", "pfschiff", "fahrt", "\n"]


def test_deltas_are_sent_exactly_as_given(endpoint, client):
    given = ["", "a", "", "\x00", "b\ud83d", "\ude00", " "]
    endpoint.enqueue(Answer(deltas=given))
    assert [delta["delta"]["text"] for delta in deltas(read(ask(client)))] == given


def test_reasoning_has_a_block_and_a_signature_of_its_own(endpoint, client):
    endpoint.enqueue(Answer("Yes.", reasoning="Let me think.", signature="c2ln"))
    assert deltas(read(ask(client))) == [
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Let"}}},
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": " me"}}},
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": " think."}}},
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}},
        {"contentBlockIndex": 1, "delta": {"text": "Yes."}},
    ]


def test_redacted_reasoning_is_bytes(endpoint, client):
    endpoint.enqueue(Answer("Yes.", redacted=b"\x00secret"))
    first = deltas(read(ask(client)))[0]
    assert first["delta"] == {"reasoningContent": {"redactedContent": b"\x00secret"}}


def test_only_tool_blocks_have_a_start(endpoint, client):
    tools = [ToolUse("clock", '{"zone":"UTC"}', "t1"), ToolUse("search", kind="server_tool_use")]
    endpoint.enqueue(Answer("Let me see.", tool_uses=tools))
    events = read(ask(client))
    starts = [event["contentBlockStart"] for event in events if "contentBlockStart" in event]
    assert starts[0] == {
        "contentBlockIndex": 1,
        "start": {"toolUse": {"name": "clock", "toolUseId": "t1"}},
    }
    assert starts[1]["start"]["toolUse"]["type"] == "server_tool_use"
    inputs = [d["delta"]["toolUse"]["input"] for d in deltas(events) if d["contentBlockIndex"] == 1]
    assert inputs[0] == ""
    assert "".join(inputs) == '{"zone":"UTC"}'
    assert stop_reason_of(events) == "tool_use"


def test_citations_come_before_their_text(endpoint, client):
    citation = {"title": "handbook", "sourceContent": [{"text": "Tea is good."}]}
    endpoint.enqueue(Answer("Tea.", citations=[citation]))
    assert [delta["delta"] for delta in deltas(read(ask(client)))] == [
        {"citation": citation},
        {"text": "Tea."},
    ]


@pytest.mark.parametrize("reason", STOP_REASONS)
def test_every_stop_reason_can_be_given(endpoint, client, reason):
    endpoint.enqueue(Answer("x", stop_reason=reason, stop_fields={"why": "because"}))
    events = read(ask(client))
    stop = next(event["messageStop"] for event in events if "messageStop" in event)
    assert stop == {"stopReason": reason, "additionalModelResponseFields": {"why": "because"}}


def test_an_empty_answer_has_no_block(endpoint, client):
    endpoint.enqueue(Answer(""))
    assert kinds(read(ask(client))) == ["messageStart", "messageStop", "metadata"]


def test_max_tokens_are_honoured(endpoint, client):
    endpoint.enqueue(Answer("x" * 100, tool_uses=[ToolUse("clock")]))
    events = read(ask(client, inferenceConfig={"maxTokens": 5}))
    assert text_of(events) == "x" * 20
    assert stop_reason_of(events) == "max_tokens"
    assert usage_of(events)["outputTokens"] == 5
    assert "contentBlockStart" not in kinds(events)


def test_max_tokens_count_reasoning_too(endpoint, client):
    endpoint.enqueue(Answer("It is so.", reasoning="y" * 40))
    events = read(ask(client, inferenceConfig={"maxTokens": 10}))
    assert text_of(events) == ""
    assert stop_reason_of(events) == "max_tokens"


def test_an_answer_of_just_the_length_is_not_cut(endpoint, client):
    endpoint.enqueue(Answer("x" * 20))
    events = read(ask(client, inferenceConfig={"maxTokens": 5}))
    assert (text_of(events), stop_reason_of(events)) == ("x" * 20, "end_turn")


def test_a_whole_answer_is_not_cut(endpoint, client):
    endpoint.enqueue(Answer("x" * 100, whole=True))
    assert text_of(read(ask(client, inferenceConfig={"maxTokens": 5}))) == "x" * 100


def test_stop_sequences_are_honoured(endpoint, client):
    endpoint.enqueue(Answer("one two three four"))
    events = read(ask(client, inferenceConfig={"stopSequences": ["fo", "thr"]}))
    assert (text_of(events), stop_reason_of(events)) == ("one two ", "stop_sequence")


def test_usage_and_trace_are_as_given(endpoint, client):
    trace = {"guardrail": {"modelOutput": ["x"]}}
    endpoint.enqueue(Answer("x", usage={"cacheReadInputTokens": 7}, trace=trace))
    metadata = read(ask(client))[-1]["metadata"]
    assert metadata["usage"]["cacheReadInputTokens"] == 7
    assert metadata["trace"] == trace


def test_an_answer_can_end_without_usage(endpoint, client):
    endpoint.enqueue(Answer("x", metadata=False))
    assert kinds(read(ask(client)))[-1] == "messageStop"


def test_unknown_events_and_members_do_not_stop_boto3(endpoint, client):
    extra = [
        Event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"hologram": {"depth": 3}}}),
        Event("moodChange", {"mood": "curious"}),
    ]
    endpoint.enqueue(Answer("one two", extra=extra))
    events = read(ask(client))
    assert text_of(events) == "one two"
    assert {"SDK_UNKNOWN_MEMBER": {"name": "hologram"}} in [d["delta"] for d in deltas(events)]


def test_a_script_sends_what_no_answer_can_say(endpoint, client):
    endpoint.enqueue(Script(Event("messageStop", {"stopReason": "end_turn"})))
    assert kinds(read(ask(client))) == ["messageStop"]


def test_very_many_tiny_deltas_arrive(endpoint, client):
    endpoint.enqueue(Answer(deltas="x" * 20_000))
    assert text_of(read(ask(client))) == "x" * 20_000


def test_one_huge_delta_arrives(endpoint, client):
    endpoint.enqueue(Answer(deltas=["ü" * 1_000_000], whole=True))
    assert text_of(read(ask(client))) == "ü" * 1_000_000


def test_a_pace_spreads_the_deltas(endpoint, client):
    """Ten deltas at a hundred a second take at least ninety milliseconds."""
    endpoint.enqueue(Answer("a b c d e f g h i j", pace=100))
    text = text_of(read(ask(client)))
    call = endpoint.history[0]
    assert text == "a b c d e f g h i j"
    assert call.ended.wait(30)
    assert call.deltas == 10
    assert call.ended_at is not None
    assert call.ended_at - call.started >= 0.09
