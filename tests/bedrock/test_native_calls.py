"""InvokeModel and its stream: one call, and everything that can come instead of an answer."""

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from streaming.accumulator import Accumulator
from streaming.bedrock.asking import Way, ask, complete
from streaming.bedrock.errors import Aborted, BedrockError
from streaming.bedrock.events import (
    Event,
    MessageStop,
    Metadata,
    Started,
    TextDelta,
    Unknown,
    Usage,
)
from streaming.bedrock.request import CACHE_POINT, Guardrail, Request
from streaming.localbedrock import Answer, Controlled, HalfDocument, LocalBedrock, Refusal, ToolUse
from tests.bedrock import framing, spoken
from tests.bedrock.recorded import Replay

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient as Client

pytestmark = pytest.mark.nodb

NATIVE = Way(native=True)
LIMIT = 1.0  # R62
PATIENCE = 30.0
NOVA, LLAMA = "amazon.nova-micro-v1:0", "meta.llama3-8b-instruct-v1:0"
THINKER = "anthropic.claude-3-7-sonnet-20250219-v1:0"
CLAUDE, COMMAND = "anthropic.claude-3-haiku-20240307-v1:0", "cohere.command-text-v14"


def request_to(model_id: str, text: str = "Hello") -> Request:
    message = {"role": "user", "content": [{"text": text}]}
    return Request(model_id=model_id, messages=[message], max_tokens=200)


def read(
    client: Any, model_id: str, *, whole: bool = False
) -> tuple[list[Event], BedrockError | None]:
    """The events of a call, and the failure that ended it."""
    events: list[Event] = []
    call = iter(ask(client, request_to(model_id), NATIVE, whole=whole))
    while True:
        try:
            events.append(next(call))
        except StopIteration:
            return events, None
        except BedrockError as error:
            return events, error


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def exception(kind: str, message: str = "") -> bytes:
    headers = framing.header(":exception-type", kind.encode()) + framing.header(
        ":message-type", b"exception"
    )
    return framing.frame(headers, json.dumps({"message": message}).encode())


SO_FAR = {"generation": "so far", "prompt_token_count": 3, "stop_reason": None}
END = {"generation": "", "generation_token_count": 2, "stop_reason": "stop"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("internalServerException", "model_error"),
        ("modelStreamErrorException", "model_stream_error"),
        ("modelTimeoutException", "model_timeout"),
        ("throttlingException", "throttled"),
        ("serviceUnavailableException", "model_unavailable"),
        ("validationException", "model_error"),
    ],
)
def test_an_exception_in_the_stream_has_the_code_that_it_has_with_converse(
    replay_client: Any, replay: Replay, kind: str, code: str
) -> None:
    """R60, R63: what had come before it stays."""
    replay.recording = spoken.streamed(spoken.chunk(SO_FAR) + exception(kind))

    events, error = read(replay_client, LLAMA)

    assert error is not None
    assert error.code == code
    assert text_of(events) == "so far"


@pytest.mark.parametrize(
    "payload",
    [
        b"no JSON",
        b"\xff\xfe",
        json.dumps({"bytes": "not base64!"}).encode(),
        json.dumps({"bytes": "bm8gSlNPTg=="}).encode(),
        json.dumps({"bytes": "//4="}).encode(),
        b"[" * 2_000,
    ],
    ids=["no JSON", "no UTF-8", "no base64", "no JSON inside", "no UTF-8 inside", "too deep"],
)
def test_a_chunk_that_cannot_be_read_breaks_the_stream_and_nothing_else(
    replay_client: Any, replay: Replay, payload: bytes
) -> None:
    """R68, R74"""
    chunk = framing.event("chunk", None)[:0] + framing.frame(
        framing.header(":event-type", b"chunk") + framing.header(":message-type", b"event"),
        payload,
    )
    replay.recording = spoken.streamed(spoken.chunk(SO_FAR) + chunk)

    events, error = read(replay_client, LLAMA)

    assert error is not None
    assert (error.code, error.retryable) == ("model_stream_error", True)
    assert text_of(events) == "so far"


