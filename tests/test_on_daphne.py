"""What Daphne's frames cost: they go out at once where they can, and never past one another."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from twisted.internet import tcp
from twisted.protocols.tls import TLSMemoryBIOProtocol

from chatsite.on_daphne import _send_now

pytestmark = pytest.mark.nodb


@pytest.fixture
def ends() -> Iterator[tuple[tcp.Server, socket.socket]]:
    """A connection as Twisted has it once it is open, and its other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    transport = tcp.Server.__new__(tcp.Server)
    transport.socket = ours
    transport.connected, transport.disconnecting = 1, False
    transport.dataBuffer, transport._tempDataBuffer = b"", []
    yield transport, theirs
    ours.close()
    theirs.close()


def test_a_frame_goes_out_at_once(ends: tuple[tcp.Server, socket.socket]) -> None:
    transport, theirs = ends
    assert _send_now(transport, b"frame") == b""
    assert theirs.recv(100) == b"frame"


def test_of_what_does_not_fit_the_rest_is_left(ends: tuple[tcp.Server, socket.socket]) -> None:
    """R31: a client that does not read gets what it gets in order, and costs no waiting."""
    transport, theirs = ends
    frame = b"x" * 10_000_000
    rest = _send_now(transport, frame)
    assert 0 < len(rest) < len(frame)
    assert _send_now(transport, rest) == rest
    theirs.setblocking(False)
    got = 0
    while got < len(frame) - len(rest):
        got += len(theirs.recv(1_000_000))


@pytest.mark.parametrize(
    "state",
    [
        {"dataBuffer": b"old"},
        {"_tempDataBuffer": [b"old"]},
        {"disconnecting": True},
        {"connected": 0},
    ],
)
def test_nothing_overtakes_what_waits(
    ends: tuple[tcp.Server, socket.socket], state: dict[str, object]
) -> None:
    transport, theirs = ends
    vars(transport).update(state)
    assert _send_now(transport, b"new") == b"new"
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)


def test_a_client_that_is_gone_is_twisteds_business(
    ends: tuple[tcp.Server, socket.socket],
) -> None:
    transport, theirs = ends
    theirs.close()
    transport.socket.shutdown(socket.SHUT_WR)
    assert _send_now(transport, b"frame") == b"frame"


def test_nothing_goes_past_tls() -> None:
    transport = TLSMemoryBIOProtocol.__new__(TLSMemoryBIOProtocol)
    assert _send_now(transport, b"frame") == b"frame"
