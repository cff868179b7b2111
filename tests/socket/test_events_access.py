"""Who may make the calls that stream, and when what streams is ended."""

from __future__ import annotations

import http.client
import json
from uuid import uuid4

import pytest
from django.test import Client

from conversations.models import Generation, Message
from streaming.localbedrock import Controlled
from tests.routes import Route, belongings, nobodys, routes
from tests.socket.events import Api, signed_out
from tests.socket.servers import ChatServer
from tests.socket.tab import Tab

pytestmark = pytest.mark.matrix

# Those that the resolver finds and that do more than the record alone can.
CALLS = [
    each
    for each in routes("owner")
    if each.route.startswith("api/v1/") and not each.route.endswith("conversation_id>")
]
BODIES = {"messages": {"text": "Let me in."}, "feedback": {"rating": "up"}}
# The others are POST.
METHODS = {
    "events": "GET",
    "export": "GET",
    "pin": "PUT",
    "feedback": "PUT",
    "default": "PUT",
    "<uuidstr:attachment_id>": "DELETE",
    "<uuidstr:preset_id>": "DELETE",
}


def method_of(route: Route) -> str:
    return METHODS.get(route.route.rsplit("/", 1)[-1], "POST")


def asked(api: Api, route: Route, ids: dict) -> tuple[int, bytes]:
    path, last = route.path(ids).removeprefix("/api/v1"), route.route.rsplit("/", 1)[-1]
    method = method_of(route)
    body = BODIES.get(last, {} if method == "POST" else None)
    headers = {"Idempotency_Key": str(uuid4()), "Accept": "text/event-stream"}
    with api.call(method, path, body, **headers) as response:
        return response.status, response.read()


@pytest.mark.parametrize("deleted", [False, True], ids=["kept", "deleted"])
def test_somebody_elses_ids_are_answered_as_unknown_ones(server, alice, bob, deleted):
    """R20, R21: every call that the resolver knows, and nothing is changed."""
    ids = belongings(alice)
    if deleted:
        Message.objects.get(uuid=ids["message_id"]).conversation.delete_softly()
    assert len(CALLS) == 11, CALLS
    before = list(Message.objects.values()), list(Generation.objects.values())
    his = Api(server, bob)
    for route in CALLS:
        foreign, unknown = asked(his, route, ids), asked(his, route, nobodys())
        assert foreign[0] == 404, route
        assert json.loads(foreign[1])["error"]["code"] == "not_found"
        assert foreign == unknown, route
    assert (list(Message.objects.values()), list(Generation.objects.values())) == before


def test_who_is_signed_out_gets_401_and_who_has_no_token_403(server, alice):
    """R93"""
    ids = belongings(alice)
    nobody = Api(server, alice, session="0" * 32)
    forged = Api(server, alice)
    for route in CALLS:
        assert asked(nobody, route, ids)[0] == 401, route
    forged.token = ""
    for route in CALLS:
        if method_of(route) != "GET":
            assert asked(forged, route, ids)[0] == 403, route
    assert Generation.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ({"text": "   "}, {}, 422, "empty"),
        ({"text": 1}, {}, 400, "malformed"),
        ({"text": "x", "role": "system"}, {}, 400, "malformed"),
        (b"not json", {}, 400, "malformed"),
        (b"[1]", {}, 400, "malformed"),
        (b"[" * 60_000, {}, 400, "malformed"),
        ({"text": "x", "key": str(uuid4())}, {}, 400, "malformed"),
        ({"text": "x"}, {"Idempotency_Key": "no key"}, 400, "malformed"),
        ({"text": "x", "model": "nobodys.model"}, {}, 422, "unsupported_model"),
        ({"text": "x" * 300_000}, {}, 413, "too_large"),
        ({"text": "x" * 3_000_000}, {}, 413, "too_large"),
    ],
)
def test_what_is_not_as_documented_is_refused_in_words(server, alice, body, headers, status, code):
    """R45, R47: and begins nothing."""
    headers = {"Idempotency_Key": str(uuid4()), **headers}
    answer = Api(server, alice).json("POST", "/messages", body, **headers)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert set(answer[1]["error"]) == {"code", "detail", "reference"}
    assert Generation.objects.count() == 0


def test_a_key_is_needed_to_begin(server, alice):
    """R2: without one nothing could be repeated safely."""
    status, answer = Api(server, alice).json("POST", "/messages", {"text": "x"})
    assert (status, answer["error"]["code"]) == (400, "malformed")
    assert "Idempotency-Key" in answer["error"]["detail"]


def test_signing_out_ends_what_streams_and_what_waits(server, alice, model):
    """R22: within five seconds, and nothing is given after that."""
    script = model.enqueue(Controlled())
    api = Api(server, alice)
    begun = api.begin("/messages", {"text": "Mine."})
    accepted = begun.until("accepted")
    script.emit("Before. ")
    begun.until("delta")
    begun.close()
    stream = api.events(f"/conversations/{accepted['conversation']}/events")
    stream.until("delta")
    signed_out(api.session)
    for update in stream:  # it ends, or the call would time out
        assert update["type"] != "finished"
    script.emit("After.")
    path = f"/conversations/{accepted['conversation']}/events"
    assert api.json("GET", path, Last_Event_ID=stream.last_id)[0] == 401
    script.stop()


def test_streams_count_as_sockets(running_model, alice, transactional_db):
    """R41: a person cannot hold any number of responses open."""
    narrow = ChatServer("daphne", running_model.url, MAX_SOCKETS_PER_PERSON="2")
    narrow.start()
    try:
        api = Api(narrow, alice)
        with Tab(narrow, alice):
            stream = api.events("/events")
            stream.until("ready")
            with api.call("GET", "/events") as response:
                assert response.status == 429
                assert int(response.headers["Retry-After"]) >= 1
            for _ in stream:
                pass
            api.events("/events").close()
    finally:
        narrow.stop()


def test_what_streams_is_not_kept_by_any_cache_or_proxy(server, alice):
    """R94"""
    stream = Api(server, alice).events("/events")
    headers = stream.response.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Request-Id"]
    stream.close()


def test_a_server_without_an_engine_has_no_such_calls(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/api/v1/events").status_code == 404


def test_a_server_that_ends_lets_its_streams_go_and_takes_no_new_ones(own_server, alice, model):
    """R50: they come back elsewhere."""
    api = Api(own_server, alice)
    script = model.enqueue(Controlled())
    begun = api.begin("/messages", {"text": "Mine."})
    begun.until("accepted")
    assert script.started.wait(30)
    own_server.ask_to_end()
    status = 200
    while status == 200:
        try:
            with api.call("GET", "/events") as response:
                status, retry_after = response.status, response.headers["Retry-After"]
        except (OSError, http.client.HTTPException):
            pytest.fail("it ended before it said so")
    assert (status, retry_after) == (503, "1")
    for _ in begun:
        pass
    own_server.wait_for_end()
    script.cut()
