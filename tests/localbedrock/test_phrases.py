"""The phrases in double brackets."""

from pathlib import Path

import pytest
from botocore.eventstream import ChecksumMismatch, InvalidHeadersLength, InvalidPayloadLength
from botocore.exceptions import ClientError, EventStreamError, ReadTimeoutError
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as StreamTimeoutError

from streaming.localbedrock import StreamFault
from streaming.localbedrock.guardrails import PHRASES as STOPS
from streaming.localbedrock.phrases import BREAKS, REFUSALS, Phrase, phrases_in
from streaming.localbedrock.unusual import ALTERATIONS

from .reading import (
    MODEL,
    ask,
    assistant,
    kinds,
    read,
    read_to_error,
    stop_reason_of,
    text_of,
    user,
)

pytestmark = pytest.mark.nodb

# What a broken stream may raise in boto3.
NOISE = (
    ChecksumMismatch,
    EventStreamError,
    InvalidHeadersLength,
    InvalidPayloadLength,
    ProtocolError,
    StreamTimeoutError,
    UnicodeDecodeError,
)

# These raise nothing.
QUIET = {"no stop", "half frame", "not json"}

DOCUMENT = Path(__file__).parents[2] / "docs" / "local-bedrock.md"


def deltas(events):
    return [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing here", []),
        ("[[cut]]", [Phrase("cut")]),
        ("[[ Throttle  2 ]] please", [Phrase("throttle", 2)]),
        ("[[cut at 5]]", [Phrase("cut", None, 5)]),
        ("[[error midstream throttling 2 at 0]]", [Phrase("error midstream throttling", 2, 0)]),
        ("[[pace 0.5]] and [[reasoning]]", [Phrase("pace", 0.5), Phrase("reasoning")]),
        ("[[stop reason max_tokens]]", [Phrase("stop reason max_tokens")]),
        ("[[]] [[ ]] [[1]] [x] [[a", []),
    ],
)
def test_phrases_are_found(text, expected):
    assert phrases_in(text) == expected


def test_unknown_phrases_do_nothing(endpoint, client):
    assert "demonstration model" in text_of(read(ask(client, "See [[Main Page]]")))


def test_every_phrase_is_documented():
    text = DOCUMENT.read_text()
    names = [*REFUSALS, *BREAKS, *ALTERATIONS, *STOPS, "stop reason", "bench"]
    assert [name for name in names if f"`[[{name}" not in text] == []


@pytest.mark.parametrize("name", sorted(set(REFUSALS) - {"hang", "refuse connection"}))
def test_a_refusal_has_its_code(endpoint, client, name):
    with pytest.raises(ClientError) as caught:
        ask(client, f"[[{name}]] Hello")
    assert caught.value.response["Error"]["Code"] == REFUSALS[name].code


def test_a_call_can_hang(endpoint, hasty_client):
    with pytest.raises(ReadTimeoutError):
        ask(hasty_client, "[[hang]]")


def test_a_fault_befalls_so_many_calls_with_the_same_text(endpoint, client):
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(client.exceptions.ThrottlingException):
                ask(client, "[[throttle 2]] Hello")
        assert text_of(read(ask(client, "[[throttle 2]] Hello")))


def test_texts_are_counted_apart(endpoint, client):
    for text in ("[[throttle 1]] a", "[[throttle 1]] b"):
        with pytest.raises(client.exceptions.ThrottlingException):
            ask(client, text)
    assert text_of(read(ask(client, "[[throttle 1]] a")))
    assert text_of(read(ask(client, "[[throttle 1]] b")))


def test_only_the_newest_message_counts(endpoint, client):
    messages = [user("[[throttle]]"), assistant("Yes."), user("Hello")]
    assert text_of(read(ask(client, messages=messages)))


