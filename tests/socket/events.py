"""A client of the HTTP API and its server-sent events; it keeps what an EventSource keeps."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.test import Client

from tests.socket.tab import WAIT, session_of


class Api:
    """A person who speaks HTTP only."""

    def __init__(self, server: Any, user: Any, *, session: str = "") -> None:
        self.port = server.port
        self.origin = server.origin
        self.session = session or session_of(user)
        self.token = "a" * 32  # any secret will do that cookie and header agree on

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        sent = {
            "Cookie": f"sessionid={self.session}; csrftoken={self.token}",
            "X-CSRFToken": self.token,
            "Origin": self.origin,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        connection.request(method, f"/api/v1{path}", data, {**sent, "Connection": "close"})
        response = connection.getresponse()
        connection.close()  # the response keeps the socket until it is closed or read to its end
        return response

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        with self.call(method, path, body, **headers) as response:
            text = response.read()
        return response.status, json.loads(text) if text else None

    def send(self, path: str, body: Any, key: str = "", **headers: str) -> tuple[int, Any]:
        """Sends and waits for the finished answer."""
        key = key or str(uuid4())
        return self.json("POST", path, body, Idempotency_Key=key, **headers)

    def events(self, path: str, after: str = "") -> Stream:
        headers = {"Last_Event_ID": after} if after else {}
        return Stream(self.call("GET", path, Accept="text/event-stream", **headers))

    def begin(self, path: str, body: Any, key: str = "") -> Stream:
        """Sends and reads the updates."""
        headers = {"Idempotency_Key": key or str(uuid4()), "Accept": "text/event-stream"}
        return Stream(self.call("POST", path, body, **headers))


class Stream:
    """One response; iterating gives its events until the server ends it."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response
        self.status = response.status
        assert response.status == 200, (response.status, response.read())
        assert response.headers["Content-Type"] == "text/event-stream"
        self.last_id = ""
        self.size = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        fields: dict[str, str] = {}
        while line := self.response.readline():
            self.size += len(line)
            text = line.decode().rstrip("\n")
            if not text:
                if "data" in fields:
                    update = json.loads(fields["data"])
                    assert update["type"] == fields["event"]
                    self.last_id = fields.get("id", self.last_id)
                    yield update
                fields = {}
                continue
            name, _, value = text.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        self.close()

    def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next event of this type and with these fields."""
        for update in self:
            if update["type"] == kind and wanted.items() <= update.items():
                return update
        raise AssertionError(f"the stream ended before {kind}")

    def close(self) -> None:
        self.response.close()


def text_of(updates: list[dict[str, Any]], generation: str) -> str:
    """What a client shows after these; numbers may neither be missing nor come twice."""
    text, last = "", 0
    for update in updates:
        if update.get("generation") != generation or "seq" not in update:
            continue
        if update["type"] == "snapshot":
            text = update["text"]
        else:
            assert update["seq"] == last + 1, (last, update)
        if update["type"] == "delta":
            text += update["text"]
        last = update["seq"]
    return text


def signed_out(session: str) -> None:
    """As the person does at another tab."""
    client = Client()
    client.cookies["sessionid"] = session
    client.post("/accounts/logout/")
