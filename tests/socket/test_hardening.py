"""What a client writes around its request changes nothing, and learns nothing about the server."""

from __future__ import annotations

import re
import socket
from contextlib import suppress

import pytest
from websockets.sync.client import connect

from tests.socket.tab import session_of

pytestmark = pytest.mark.matrix

# A server may wait for more, or keep the line for another request.
STILL_OPEN = suppress(TimeoutError)
STACK = re.compile(rb"daphne|twisted|autobahn|uvicorn|django|python|nginx", re.IGNORECASE)


def raw(server, *lines, path="/"):
    """Bytes as they are over a connection of its own; returns status and the whole answer."""
    request = [f"GET {path} HTTP/1.1".encode(), *lines, b"Connection: close", b"", b""]
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=8) as line, STILL_OPEN:
        line.sendall(b"\r\n".join(request))
        while piece := line.recv(65536):
            answer += piece
    status = answer.split(b" ", 2)[1:2]
    return (int(status[0]) if status else 0), answer


def host(server):
    return f"Host: 127.0.0.1:{server.port}".encode()


FORGED = [
    b"Daphne-Root-Path: /evil",
    b"daphne-root-path: %2Fevil",
    b"X_Forwarded_For: 6.6.6.6",
    b"X_Forwarded_Proto: https",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Host: evil.example",
    b"Forwarded: for=6.6.6.6;host=evil.example;proto=https",
    b"Script_Name: /evil",
    b"SCRIPT-NAME: /evil",
]


@pytest.mark.parametrize("header", FORGED, ids=lambda header: header.decode())
def test_a_header_of_the_client_changes_neither_routing_nor_scheme(server, header):
    """R103"""
    plain = raw(server, host(server))
    forged = raw(server, host(server), header)
    assert plain[0] == forged[0] == 302
    assert b"evil" not in forged[1]
    location = re.search(rb"(?im)^location: (.*)\r$", forged[1])
    assert location is not None
    assert location[1] == b"/accounts/login/?next=/"


ODD = {
    "a control byte in a value": [b"X-A: a\x01b"],
    "a control byte in a name": [b"X\x01A: b"],
    "a zero byte": [b"X-A: \x00"],
    "a bare carriage return": [b"X-A: a\rSet-Cookie: x=1"],
    "a folded line": [b"X-A: a", b" b"],
    "a space before the colon": [b"X-A : b"],
    "no colon": [b"nonsense"],
    "a second host": [b"Host: evil.example"],
    "two lengths": [b"Content-Length: 3", b"Content-Length: 5"],
    "a length and chunks": [b"Content-Length: 3", b"Transfer-Encoding: chunked"],
    "a negative length": [b"Content-Length: -1"],
    "an upgrade to something else": [b"Upgrade: h2c", b"Connection: Upgrade"],
    "bytes that are no text": [b"X-A: \xff\xfe"],
}


@pytest.mark.parametrize("lines", ODD.values(), ids=ODD)
def test_an_odd_request_is_no_failure_of_the_server_and_tells_nothing_about_it(server, lines):
    """R103, R114"""
    status, answer = raw(server, host(server), *lines)
    assert status < 500, answer
    assert b"Set-Cookie: x=1" not in answer
    assert b"evil" not in answer
    assert not STACK.search(answer), answer


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/%ff%fe",
        "/..%2f..%2fetc/passwd",
        "/static/../manage.py",
        "//evil.example/",
        "/\x7f",
    ],
)
def test_an_odd_path_is_not_found(server, path):
    """R103, R114"""
    status, answer = raw(server, host(server), path=path)
    assert status in {302, 400, 404}, answer
    assert not STACK.search(answer), answer
    assert b"//evil.example" not in answer.split(b"\r\n\r\n")[0]


def test_an_answer_does_not_say_what_serves_it(server):
    """R114"""
    for path in ("/healthz", "/accounts/login/", "/nowhere", "/ws/chat/"):
        status, answer = raw(server, host(server), path=path)
        assert status in {200, 404}
        head = answer.split(b"\r\n\r\n")[0]
        assert not re.search(rb"(?im)^(x-powered-by|via):", head), head
        assert not STACK.search(head), head


def test_frames_are_not_compressed(server, alice):
    """R104: what is shown would be guessable from its length, and each socket would cost memory."""
    with connect(
        f"ws://127.0.0.1:{server.port}/ws/chat/",
        origin=server.origin,
        additional_headers={"Cookie": f"sessionid={session_of(alice)}"},
        compression="deflate",
    ) as line:
        line.recv(timeout=30)
        assert line.protocol.extensions == []