def test_a_stream_without_its_end_was_cut_off(replay_client: Any, replay: Replay) -> None:
    """R9: nothing is raised for a body that just ends."""
    replay.recording = spoken.stream([SO_FAR])

    events, error = read(replay_client, LLAMA)

    assert error is not None
    assert (error.code, error.retryable) == ("model_stream_error", True)
    assert text_of(events) == "so far"


@pytest.mark.parametrize("body", [b"{", b"{}", b"[]", b"null", b'{"generation": "so far"}'])
def test_half_an_answer_in_one_piece_is_no_answer(
    replay_client: Any, replay: Replay, body: bytes
) -> None:
    """R9: it must not become an empty title."""
    replay.recording = spoken.piece(body)

    with pytest.raises(BedrockError) as error:
        complete(replay_client, request_to(LLAMA), NATIVE)

    assert error.value.code == "model_stream_error"


def test_what_is_not_known_is_kept_and_breaks_nothing(replay_client: Any, replay: Replay) -> None:
    """R68: other events, other chunks, a chunk without its bytes; the answer goes on."""
    replay.recording = spoken.streamed(
        spoken.chunk({"type": "novelty", "value": 1})
        + framing.event("somethingNew", {"value": 2, "p": "abc"})
        + framing.event("chunk", {"p": "abc"})
        + spoken.chunk([1])
        + spoken.chunk(SO_FAR)
        + spoken.chunk(END)
    )

    events, error = read(replay_client, LLAMA)

    assert error is None
    assert [event for event in events if isinstance(event, Unknown)] == [
        Unknown("novelty", {"type": "novelty", "value": 1}),
        Unknown("somethingNew", {"value": 2}),
        Unknown("chunk", {}),
        Unknown("value", {"value": [1]}),
    ]
    assert text_of(events) == "so far"


def test_a_stop_word_that_nobody_knows_stays_as_it_is(replay_client: Any, replay: Replay) -> None:
    """R69"""
    replay.recording = spoken.stream([SO_FAR, END | {"stop_reason": "bored"}])

    events, _ = read(replay_client, LLAMA)

    assert MessageStop("bored", None) in events


def test_an_answer_that_ends_with_an_error_is_a_failure(replay_client: Any, replay: Replay) -> None:
    """R69: Cohere's word for it must not look like an end."""
    replay.recording = spoken.stream(
        [{"is_finished": False, "text": "so far"}, {"is_finished": True, "finish_reason": "ERROR"}]
    )

    events, error = read(replay_client, COMMAND)

    assert error is not None
    assert (error.code, error.retryable) == ("model_error", True)
    assert text_of(events) == "so far"


def test_of_generations_that_come_mixed_the_first_is_the_answer(
    replay_client: Any, replay: Replay
) -> None:
    """R74: Cohere tells them apart by their index; the others are kept as unknown."""
    pieces = [(0, "One"), (1, "Two"), (0, " answer."), (1, " answers.")]
    replay.recording = spoken.stream(
        [{"index": index, "is_finished": False, "text": text} for index, text in pieces]
        + [
            {"index": 1, "is_finished": True, "finish_reason": "MAX_TOKENS"},
            {"index": 0, "is_finished": True, "finish_reason": "COMPLETE"},
        ]
    )

    events, error = read(replay_client, COMMAND)

    assert error is None
    assert text_of(events) == "One answer."
    assert [event.stop_reason for event in events if isinstance(event, MessageStop)] == ["end_turn"]
    assert sum(isinstance(event, Unknown) for event in events) == 3


@pytest.mark.parametrize("whole", [False, True])
def test_a_guardrail_that_stepped_in_is_told_with_its_trace(
    replay_client: Any, replay: Replay, whole: bool
) -> None:
    """R72: Bedrock writes it into the provider's own document."""
    trace: dict[str, Any] = {"guardrail": {"outputAssessments": {}}}
    document = {
        "generation": "Sorry.",
        "prompt_token_count": 3,
        "generation_token_count": 2,
        "stop_reason": "stop",
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": trace,
    }
    replay.recording = spoken.whole(document) if whole else spoken.stream([document])

    events, _ = read(replay_client, LLAMA, whole=whole)

    assert MessageStop("guardrail_intervened", None) in events
    assert Metadata(Usage(3, 2), None, trace) in events


