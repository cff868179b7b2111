"""Answers that a test writes step by step."""

import threading

import pytest
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from streaming.localbedrock import Controlled, faults

from .reading import ask, kinds, read, read_to_error, text_of

pytestmark = pytest.mark.nodb


def test_it_goes_step_by_step(endpoint, client):
    script = endpoint.enqueue(Controlled())
    stream = iter(ask(client)["stream"])
    assert script.started.wait(30)
    assert "messageStart" in next(stream)
    for word in ("one", "two"):
        script.emit(word)
        assert next(stream)["contentBlockDelta"]["delta"]["text"] == word
    script.stop("max_tokens", metadata=False)
    assert "contentBlockStop" in next(stream)
    assert next(stream)["messageStop"]["stopReason"] == "max_tokens"
    assert not script.ended.is_set()
    script.metadata(7, 3, cacheReadInputTokens=2)
    usage = next(stream)["metadata"]["usage"]
    assert (usage["totalTokens"], usage["cacheReadInputTokens"]) == (10, 2)
    assert list(stream) == []
    assert script.ended.wait(30)
    assert not script.disconnected.is_set()


def test_what_is_emitted_early_is_sent_when_the_call_comes(endpoint, client):
    script = endpoint.enqueue(Controlled())
    script.reason("Let me think.")
    script.sign("c2ln")
    script.emit("one")
    script.stop()
    events = read(ask(client))
    assert kinds(events) == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert text_of(events) == "one"


def test_a_held_answer_sends_no_headers_until_it_is_opened(endpoint, client):
    script = endpoint.enqueue(Controlled(hold=True))
    answered = threading.Event()
    events = []

    def reader():
        response = ask(client)
        answered.set()
        events.extend(read(response))

    thread = threading.Thread(target=reader)
    thread.start()
    assert script.started.wait(30)
    assert not answered.is_set()
    script.open()
    assert answered.wait(30)
    script.emit("one")
    script.stop()
    thread.join(30)
    assert text_of(events) == "one"


def test_a_held_answer_can_be_refused(endpoint, client):
    script = endpoint.enqueue(Controlled(hold=True))
    script.refuse("ModelNotReadyException", "Warming up.")
    with pytest.raises(ClientError) as caught:
        ask(client)
    assert caught.value.response["Error"] == {
        "Code": "ModelNotReadyException",
        "Message": "Warming up.",
    }


def test_it_can_fail_in_the_stream(endpoint, client):
    script = endpoint.enqueue(Controlled())
    script.emit("one")
    script.fail("throttlingException", "Slower.")
    events, error = read_to_error(ask(client), EventStreamError)
    assert text_of(events) == "one"
    assert error.response["Error"]["Code"] == "throttlingException"


@pytest.mark.parametrize("how", [{}, {"reset": True}, {"inside_frame": True}])
def test_it_can_be_cut(endpoint, client, how):
    script = endpoint.enqueue(Controlled())
    script.cut(**how)
    read_to_error(ask(client), ProtocolError)
    assert script.ended.wait(30)
    assert not script.disconnected.is_set()


@pytest.mark.parametrize("inside_frame", [False, True])
def test_it_can_end_without_message_stop(endpoint, client, inside_frame):
    script = endpoint.enqueue(Controlled())
    script.emit("one")
    script.end(inside_frame=inside_frame)
    events = read(ask(client))
    assert text_of(events) == "one"
    assert "messageStop" not in kinds(events)


def test_it_sends_any_event_and_any_bytes(endpoint, client):
    script = endpoint.enqueue(Controlled())
    script.event("contentBlockStop", {"contentBlockIndex": 7})
    script.raw(faults.not_json().data)
    script.end()
    events = read(ask(client))
    assert events[1] == {"contentBlockStop": {"contentBlockIndex": 7}}
    assert "contentBlockDelta" in events[2]


def test_a_client_that_goes_away_is_noticed(endpoint, client):
    script = endpoint.enqueue(Controlled())
    response = ask(client)
    script.emit("one")
    stream = iter(response["stream"])
    next(stream)
    next(stream)
    response["stream"].close()
    assert script.disconnected.wait(30)
    assert script.ended.wait(30)


def test_a_reader_that_is_shut_down_is_noticed(endpoint, client):
    """As the product does it to stop an answer that stalls."""
    script = endpoint.enqueue(Controlled())
    response = ask(client)
    errors = []

    def reader():
        try:
            read(response)
        except (ProtocolError, OSError) as error:
            errors.append(error)

    thread = threading.Thread(target=reader)
    thread.start()
    assert script.started.wait(30)
    response["stream"]._raw_stream.shutdown()
    thread.join(30)
    assert not thread.is_alive()
    assert script.disconnected.wait(30)


def test_asking_about_the_call_before_it_came_is_a_mistake_told_in_words():
    script = Controlled()
    with pytest.raises(RuntimeError, match="wait for `started` first"):
        script.disconnected.wait(0)
