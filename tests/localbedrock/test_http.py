"""The endpoint as an HTTP server, without an SDK in between."""

import json
import socket
from contextlib import closing
from http.client import HTTPConnection

import pytest

from streaming.localbedrock import Answer, Controlled, faults

from .reading import MODEL, user

pytestmark = pytest.mark.nodb

PATH = "/model/local.demonstration-v1%3A0/converse-stream"
KEY = {"Authorization": "Bearer local"}
BODY = json.dumps({"messages": [user("Hello")]})


@pytest.fixture
def connection(endpoint):
    with closing(HTTPConnection(endpoint.host, endpoint.port, timeout=30)) as connection:
        yield connection


def request_bytes(body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    lines = [f"POST {PATH} HTTP/1.1".encode(), b"Host: local", b"Authorization: Bearer local"]
    return b"\r\n".join([*lines, length, *headers, b"", body])


def until(sock: socket.socket, end: bytes) -> bytes:
    """What comes up to and including `end`."""
    data = b""
    while end not in data:
        piece = sock.recv(65536)
        assert piece, f"closed after {data!r}"
        data += piece
    return data


def test_a_stream_has_the_headers_of_the_service(endpoint, connection):
    connection.request("POST", PATH, BODY, KEY)
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["x-amzn-requestid"] == endpoint.history[0].request_id


def test_an_error_has_the_headers_and_the_body_of_the_service(endpoint, connection):
    endpoint.enqueue(faults.throttled())
    connection.request("POST", PATH, BODY, KEY)
    response = connection.getresponse()
    assert response.status == 429
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-amzn-errortype"].startswith("ThrottlingException:http://internal.")
    assert response.headers["x-amzn-requestid"] == endpoint.history[0].request_id
    assert json.load(response) == {"message": "Too many requests, please wait before trying again."}


def test_a_connection_is_used_again(endpoint, connection):
    socket_before = None
    for _ in range(3):
        connection.request("POST", PATH, BODY, KEY)
        response = connection.getresponse()
        assert response.read()
        assert socket_before in (None, connection.sock)
        socket_before = connection.sock
    assert len(endpoint.history) == 3


def test_requests_that_come_together_are_answered_in_turn(endpoint):
    for word in ("one", "two"):
        endpoint.enqueue(Answer(word))
    with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as sock:
        sock.sendall(request_bytes(BODY.encode()) * 2)
        data = until(sock, b"two")
    assert data.index(b"one") < data.index(b"two")


def test_a_client_that_waits_for_a_word_before_its_body_gets_it(endpoint):
    whole = request_bytes(BODY.encode(), b"Expect: 100-continue")
    head, body = whole[: -len(BODY)], whole[-len(BODY) :]
    with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as sock:
        sock.sendall(head)
        assert until(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        sock.sendall(body)
        assert b"HTTP/1.1 200" in until(sock, b"\r\n\r\n")


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("POST", PATH, BODY, {}, 403, "MissingAuthenticationTokenException"),
        ("GET", "/foundation-models", None, {}, 403, "MissingAuthenticationTokenException"),
        ("GET", "/nothing", None, KEY, 404, "UnknownOperationException"),
        ("POST", f"/model/{MODEL}/sing", BODY, KEY, 404, "UnknownOperationException"),
        ("GET", PATH, None, KEY, 404, "UnknownOperationException"),
        ("POST", PATH, "no json", KEY, 400, "SerializationException"),
        ("POST", PATH, "[]", KEY, 400, "SerializationException"),
        ("POST", PATH, "[" * 100_000, KEY, 400, "SerializationException"),
        ("POST", PATH, '{"messages": "Hello"}', KEY, 400, "SerializationException"),
        ("POST", PATH, '{"messages": ["Hello"]}', KEY, 400, "SerializationException"),
        ("POST", PATH, '{"messages": [{"role": 1}]}', KEY, 400, "SerializationException"),
        (
            "POST",
            PATH,
            '{"messages": [{"role": "user", "content": "Hello"}]}',
            KEY,
            400,
            "SerializationException",
        ),
        (
            "POST",
            PATH,
            '{"messages": [{"role": "user", "content": [{"text": 5}]}]}',
            KEY,
            400,
            "SerializationException",
        ),
        (
            "POST",
            PATH,
            json.dumps({"messages": [user("a")], "inferenceConfig": {"maxTokens": "many"}}),
            KEY,
            400,
            "SerializationException",
        ),
    ],
)
def test_wrong_requests_are_refused(connection, method, path, body, headers, status, code):
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    assert response.status == status
    assert response.headers["x-amzn-errortype"].startswith(code)
    assert json.load(response)["message"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: local\r\nX: " + b"x" * 70_000, b"431"),
        (b"POST / HTTP/1.1\r\nHost: local\r\nContent-Length: -1\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_http_ends_the_connection(endpoint, data, status):
    with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as sock:
        sock.sendall(data)
        assert until(sock, b"\r\n\r\n").split()[1] == status
        assert sock.recv(1) == b""


def test_a_body_over_the_limit_is_refused_as_the_service_does(endpoint, client):
    body = b"{" + b" " * 25_000_000 + b"}"
    with pytest.raises(client.exceptions.ValidationException, match="larger than 25000000 bytes"):
        client.invoke_model(modelId="amazon.nova-lite-v1:0", body=body)


def test_a_body_far_over_the_limit_is_refused_before_it_is_read(endpoint):
    head = request_bytes(b"").replace(b"Content-Length: 0", b"Content-Length: 126000000")
    with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as sock:
        sock.sendall(head)
        assert b"HTTP/1.1 413" in until(sock, b"\r\n\r\n")


def test_a_client_that_goes_away_before_its_request_is_over_leaves_nothing(endpoint, connection):
    with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as sock:
        sock.sendall(request_bytes(BODY.encode())[:-5])
    connection.request("POST", PATH, BODY, KEY)
    assert connection.getresponse().read()
    assert len(endpoint.history) == 1


def test_a_client_that_goes_away_is_noticed_at_once(endpoint):
    script = endpoint.enqueue(Controlled())
    with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as sock:
        sock.sendall(request_bytes(BODY.encode()))
        until(sock, b"assistant")
    assert script.disconnected.wait(30)