def test_what_bedrock_adds_is_told_once_in_whichever_chunk_it_comes(
    replay_client: Any, replay: Replay
) -> None:
    """R72, R77: the guardrail before the end, the counts in a chunk of their own after it."""
    trace: dict[str, Any] = {"guardrail": {"inputAssessment": {}}}
    replay.recording = spoken.stream(
        [
            SO_FAR
            | {
                "amazon-bedrock-guardrailAction": "INTERVENED",
                "amazon-bedrock-trace": trace,
            },
            {"generation": "", "stop_reason": "stop"},
            {
                "amazon-bedrock-invocationMetrics": {
                    "inputTokenCount": 3,
                    "outputTokenCount": 2,
                    "invocationLatency": 70,
                }
            },
        ]
    )

    events, error = read(replay_client, LLAMA)

    assert error is None
    assert MessageStop("guardrail_intervened", None) in events
    assert events[-1] == Metadata(Usage(3, 2), 70, trace)
    assert not [event for event in events if isinstance(event, Unknown)]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("overloaded_error", "model_unavailable"),
        ("rate_limit_error", "throttled"),
        ("api_error", "model_error"),
        ("quite_new_error", "model_stream_error"),
    ],
)
def test_an_error_that_the_provider_sends_as_a_chunk_has_a_code(
    replay_client: Any, replay: Replay, kind: str, code: str
) -> None:
    """R63"""
    replay.recording = spoken.stream([{"type": "error", "error": {"type": kind, "message": "…"}}])

    events, error = read(replay_client, CLAUDE)

    assert error is not None
    assert error.code == code
    assert [type(event) for event in events] == [Started]


def test_the_counts_of_a_chunk_are_completed_by_those_of_the_caches(
    replay_client: Any, replay: Replay
) -> None:
    """R112: read and written to the cache, as Anthropic tells it; the latency is Bedrock's."""
    usage = {
        "input_tokens": 4,
        "cache_creation_input_tokens": 1800,
        "cache_read_input_tokens": 900,
        "output_tokens": 1,
    }
    replay.recording = spoken.stream(
        [
            {"type": "message_start", "message": {"usage": usage}},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "stop_sequence", "stop_sequence": "|"},
                "usage": {"output_tokens": 50},
            },
            {
                "type": "message_stop",
                "amazon-bedrock-invocationMetrics": {
                    "inputTokenCount": 4,
                    "outputTokenCount": 49,
                    "invocationLatency": 512,
                },
            },
        ]
    )

    events, _ = read(replay_client, CLAUDE)

    assert MessageStop("stop_sequence", {"stop_sequence": "|"}) in events
    assert Metadata(Usage(4, 50, 900, 1800), 512, None) in events


def test_a_model_without_a_dialect_of_its_own_is_refused_before_anything_is_sent(
    client: "Client", endpoint: LocalBedrock
) -> None:
    """R73"""
    for model_id in ("writer.palmyra-x5-v1:0", "arn:aws:bedrock:eu:1:provisioned-model/abc"):
        with pytest.raises(BedrockError) as error:
            ask(client, request_to(model_id), NATIVE)
        assert error.value.code == "unsupported_model"
    assert len(endpoint.history) == 0


