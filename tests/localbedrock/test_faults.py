"""Every way to fail, as boto3 meets it."""

import pytest
from botocore.eventstream import (
    ChecksumMismatch,
    InvalidHeadersLength,
    InvalidPayloadLength,
)
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EventStreamError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as StreamTimeoutError

from streaming.localbedrock import (
    ERRORS,
    STREAM_FAULTS,
    Answer,
    Cut,
    End,
    HalfDocument,
    Refusal,
    Script,
    Stall,
    StreamError,
    StreamFault,
    Wait,
    faults,
)

from .reading import ask, read, read_to_error, stop_reason_of, text_of

pytestmark = pytest.mark.nodb


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_of_the_service_can_be_raised(endpoint, client, code):
    status, message = ERRORS[code]
    endpoint.enqueue(Refusal(code))
    with pytest.raises(ClientError) as caught:
        ask(client)
    response = caught.value.response
    assert response["Error"] == {"Code": code, "Message": message}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response["ResponseMetadata"]["RequestId"] == endpoint.history[0].request_id


def test_an_error_has_its_own_words_status_and_headers(endpoint, client):
    refusal = Refusal("ThrottlingException", "Too many tokens.", 503, (("retry-after", "7"),))
    endpoint.enqueue(refusal)
    with pytest.raises(ClientError) as caught:
        ask(client)
    response = caught.value.response
    assert response["Error"]["Message"] == "Too many tokens."
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


def test_throttling_can_be_over_after_some_calls(endpoint, client):
    endpoint.enqueue(faults.throttled(), times=2)
    for _ in range(2):
        with pytest.raises(client.exceptions.ThrottlingException):
            ask(client)
    assert text_of(read(ask(client)))


@pytest.mark.parametrize("kind", STREAM_FAULTS)
def test_every_exception_can_come_in_the_stream(endpoint, client, kind):
    endpoint.enqueue(Answer("one two three", then=StreamFault(kind), after=2))
    events, error = read_to_error(ask(client), EventStreamError)
    assert text_of(events) == "one two"
    assert error.response["Error"]["Code"] == kind


def test_an_exception_can_be_the_first_frame(endpoint, client):
    endpoint.enqueue(StreamFault("throttlingException", "Slower."))
    events, error = read_to_error(ask(client), EventStreamError)
    assert events == []
    assert error.response["Error"] == {"Code": "throttlingException", "Message": "Slower."}


def test_an_exception_that_the_model_does_not_name_has_no_code(endpoint, client):
    endpoint.enqueue(StreamFault("modelTimeoutException", "Too slow."))
    _, error = read_to_error(ask(client), EventStreamError)
    assert error.response["Error"] == {"Code": "", "Message": ""}


def test_a_model_stream_error_tells_the_original(endpoint, client):
    members = {"originalStatusCode": 503, "originalMessage": "overloaded"}
    endpoint.enqueue(StreamFault("modelStreamErrorException", "Broken.", members))
    _, error = read_to_error(ask(client), EventStreamError)
    assert error.response["Error"]["Message"] == "Broken."


def test_an_error_that_the_model_does_not_name_raises(endpoint, client):
    endpoint.enqueue(Answer("one", then=StreamError("InternalFailure", "Broken.")))
    events, error = read_to_error(ask(client), EventStreamError)
    assert text_of(events) == "one"
    assert error.response["Error"]["Code"] == "InternalFailure"


@pytest.mark.parametrize("cut", [(Cut(),), (Cut(reset=True),), (faults.half_frame(), Cut())])
def test_a_cut_raises_in_the_middle(endpoint, client, cut):
    endpoint.enqueue(Answer("one two three", then=cut, after=2))
    events, _ = read_to_error(ask(client), ProtocolError)
    # A reset may overtake what was sent before it.
    assert "one two".startswith(text_of(events))
    assert endpoint.history[0].ended.wait(30)
    assert not endpoint.history[0].disconnected.is_set()


def test_a_cut_can_come_before_the_headers(endpoint, client):
    endpoint.enqueue(Cut())
    with pytest.raises(ConnectionClosedError):
        ask(client)


@pytest.mark.parametrize("then", [End(), HalfDocument()])
def test_an_end_without_message_stop_raises_nothing(endpoint, client, then):
    endpoint.enqueue(Answer("one two", then=then))
    events = read(ask(client))
    assert text_of(events) == "one two"
    assert stop_reason_of(events) is None


def test_a_stall_ends_in_a_read_timeout(endpoint, hasty_client):
    endpoint.enqueue(Answer("one two", then=Stall()))
    events, _ = read_to_error(ask(hasty_client), StreamTimeoutError)
    assert text_of(events) == "one two"
    assert endpoint.history[0].disconnected.wait(30)


def test_a_call_can_hang_before_its_headers(endpoint, hasty_client):
    endpoint.enqueue(Stall())
    with pytest.raises(ReadTimeoutError):
        ask(hasty_client)
    assert endpoint.history[0].disconnected.wait(30)


def test_headers_can_be_late(endpoint, hasty_client, client):
    endpoint.enqueue(Answer("late", headers_after=5))
    with pytest.raises(ReadTimeoutError):
        ask(hasty_client)
    endpoint.enqueue(Answer("late", headers_after=0.01))
    assert text_of(read(ask(client))) == "late"


def test_an_answer_can_begin_late(endpoint, hasty_client):
    endpoint.enqueue(Answer("late", first_after=5))
    events, _ = read_to_error(ask(hasty_client), StreamTimeoutError)
    assert events == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.corrupt(), ChecksumMismatch),
        (faults.corrupt_prelude(), ChecksumMismatch),
        (faults.garbage(), (ChecksumMismatch, InvalidHeadersLength, InvalidPayloadLength)),
        (faults.not_utf8(), UnicodeDecodeError),
    ],
)
def test_a_broken_frame_is_noticed(endpoint, client, fault, expected):
    endpoint.enqueue(Answer("one two", then=fault))
    events, _ = read_to_error(ask(client), expected)
    assert text_of(events) == "one two"


def test_an_event_that_is_not_json_is_an_event_without_members(endpoint, client):
    endpoint.enqueue(Answer("one two", then=faults.not_json()))
    events = read(ask(client))
    assert text_of(events) == "one two"
    assert "delta" not in events[-1]["contentBlockDelta"]


def test_a_fault_can_come_after_message_stop(endpoint, client):
    endpoint.enqueue(Answer("one two", then=Cut(), after="stop"))
    events, _ = read_to_error(ask(client), ProtocolError)
    assert stop_reason_of(events) == "end_turn"


def test_a_refusal_after_the_headers_becomes_an_exception_in_the_stream(endpoint, client):
    endpoint.enqueue(Answer("one", then=Refusal("ThrottlingException")))
    _, error = read_to_error(ask(client), EventStreamError)
    assert error.response["Error"]["Code"] == "throttlingException"


def test_a_pause_can_come_in_the_middle(endpoint, client):
    endpoint.enqueue(Script(Wait(0.01), Wait(0.01), *[StreamFault("throttlingException")]))
    _, error = read_to_error(ask(client), EventStreamError)
    assert error.response["Error"]["Code"] == "throttlingException"
