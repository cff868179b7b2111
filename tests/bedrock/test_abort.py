"""Hanging up: the reader is free, the service sees the end, and nobody else is disturbed."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from streaming.bedrock.asking import complete
from streaming.bedrock.connection import Line
from streaming.bedrock.converse import ConverseStream
from streaming.bedrock.errors import Aborted, BedrockError
from streaming.bedrock.events import Event, MessageStop, Started, TextDelta
from streaming.bedrock.request import Request
from streaming.localbedrock import Answer, Controlled, LocalBedrock
from tests.bedrock.conftest import MakeClient

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient as Client

pytestmark = pytest.mark.nodb

# R62: stop frees the reader and closes the connection within a second.
LIMIT = 1.0
# For what must happen, but has no limit of its own.
PATIENCE = 30.0


class Reader:
    """Reads a stream in a thread of its own, as a generation does."""

    def __init__(self, stream: ConverseStream) -> None:
        self.events: list[Event] = []
        self.failure: Exception | None = None
        self._arrived = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def wait_for(self, condition: Callable[[list[Event]], bool]) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: condition(self.events), PATIENCE)

    def ended_within(self, seconds: float) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()

    def _read(self, stream: ConverseStream) -> None:
        try:
            for event in stream:
                with self._arrived:
                    self.events.append(event)
                    self._arrived.notify_all()
        except (Aborted, BedrockError) as failure:
            self.failure = failure


def has_text(text: str) -> Callable[[list[Event]], bool]:
    return lambda events: any(isinstance(e, TextDelta) and e.text == text for e in events)


def test_an_abort_frees_the_reader_of_a_silent_stream(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R62: also during a stall; what had arrived stays."""
    script = endpoint.enqueue(Controlled())
    stream = ConverseStream(client, request_)
    reader = Reader(stream)
    assert script.started.wait(PATIENCE)
    script.emit("so far")
    reader.wait_for(has_text("so far"))

    stream.abort()

    assert reader.ended_within(LIMIT)
    assert script.disconnected.wait(LIMIT)
    assert isinstance(reader.failure, Aborted)
    assert has_text("so far")(reader.events)