def test_a_break_comes_after_half_of_the_answer_or_where_it_is_said(endpoint, client):
    whole = text_of(read(ask(client, "[[echo]] one two three four five six")))
    assert whole == "one two three four five six"
    events, _ = read_to_error(ask(client, f"[[echo]] [[cut]] {whole}"), ProtocolError)
    assert text_of(events) == "one two three"
    events, _ = read_to_error(ask(client, f"[[echo]] [[cut at 5]] {whole}"), ProtocolError)
    assert text_of(events) == "one two three four five"


@pytest.mark.parametrize("name", [n for n in BREAKS if n.startswith("error midstream")])
def test_an_error_comes_in_the_stream(endpoint, client, name):
    events, error = read_to_error(ask(client, f"[[{name} 1]]"), EventStreamError)
    assert text_of(events)
    [step] = BREAKS[name]
    expected = step.kind if isinstance(step, StreamFault) else step.code
    assert error.response["Error"]["Code"] == expected
    assert stop_reason_of(read(ask(client, f"[[{name} 1]]"))) == "end_turn"


@pytest.mark.parametrize("name", sorted(set(BREAKS) - QUIET))
def test_a_break_raises(endpoint, hasty_client, name):
    events, _ = read_to_error(ask(hasty_client, f"[[{name}]]"), NOISE)
    assert stop_reason_of(events) is None


@pytest.mark.parametrize("name", sorted(QUIET))
def test_a_quiet_break_just_ends_without_a_stop_reason(endpoint, client, name):
    events = read(ask(client, f"[[{name}]]"))
    assert text_of(events)
    assert stop_reason_of(events) is None


def test_the_model_can_stop_for_any_reason(endpoint, client):
    for reason in ("max_tokens", "content_filtered", "model_context_window_exceeded"):
        assert stop_reason_of(read(ask(client, f"[[stop reason {reason}]]"))) == reason


def test_a_guardrail_blocks_or_withdraws(endpoint, client):
    events = read(ask(client, "[[guardrail]] Hello"))
    assert "guardrail does not let this" in text_of(events)
    assert stop_reason_of(events) == "guardrail_intervened"
    assert "inputAssessment" in events[-1]["metadata"]["trace"]["guardrail"]
    events = read(ask(client, "[[guardrail late]] Hello"))
    assert "demonstration model" in text_of(events)
    assert stop_reason_of(events) == "guardrail_intervened"


def test_tokens_run_out(endpoint, client):
    events = read(ask(client, "[[max tokens 5]]"))
    assert stop_reason_of(events) == "max_tokens"
    assert 10 < len(text_of(events)) <= 20


def test_answers_may_lack_text(endpoint, client):
    assert kinds(read(ask(client, "[[empty]]"))) == ["messageStart", "messageStop", "metadata"]
    assert text_of(read(ask(client, "[[blank]]"))).strip() == ""
    events = read(ask(client, "[[reasoning only]]"))
    assert text_of(events) == ""
    assert "reasoningContent" in deltas(events)[0]
    events = read(ask(client, "[[tool only]]"))
    assert (text_of(events), stop_reason_of(events)) == ("", "tool_use")


def test_answers_may_have_more_than_text(endpoint, client):
    events = read(ask(client, "[[reasoning]] [[redacted]] [[citations]] [[tool]] [[unknown]]"))
    found = {key for delta in deltas(events) for key in delta}
    assert found == {"reasoningContent", "text", "citation", "toolUse", "SDK_UNKNOWN_MEMBER"}


def test_deltas_may_be_odd(endpoint, client):
    pieces = [delta["text"] for delta in deltas(read(ask(client, "[[empty deltas]]")))]
    assert pieces[0] == pieces[2] == ""
    text = text_of(read(ask(client, "[[odd text]]")))
    assert "\x00" in text
    assert "\ud83d\ude00" in text
    assert text_of(read(ask(client, "[[leading space]]"))).startswith("\n\n I am")
    assert "<script>" in text_of(read(ask(client, "[[hostile]]")))