def test_an_arn_is_asked_as_the_model_that_it_is_based_on(
    client: "Client", endpoint: LocalBedrock
) -> None:
    """R73: the id that is asked stays the ARN."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"

    list(ask(client, request_to(arn), Way(native=True, streams=False, family=NOVA)))

    [call] = endpoint.history
    assert (call.operation, call.model_id) == ("InvokeModel", arn)
    assert (call.native or {})["schemaVersion"] == "messages-v1"


@pytest.mark.parametrize(
    ("way", "whole", "operation"),
    [
        (Way(), False, "ConverseStream"),
        (Way(), True, "Converse"),
        (Way(streams=False), False, "Converse"),
        (Way(native=True), False, "InvokeModelWithResponseStream"),
        (Way(native=True), True, "InvokeModel"),
        (Way(native=True, streams=False), False, "InvokeModel"),
    ],
    ids=repr,
)
def test_an_answer_is_the_same_in_whatever_way_it_is_asked_for(
    client: "Client", endpoint: LocalBedrock, way: Way, whole: bool, operation: str
) -> None:
    """R74, J2: text, end, counts and latency; only the number of pieces differs."""
    usage = {"inputTokens": 12, "outputTokens": 5}
    endpoint.enqueue(Answer("The tides come twice a day.", usage=usage, latency_ms=512))

    events = list(ask(client, request_to(NOVA), way, whole=whole))

    [call] = endpoint.history
    assert call.operation == operation
    assert events[0] == Started(call.request_id)
    assert text_of(events) == "The tides come twice a day."
    assert [e for e in events if isinstance(e, MessageStop)] == [MessageStop("end_turn", None)]
    [metadata] = [event for event in events if isinstance(event, Metadata)]
    assert (metadata.usage, metadata.latency_ms) == (Usage(12, 5), 512)


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
@pytest.mark.parametrize(
    ("model_id", "fields", "place"),
    [
        (THINKER, {"thinking": {"type": "enabled", "budget_tokens": 1024}}, ()),
        (
            "us.amazon.nova-2-lite-v1:0",
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
            ("inferenceConfig",),
        ),
    ],
)
def test_a_model_is_asked_to_think_in_its_own_words(
    client: "Client",
    endpoint: LocalBedrock,
    model_id: str,
    fields: dict[str, Any],
    place: tuple[str, ...],
    whole: bool,
) -> None:
    """R70: where its own body has them, and the endpoint understands the same as from Converse."""
    request = replace(request_to(model_id), additional=fields, max_tokens=2_000)

    list(ask(client, request, NATIVE, whole=whole))

    [call] = endpoint.history
    assert call.body["additionalModelRequestFields"] == fields
    inside: Any = call.native
    for name in place:
        inside = inside[name]
    assert inside.items() >= fields.items()


@pytest.mark.parametrize("model_id", ["amazon.nova-lite-v1:0", THINKER])
def test_a_long_prefix_is_kept_and_read_again_in_the_providers_dialects(
    client: "Client", endpoint: LocalBedrock, model_id: str
) -> None:
    """R112: counted apart, as with Converse."""
    content = [{"text": f"{model_id} " * 600}, CACHE_POINT, {"text": "How often?"}]
    request = Request(
        model_id=model_id,
        messages=[{"role": "user", "content": content}],
        system="Be brief. " * 600,
        cache_system=True,
        max_tokens=50,
    )

    first, second = (
        [event for event in ask(client, request, NATIVE) if isinstance(event, Metadata)]
        for _ in range(2)
    )

    assert first[0].usage.cache_write_tokens == second[0].usage.cache_read_tokens > 1_000


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
@pytest.mark.parametrize("model_id", [NOVA, CLAUDE])
def test_a_guardrail_goes_before_a_call_in_every_dialect(
    client: "Client", endpoint: LocalBedrock, model_id: str, whole: bool
) -> None:
    """R72: it scans before anything is shown, and its trace says what it did."""
    request = replace(request_to(model_id, "[[forbidden]]"), guardrail=Guardrail("abc", "1"))

    events = list(ask(client, request, NATIVE, whole=whole))

    config = endpoint.history[0].body["guardrailConfig"]
    assert (config["guardrailIdentifier"], config["guardrailVersion"]) == ("abc", "1")
    assert [event.stop_reason for event in events if isinstance(event, MessageStop)] == [
        "guardrail_intervened"
    ]
    [metadata] = [event for event in events if isinstance(event, Metadata)]
    assert metadata.trace is not None
    assert metadata.trace["guardrail"]["inputAssessment"].keys() == {"abc"}


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
@pytest.mark.parametrize("way", [Way(), NATIVE], ids=["converse", "native"])
def test_reasoning_citations_and_tools_are_the_same_in_every_way(
    client: "Client", endpoint: LocalBedrock, way: Way, whole: bool
) -> None:
    """R70, R74: signatures and redacted reasoning byte by byte, as they have to go back."""
    citation = {
        "title": "The sea",
        "sourceContent": [{"text": "It rises."}],
        "location": {"documentPage": {"documentIndex": 0, "start": 3, "end": 4}},
    }
    endpoint.enqueue(
        Answer(
            text="It rises.",
            reasoning="What does the sea do?",
            signature="c2lnbmVk",
            redacted=b"\x00\xff",
            citations=[citation],
            tool_uses=[ToolUse("tide", '{"place": "Dover"}', id="t1")],
            whole=True,
        )
    )
    accumulator = Accumulator()

    for event in ask(client, request_to(THINKER), way, whole=whole):
        accumulator.add(event)

    assert accumulator.unknown == {}
    assert accumulator.stop_reason == "tool_use"
    assert accumulator.reasoning == "What does the sea do?"
    assert accumulator.content() == [
        {
            "reasoningContent": {
                "reasoningText": {"text": "What does the sea do?", "signature": "c2lnbmVk"}
            }
        },
        {"reasoningContent": {"redactedContent": "AP8="}},
        {"citationsContent": {"content": [{"text": "It rises."}], "citations": [citation]}},
        {"toolUse": {"toolUseId": "t1", "name": "tide", "input": {"place": "Dover"}}},
    ]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Refusal("ThrottlingException"), "throttled"),
        (Refusal("ModelErrorException"), "model_error"),
        (Refusal("AccessDeniedException"), "model_access_denied"),
        (Refusal("ServiceQuotaExceededException", status=400), "throttled"),
        (Refusal("ModelStreamErrorException", status=424), "model_stream_error"),
    ],
    ids=repr,
)
def test_a_refused_request_has_its_code_and_is_sent_once(
    client: "Client", endpoint: LocalBedrock, whole: bool, reply: Refusal, code: str
) -> None:
    """R60, R63"""
    endpoint.enqueue(reply)

    events, error = read(client, NOVA, whole=whole)

    assert events == []
    assert error is not None
    assert error.code == code
    assert len(endpoint.history) == 1


def test_a_document_that_breaks_off_in_the_middle_is_no_answer(
    client: "Client", endpoint: LocalBedrock
) -> None:
    """R9"""
    endpoint.enqueue(HalfDocument())

    _, error = read(client, NOVA, whole=True)

    assert error is not None
    assert (error.code, error.retryable) == ("model_stream_error", True)


@pytest.mark.parametrize("hold", [True, False], ids=["waiting", "reading"])
@pytest.mark.parametrize(
    ("way", "whole"),
    [(NATIVE, False), (NATIVE, True), (Way(streams=False), False)],
    ids=["invoke stream", "invoke", "converse"],
)
def test_a_stop_frees_the_reader_and_hangs_up(
    client: "Client", endpoint: LocalBedrock, way: Way, whole: bool, hold: bool
) -> None:
    """R62: while it waits for the response, and while it reads."""
    script = endpoint.enqueue(Controlled(hold=hold))
    call = ask(client, request_to(NOVA), way, whole=whole)
    failures: list[Exception] = []

    def reading() -> None:
        try:
            list(call)
        except (Aborted, BedrockError) as failure:
            failures.append(failure)

    reader = threading.Thread(target=reading, daemon=True)
    reader.start()
    assert script.started.wait(PATIENCE)

    call.abort()

    reader.join(LIMIT)
    assert not reader.is_alive()
    assert [type(failure) for failure in failures] == [Aborted]
    assert script.disconnected.wait(LIMIT)