def test_an_abort_does_not_wait_for_the_response(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R62: a model can think for minutes before its first byte."""
    script = endpoint.enqueue(Controlled(hold=True))
    stream = ConverseStream(client, request_)
    reader = Reader(stream)
    assert script.started.wait(PATIENCE)

    stream.abort()

    assert reader.ended_within(LIMIT)
    assert script.disconnected.wait(LIMIT)
    assert isinstance(reader.failure, Aborted)
    assert reader.events == []


def test_an_abort_before_the_start_sends_nothing(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R62: a stop can come before the thread has begun."""
    stream = ConverseStream(client, request_)

    stream.abort()

    with pytest.raises(Aborted):
        next(iter(stream))
    assert len(endpoint.history) == 0


def test_an_abort_while_connecting_sends_nothing(
    make_client: MakeClient, request_: Request
) -> None:
    """R62: the call ends when the connection is there, and the request never leaves."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        client = make_client(endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        stream = ConverseStream(client, request_)
        # boto3 is past every check of ours, and about to connect.
        client.meta.events.register("before-send.bedrock-runtime", lambda **_: stream.abort())

        with pytest.raises(Aborted):
            list(stream)

        peer, _ = server.accept()
        with peer:
            peer.settimeout(LIMIT)
            assert peer.recv(1) == b""


@pytest.mark.parametrize("deltas", range(0, 40, 3))
def test_an_abort_at_any_point_ends_the_call_and_disturbs_no_other(
    client: "Client", endpoint: LocalBedrock, request_: Request, deltas: int
) -> None:
    """R62: in the thread that reads, or from another; the next call has a good connection."""
    endpoint.enqueue(Answer(deltas=[f"{n} " for n in range(40)], whole=True, metadata=False))
    stream = ConverseStream(client, request_)
    seen = 0

    with pytest.raises(Aborted):  # noqa: PT012
        for event in stream:
            seen += isinstance(event, TextDelta)
            if seen >= deltas:
                stream.abort()

    assert seen == deltas
    assert endpoint.history[0].ended.wait(LIMIT)
    assert complete(client, request_).stop_reason == "end_turn"


def test_many_aborts_are_one(client: "Client", endpoint: LocalBedrock, request_: Request) -> None:
    """R62: the stop button, the reaper and a shutdown may all come at once."""
    script = endpoint.enqueue(Controlled())
    stream = ConverseStream(client, request_)
    reader = Reader(stream)
    reader.wait_for(lambda events: events[:1] != [])

    with ThreadPoolExecutor(8) as pool:
        aborts: list[Future[None]] = [pool.submit(stream.abort) for _ in range(50)]
    for abort in aborts:
        abort.result()

    assert reader.ended_within(LIMIT)
    assert script.disconnected.wait(LIMIT)


def test_an_abort_after_the_end_disturbs_nobody(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R62: the connection may be another call's by then."""
    first = ConverseStream(client, request_)
    list(first)
    script = endpoint.enqueue(Controlled())
    second = ConverseStream(client, request_)
    reader = Reader(second)
    reader.wait_for(lambda events: events[:1] != [])

    first.abort()
    script.emit("untouched")
    script.stop()

    assert reader.ended_within(PATIENCE)
    assert reader.failure is None
    assert has_text("untouched")(reader.events)


def test_a_reader_that_walks_away_hangs_up(
    client: "Client", endpoint: LocalBedrock, request_: Request
) -> None:
    """R62: every `finally` is reached; a `break` alone would leave the model generating."""
    script = endpoint.enqueue(Controlled())
    events = iter(ConverseStream(client, request_))
    assert isinstance(next(events), Started)
    assert script.started.wait(PATIENCE)

    events.close()

    assert script.disconnected.wait(LIMIT)


def test_fifty_calls_are_aborted_one_by_one(
    make_client: MakeClient, endpoint: LocalBedrock, request_: Request
) -> None:
    """R31, R62: each abort ends its own call, whether it waits or reads, and no other."""
    client = make_client(pool_size=50)
    before = threading.active_count()
    scripts = [Controlled(hold=number % 2 == 0) for number in range(50)]
    streams, readers = [], []
    for script in scripts:
        endpoint.enqueue(script)
        streams.append(ConverseStream(client, request_))
        readers.append(Reader(streams[-1]))
        assert script.started.wait(PATIENCE)

    for number in range(0, 50, 3):
        streams[number].abort()
        assert readers[number].ended_within(LIMIT)
        assert scripts[number].disconnected.wait(LIMIT)
    for number in set(range(50)) - set(range(0, 50, 3)):
        scripts[number].emit(f"mine {number}")
        scripts[number].stop()

    for number, reader in enumerate(readers):
        assert reader.ended_within(PATIENCE)
        if number % 3 == 0:
            assert isinstance(reader.failure, Aborted)
        else:
            assert reader.failure is None
            assert has_text(f"mine {number}")(reader.events)
            assert any(isinstance(event, MessageStop) for event in reader.events)
    assert threading.active_count() <= before


def test_a_line_forgets_its_connection() -> None:
    """R31: once the call is over, its socket may belong to another one."""
    line, calls = Line(), []

    with line.connected(lambda: calls.append("shut down")):
        pass
    line.abort()

    assert calls == []
    with pytest.raises(Aborted), line.connected(lambda: None):
        pass


def test_a_line_that_broke_by_itself_can_still_be_aborted() -> None:
    """R62: the socket may be closed in the very moment of the abort."""

    def shutdown() -> None:
        raise OSError("not connected")

    line = Line()
    with line.connected(shutdown):
        line.abort()

    assert line.aborted
