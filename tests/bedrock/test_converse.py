"""One call, from the request to its last event, and everything that can come instead."""

import gc
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from streaming.bedrock import call
from streaming.bedrock.asking import Way, ask, complete
from streaming.bedrock.converse import ConverseStream
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import (
    CitationDelta,
    Event,
    MessageStop,
    Metadata,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSignature,
    Started,
    TextDelta,
    ToolUseDelta,
    ToolUseStart,
    Unknown,
)
from streaming.bedrock.request import Request
from streaming.localbedrock import (
    Answer,
    Cut,
    End,
    HalfDocument,
    LocalBedrock,
    Open,
    Refusal,
    Script,
    Stall,
    Step,
    StreamError,
    StreamFault,
    ToolUse,
    faults,
)
from streaming.localbedrock import Event as Sent
from tests.bedrock.conftest import MakeClient

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient as Client

pytestmark = pytest.mark.nodb

DELTA = Sent("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "so far"}})
STOP = Sent("messageStop", {"stopReason": "end_turn"})


def read(client: "Client", request: Request) -> tuple[list[Event], BedrockError | None]:
    """The events of a call, and the failure that ended it."""
    events: list[Event] = []
    stream = iter(ConverseStream(client, request))
    while True:
        try:
            events.append(next(stream))
        except StopIteration:
            return events, None
        except BedrockError as error:
            return events, error


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


class Weighty(dict[str, Any]):
    """A message that can be watched."""


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("family", ["", "anthropic.claude-3-haiku"])
def test_a_request_is_let_go_of_when_it_is_sent(
    client: "Client", request_: Request, streams: bool, family: str
) -> None:
    """It can have megabytes of files, and the answers to many take minutes."""
    message = Weighty(request_.messages[0])
    watched = ref(message)
    way = Way(native=bool(family), streams=streams, family=family)
    request = replace(request_, messages=[message], model_id=family or request_.model_id)
    asked = ask(client, request, way)
    del message, request
    events = iter(asked)
    next(events)
    gc.collect()
    assert watched() is None
    assert [*events]


def test_an_answer_is_read_with_everything_in_it(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R68, R70: reasoning with what belongs to it, citations, text, tools, usage and trace."""
    endpoint.enqueue(
        Answer(
            text="It is sunny.",
            reasoning="Look outside.",
            signature="c2ln",
            redacted=b"\x00\xff",
            citations=[{"title": "sky"}],
            tool_uses=[
                ToolUse("weather", '{"city": "Rome"}', id="t1"),
                ToolUse("search", "{}", id="t2", kind="server_tool_use"),
            ],
            stop_fields={"reason": "done"},
            usage={"cacheReadInputTokens": 7, "cacheWriteInputTokens": 9},
            latency_ms=512,
            trace={"guardrail": {"actionReason": "none"}},
            whole=True,
        )
    )

    events, error = read(client, request_)

    assert error is None
    assert events[0] == Started(endpoint.history[0].request_id)
    assert text_of(events) == "It is sunny."
    reasoning = [event.text for event in events if isinstance(event, ReasoningDelta)]
    assert "".join(reasoning) == "Look outside."
    assert [e.signature for e in events if isinstance(e, ReasoningSignature)] == ["c2ln"]
    assert [e.data for e in events if isinstance(e, ReasoningRedacted)] == [b"\x00\xff"]
    assert [e.citation for e in events if isinstance(e, CitationDelta)] == [{"title": "sky"}]
    assert [(e.tool_use_id, e.name, e.kind) for e in events if isinstance(e, ToolUseStart)] == [
        ("t1", "weather", "tool_use"),
        ("t2", "search", "server_tool_use"),
    ]
    fragments = [event.fragment for event in events if isinstance(event, ToolUseDelta)]
    assert "".join(fragments) == '{"city": "Rome"}{}'
    assert MessageStop("tool_use", {"reason": "done"}) in events
    [metadata] = [event for event in events if isinstance(event, Metadata)]
    assert (metadata.usage.cache_read_tokens, metadata.usage.cache_write_tokens) == (7, 9)
    assert metadata.latency_ms == 512
    assert metadata.trace == {"guardrail": {"actionReason": "none"}}
    assert not [event for event in events if isinstance(event, Unknown)]


def test_the_request_says_everything_that_was_asked(
    client: "Client", endpoint: LocalBedrock
) -> None:
    """R65: maxTokens is always there; what nobody chose is not."""
    message = {"role": "user", "content": [{"text": "Hello"}]}
    plain = Request(model_id="local.demonstration-v1:0", messages=[message], max_tokens=30)
    full = Request(
        model_id="local.demonstration-v1:0",
        messages=[message],
        system="Be brief.",
        max_tokens=40,
        temperature=0.0,
        top_p=0.5,
    )

    list(ConverseStream(client, plain))
    list(ConverseStream(client, full))

    assert endpoint.history[0].body == {
        "messages": [message],
        "inferenceConfig": {"maxTokens": 30},
    }
    assert endpoint.history[1].body == {
        "messages": [message],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 40, "temperature": 0.0, "topP": 0.5},
    }


def test_a_request_without_room_for_an_answer_cannot_be_made() -> None:
    """R65"""
    with pytest.raises(ValueError, match="max_tokens"):
        Request(model_id="m", messages=[], max_tokens=0)


def test_text_is_passed_on_as_it_is(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R16: cleaning happens elsewhere; here NUL, half surrogate pairs and white space survive."""
    deltas = ["\n\n", "", "a\x00b", "\ud83d", "\ude00", " "]
    endpoint.enqueue(Answer(deltas=deltas, whole=True))

    events, _ = read(client, request_)

    assert [event.text for event in events if isinstance(event, TextDelta)] == deltas


def test_unknown_events_and_deltas_are_kept_and_break_nothing(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R68"""
    unknown = [
        Sent("somethingNew", {"value": 1}),
        Sent("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"video": {"fps": 24}}}),
        Sent("contentBlockStart", {"contentBlockIndex": 0, "start": {"audio": {"format": "mp3"}}}),
        Sent("contentBlockDelta", {"contentBlockIndex": 0}),
    ]
    endpoint.enqueue(Script(*unknown, DELTA, STOP, End()))

    events, error = read(client, request_)

    assert error is None
    assert [event for event in events if isinstance(event, Unknown)] == [
        Unknown("somethingNew", {"value": 1}),
        Unknown("contentBlockDelta.video", unknown[1].payload),
        Unknown("contentBlockStart.audio", unknown[2].payload),
        Unknown("contentBlockDelta", {"contentBlockIndex": 0}),
    ]
    assert text_of(events) == "so far"


def test_an_answer_without_metadata_is_whole(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R9"""
    endpoint.enqueue(Script(DELTA, STOP, End()))

    events, error = read(client, request_)

    assert error is None
    assert events[-1] == MessageStop("end_turn", None)


@pytest.mark.parametrize(
    "fault",
    [
        Cut(),
        Cut(reset=True),
        HalfDocument(),
        faults.corrupt(),
        StreamFault("internalServerException"),
    ],
    ids=repr,
)
def test_what_breaks_after_the_message_stop_takes_nothing_away(
    client: "Client",
    endpoint: LocalBedrock,
    request_: Request,
    fault: Step,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R9: the answer is whole; only its usage is missing, and the log says so."""
    endpoint.enqueue(Script(DELTA, STOP, fault, End()))

    events, error = read(client, request_)

    assert error is None
    assert events[-1] == MessageStop("end_turn", None)
    assert "after messageStop" in caplog.text


def test_silence_after_the_message_stop_is_not_waited_out(
    client: "Client",
    endpoint: LocalBedrock,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R61: only the usage is missing, and a person waits; the read timeout is for thinking."""
    monkeypatch.setattr(call, "METADATA_WAIT", 0.1)
    endpoint.enqueue(Script(DELTA, STOP, Stall()))

    events, error = read(client, request_)

    assert error is None
    assert events[-1] == MessageStop("end_turn", None)
    assert endpoint.history[0].disconnected.wait(30)


def test_the_next_call_on_a_connection_has_its_whole_patience(
    make_client: MakeClient,
    endpoint: LocalBedrock,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R61: the short wait after a messageStop ends with its call."""
    monkeypatch.setattr(call, "METADATA_WAIT", 0.05)
    client = make_client(read_timeout=20)
    list(ConverseStream(client, request_))
    endpoint.enqueue(Answer(text="late", first_after=0.3))

    events, error = read(client, request_)

    assert error is None
    assert text_of(events) == "late"


BROKEN: list[tuple[Step, str]] = [
    (End(), "model_stream_error"),
    (HalfDocument(), "model_stream_error"),
    (Cut(), "model_stream_error"),
    (Cut(reset=True), "model_stream_error"),
    (faults.corrupt(), "model_stream_error"),
    (faults.corrupt_prelude(), "model_stream_error"),
    (faults.garbage(), "model_stream_error"),
    (faults.not_json(), "model_stream_error"),
    (faults.not_utf8(), "model_stream_error"),
    (StreamFault("internalServerException"), "model_error"),
    (StreamFault("modelStreamErrorException"), "model_stream_error"),
    (StreamFault("modelTimeoutException"), "model_timeout"),
    (StreamFault("serviceUnavailableException"), "model_unavailable"),
    (StreamFault("throttlingException"), "throttled"),
    (StreamFault("validationException"), "model_error"),
    (StreamFault("quiteNewException"), "model_stream_error"),
    (StreamError("InternalFailure"), "model_error"),
    (StreamError("QuiteNew"), "model_stream_error"),
]


@pytest.mark.parametrize(("fault", "code"), BROKEN, ids=repr)
def test_what_breaks_in_mid_stream_keeps_the_text_before_it(
    client: "Client", endpoint: LocalBedrock, request_: Request, fault: Step, code: str
) -> None:
    """R9, R60, R63: one request, the text so far, and a code of the closed set."""
    endpoint.enqueue(Script(Open(), DELTA, fault, End()))

    events, error = read(client, request_)

    assert error is not None
    assert error.code == code
    assert text_of(events) == "so far"
    assert not any(isinstance(event, MessageStop) for event in events)
    assert len(endpoint.history) == 1


@pytest.mark.parametrize(("fault", "code"), BROKEN, ids=repr)
def test_what_breaks_before_the_first_event_is_understood_alike(
    client: "Client", endpoint: LocalBedrock, request_: Request, fault: Step, code: str
) -> None:
    """R60, R63: an exception can be the first frame after HTTP 200; boto3 does not ask again."""
    endpoint.enqueue(Script(Open(), fault, End()))

    events, error = read(client, request_)

    assert error is not None
    assert error.code == code
    assert [type(event) for event in events] == [Started]
    assert len(endpoint.history) == 1


@pytest.mark.parametrize(
    ("reply", "code", "retryable"),
    [
        (Refusal("ThrottlingException"), "throttled", True),
        (Refusal("TooManyRequestsException", status=429), "throttled", True),
        (Refusal("ServiceUnavailableException"), "model_unavailable", True),
        (Refusal("InternalServerException"), "model_error", True),
        (Refusal("ModelNotReadyException"), "model_unavailable", True),
        (Refusal("ModelTimeoutException"), "model_timeout", False),
        (Refusal("ModelErrorException"), "model_error", True),
        (Refusal("AccessDeniedException"), "model_access_denied", False),
        (Refusal("ResourceNotFoundException"), "unsupported_model", False),
        (Refusal("ValidationException"), "model_error", False),
        (Refusal("ExpiredTokenException"), "credentials", False),
        (Refusal("UnrecognizedClientException"), "credentials", False),
        (Refusal("QuiteNewException", status=502), "model_unavailable", True),
        (Cut(reset=True), "model_unavailable", True),
        (Cut(), "model_unavailable", True),
    ],
    ids=repr,
)
def test_a_failed_request_is_sent_once(
    client: "Client",
    endpoint: LocalBedrock,
    request_: Request,
    reply: Step,
    code: str,
    retryable: bool,
) -> None:
    """R60, R63: whatever comes of it, streamed or whole, boto3 sends a request exactly once."""
    endpoint.enqueue(reply, times=2)

    events, streamed = read(client, request_)
    with pytest.raises(BedrockError) as whole:
        complete(client, request_)

    assert streamed is not None
    assert events == []
    for error in (streamed, whole.value):
        assert (error.code, error.retryable) == (code, retryable)
    assert [call.operation for call in endpoint.history] == ["ConverseStream", "Converse"]


@pytest.mark.parametrize("before", [(), (Open(),), (Open(), DELTA)], ids=len)
def test_silence_ends_at_the_read_timeout_after_one_request(
    make_client: MakeClient, endpoint: LocalBedrock, request_: Request, before: tuple[Step, ...]
) -> None:
    """R60, R61: a hang before the headers, after them, and in mid-stream."""
    endpoint.enqueue(Script(*before, Stall()))

    _, error = read(make_client(read_timeout=0.2), request_)

    assert error is not None
    assert (error.code, error.retryable) == ("model_timeout", False)
    assert len(endpoint.history) == 1
    assert endpoint.history[0].disconnected.wait(30)


def test_the_service_says_how_long_to_wait(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R67"""
    endpoint.enqueue(Refusal("ThrottlingException", headers=(("retry-after", "12"),)))

    _, error = read(client, request_)

    assert error is not None
    assert error.retry_after == 12.0


def test_nothing_listening_is_an_unavailable_model(
    make_client: MakeClient, request_: Request
) -> None:
    """R63: port 9 is closed."""
    _, error = read(make_client(endpoint_url="http://127.0.0.1:9"), request_)

    assert error is not None
    assert (error.code, error.retryable) == ("model_unavailable", True)


def test_half_a_document_in_one_piece_is_no_answer(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R9: HTTP 200 with half of the JSON must not become an empty title."""
    endpoint.enqueue(HalfDocument())

    with pytest.raises(BedrockError) as error:
        complete(client, request_)

    assert error.value.code == "model_stream_error"


def test_an_answer_in_one_piece_has_its_text_and_figures(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """Converse is used where nobody watches, for titles."""
    endpoint.enqueue(Answer(text="A title", usage={"inputTokens": 5, "outputTokens": 2}))

    completion = complete(client, request_)

    assert completion.text == "A title"
    assert completion.stop_reason == "end_turn"
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (5, 2)


def test_a_connection_read_to_its_end_serves_the_next_call(
    make_client: MakeClient, endpoint: LocalBedrock, request_: Request
) -> None:
    """A new connection per call would cost a TLS handshake before each first word."""
    client = make_client()
    pools = client._endpoint.http_session._manager.pools  # type: ignore[attr-defined]

    for _ in range(3):
        list(ConverseStream(client, request_))

    [key] = pools.keys()
    assert pools[key].num_connections == 1
    assert len(endpoint.history) == 3
