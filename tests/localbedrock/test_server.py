"""The endpoint's life, its clients that come in numbers, and those that do not read."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from streaming.localbedrock import Answer, Controlled, LocalBedrock, Script, Stamped

from .reading import ask, read, text_of, user

pytestmark = pytest.mark.nodb


def test_a_port_in_use_raises(endpoint):
    with pytest.raises(OSError, match="address already in use"), LocalBedrock(endpoint.port):
        pass


def test_the_end_breaks_what_is_open(make_client):
    with LocalBedrock() as endpoint:
        script = endpoint.enqueue(Controlled())
        client = make_client(url=endpoint.url)
        response = ask(client)
        assert script.started.wait(30)
    assert script.ended.wait(30)
    response["stream"].close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((endpoint.host, endpoint.port), timeout=5)


def test_a_port_can_be_used_again_at_once():
    with LocalBedrock() as first:
        port = first.port
    with LocalBedrock(port) as second:
        assert second.port == port


def test_only_the_newest_calls_are_kept(make_client):
    with LocalBedrock(keep=2) as endpoint:
        client = make_client(url=endpoint.url)
        for text in ("one", "two", "three"):
            read(ask(client, text))
        assert [call.last_user_text for call in endpoint.history] == ["two", "three"]


def test_many_streams_run_side_by_side(endpoint, client):
    """Fifty answers that would take ten seconds one after the other."""
    endpoint.enqueue(Answer("a b c d e f g h i j", pace=50), times=50)
    with ThreadPoolExecutor(50) as pool:
        texts = list(pool.map(lambda n: text_of(read(ask(client))), range(50)))
    assert texts == ["a b c d e f g h i j"] * 50
    calls = endpoint.history
    assert all(call.ended.wait(30) for call in calls)
    assert max(call.ended_at for call in calls) - min(call.started for call in calls) < 5


@pytest.mark.parametrize(
    "reply",
    [
        Answer(deltas=["x" * 50_000] * 2_000, whole=True),
        Answer(deltas=["x" * 50_000] * 2_000, whole=True, pace=100_000),
        Script(Stamped(deltas=2_000, pace=100_000, size=50_000)),
    ],
)
def test_a_client_that_does_not_read_holds_up_the_rest(endpoint, client, reply):
    """A hundred megabytes are not kept in memory for it, and others are served."""
    endpoint.enqueue(reply)
    body = json.dumps({"messages": [user("Hello")]}).encode()
    head = (
        b"POST /model/local.demonstration-v1%%3A0/converse-stream HTTP/1.1\r\nHost: local\r\n"
        b"Authorization: Bearer local\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with socket.create_connection((endpoint.host, endpoint.port), timeout=10) as sock:
        sock.sendall(head + body)
        assert sock.recv(100)
        endpoint.enqueue(Answer("meanwhile"))
        assert text_of(read(ask(client))) == "meanwhile"
        call = endpoint.history[0]
        assert not call.ended.is_set()
        assert call.deltas < 1_000
    assert call.disconnected.wait(30)


def test_stamped_deltas_say_when_they_were_sent(endpoint, client):
    endpoint.enqueue(Script(Stamped(deltas=5, pace=1_000, size=30)))
    text = text_of(read(ask(client)))
    assert len(text) == 150
    stamps = [int(text[start : start + 30].split()[0]) for start in range(0, 150, 30)]
    assert stamps == sorted(stamps)
