"""Faults of InvokeModel and its streams: the same steps as those of Converse."""

import json
from contextlib import closing

import pytest
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, EventStreamError, ReadTimeoutError
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as StreamTimeout

from streaming.localbedrock import Answer, Controlled, Cut, End, Stall, StreamFault, faults

from .invoking import read_chunks, stream, whole
from .test_anthropic import BODY, CLAUDE
from .test_nova import BODY as NOVA_BODY
from .test_nova import NOVA

pytestmark = pytest.mark.nodb


def read_to_error(response, expected):
    found = []
    with closing(response["body"]) as events, pytest.raises(expected) as caught:
        found.extend(json.loads(event["chunk"]["bytes"]) for event in events)
    return found, caught.value


def deltas(found):
    return [c["delta"]["text"] for c in found if c["type"] == "content_block_delta"]


@pytest.mark.parametrize(
    "kind",
    [
        "internalServerException",
        "modelStreamErrorException",
        "modelTimeoutException",
        "serviceUnavailableException",
        "throttlingException",
        "validationException",
    ],
)
def test_exceptions_come_inside_the_stream(client, endpoint, kind):
    endpoint.enqueue(Answer("one two three", then=StreamFault(kind), after=2))
    found, error = read_to_error(stream(client, CLAUDE, BODY), EventStreamError)
    assert error.response["Error"]["Code"] == kind
    assert deltas(found) == ["one", " two"]


def test_the_connection_can_break(client, endpoint):
    endpoint.enqueue(Answer("one two three", then=Cut(), after=2))
    found, _ = read_to_error(stream(client, CLAUDE, BODY), ProtocolError)
    assert deltas(found) == ["one", " two"]


def test_the_stream_can_stall(hasty_client, endpoint):
    endpoint.enqueue(Answer("one two three", then=Stall(), after=1))
    read_to_error(stream(hasty_client, CLAUDE, BODY), StreamTimeout)
    assert endpoint.history[0].disconnected.wait(30)


def test_frames_can_be_corrupt(client, endpoint):
    endpoint.enqueue(Answer("one two", then=faults.corrupt(), after=1))
    read_to_error(stream(client, CLAUDE, BODY), ChecksumMismatch)


@pytest.mark.parametrize("fault", [faults.not_json(), faults.not_utf8()])
def test_a_chunk_may_hold_no_json(client, endpoint, fault):
    endpoint.enqueue(Answer("one two", then=fault, after=1))
    read_to_error(stream(client, CLAUDE, BODY), ValueError)


def test_throttling_comes_before_the_stream(client, endpoint):
    endpoint.enqueue(faults.throttled(), times=2)
    for call in (stream, whole):
        with pytest.raises(client.exceptions.ThrottlingException):
            call(client, CLAUDE, BODY)


def test_faults_of_a_document_are_http_errors(client, hasty_client, endpoint):
    endpoint.enqueue(Answer("one", then=StreamFault("modelStreamErrorException")))
    with pytest.raises(ClientError, match="ModelStreamErrorException"):
        whole(client, CLAUDE, BODY)
    endpoint.enqueue(Stall())
    with pytest.raises(ReadTimeoutError):
        whole(hasty_client, CLAUDE, BODY)


def test_a_body_may_end_without_a_stop(client, endpoint):
    endpoint.enqueue(Answer("one two three", then=End(), after=2))
    found = read_chunks(stream(client, CLAUDE, BODY))
    assert found[-1]["type"] == "content_block_delta"


def test_an_answer_may_end_without_figures(client, endpoint):
    endpoint.enqueue(Answer("one", metadata=False), times=2)
    assert read_chunks(stream(client, CLAUDE, BODY))[-1] == {"type": "message_stop"}
    last = read_chunks(stream(client, NOVA, NOVA_BODY))[-1]
    assert last == {"messageStop": {"stopReason": "end_turn"}}


def test_a_test_can_write_the_answer_step_by_step(client, endpoint):
    script = endpoint.enqueue(Controlled())
    with closing(stream(client, CLAUDE, BODY)["body"]) as events:
        chunks = (json.loads(event["chunk"]["bytes"]) for event in events)
        assert next(chunks)["type"] == "message_start"
        script.reason("Hm.")
        script.emit("Hello")
        script.stop(metadata=False)
        names = [next(chunks)["type"] for _ in range(7)]
        assert names[-1] == "message_delta"
        script.metadata(10, 5)
        assert next(chunks)["amazon-bedrock-invocationMetrics"]["inputTokenCount"] == 10


def test_phrases_work(client, endpoint):
    body = BODY | {"messages": [{"role": "user", "content": "[[cut at 2]]"}]}
    found, _ = read_to_error(stream(client, CLAUDE, body), ProtocolError)
    assert len(deltas(found)) == 2