def test_sizes_may_be_odd(endpoint, client):
    assert [len(d["text"]) for d in deltas(read(ask(client, "[[tiny 300]]")))] == [1] * 300
    assert [len(d["text"]) for d in deltas(read(ask(client, "[[huge 50000]]")))] == [50_000]
    assert 480 <= len(text_of(read(ask(client, "[[long 500]]"))).split()) <= 510


def test_usage_may_be_missing(endpoint, client):
    assert kinds(read(ask(client, "[[no metadata]]")))[-1] == "messageStop"


def test_waiting_can_be_asked_for(endpoint, hasty_client, client):
    with pytest.raises(ReadTimeoutError):
        ask(hasty_client, "[[late 5]]")
    assert text_of(read(ask(client, "[[wait 0.01]] [[late 0.01]] [[pace 5000]]")))


def test_a_benchmark_gets_stamped_deltas(endpoint, client):
    events = read(ask(client, "[[bench deltas=20 rate=1000 size=30]]"))
    assert [len(delta["text"]) for delta in deltas(events)] == [30] * 20
    assert all(delta["text"].split()[0].isdigit() for delta in deltas(events))
    assert stop_reason_of(events) == "end_turn"
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 20


def test_phrases_do_not_disturb_titles(endpoint, client):
    prompt = "Write a title.\n\nUser: [[throttle]] [[cut]] Make a table"
    response = client.converse(modelId=MODEL, messages=[user(prompt)])
    assert response["output"]["message"]["content"] == [{"text": "Make a table"}]


def starts(events):
    return [e["contentBlockStart"]["start"] for e in events if "contentBlockStart" in e]


def numbered(events, kind):
    found = [e["contentBlockDelta"] for e in events if "contentBlockDelta" in e]
    return [(d["contentBlockIndex"], d["delta"][kind]) for d in found if kind in d["delta"]]


def test_a_tool_of_the_service_comes_with_its_result(endpoint, client):
    events = read(ask(client, "[[server tool]] Hello"))
    use, result = starts(events)
    assert use["toolUse"]["type"] == "server_tool_use"
    assert result["toolResult"]["toolUseId"] == use["toolUse"]["toolUseId"]
    assert numbered(events, "toolResult")[0][1][0]["json"]["stdOut"] == "4"
    assert stop_reason_of(events) == "end_turn"
    assert "demonstration" in text_of(events)


def test_citations_can_be_of_every_kind(endpoint, client):
    events = read(ask(client, "[[citations 4]] Hello"))
    found = numbered(events, "citation")
    assert [next(iter(citation["location"])) for _, citation in found] == [
        "documentChar",
        "documentPage",
        "web",
        "documentChunk",
    ]
    assert [index for index, _ in found] == [0, 1, 2, 3]


def test_a_picture_is_a_png(endpoint, client):
    events = read(ask(client, "[[image]] Hello"))
    assert {"image": {"format": "png"}} in starts(events)
    [(_, image)] = numbered(events, "image")
    assert image["source"]["bytes"].startswith(b"\x89PNG\r\n\x1a\n")
    [(_, failed)] = numbered(read(ask(client, "[[image error]] Hello")), "image")
    assert failed["error"]["message"]


def test_a_document_holds_tools_and_pictures_too(endpoint, client):
    message = user("[[server tool]] [[image]] Hello")
    response = client.converse(modelId=MODEL, messages=[message])
    blocks = response["output"]["message"]["content"]
    assert [next(iter(block)) for block in blocks] == ["toolUse", "toolResult", "text", "image"]
    assert blocks[1]["toolResult"]["content"][0]["json"]["exitCode"] == 0
    assert blocks[3]["image"]["source"]["bytes"].startswith(b"\x89PNG")


def test_reasoning_may_be_in_the_text(endpoint, client):
    text = text_of(read(ask(client, "[[thinking tags]] Hello")))
    assert text.startswith("<thinking>")
    assert "</thinking>" in text
