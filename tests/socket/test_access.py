"""Who may open a socket, what it may touch, and when it is closed."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from conversations.models import Conversation, Generation, Message, User
from streaming import protocol
from streaming.localbedrock import Controlled
from tests.socket.tab import session_of

pytestmark = pytest.mark.matrix


def open_socket(server, session="", **how):
    headers = {"Cookie": f"sessionid={session}"} if session else {}
    how.setdefault("origin", server.origin)
    headers |= how.pop("headers", {})
    path = how.pop("path", "/ws/chat/")
    return connect(
        f"ws://127.0.0.1:{server.port}{path}", additional_headers=headers, compression=None, **how
    )


def test_every_command_answers_not_found_for_somebody_elses_ids(tab, alice, bob, model):
    """R20, R21: generated from the table of commands; an unlisted one fails here."""
    script = model.enqueue(Controlled())
    hers = tab(alice)
    accepted = hers.ask("Mine alone.")
    script.emit("Secret")
    hers.until_text(accepted["generation"], "Secret")
    before = list(Message.objects.values()), list(Generation.objects.values_list("pk", "status"))
    conversation, answer = accepted["conversation"], accepted["assistant_message"]
    key = str(uuid4())
    tries = {
        "follow": {"conversation": conversation, "cursors": {accepted["generation"]: 0}},
        "unfollow": {"conversation": conversation},
        "send": {"conversation": conversation, "text": "Let me in.", "key": key},
        "regenerate": {"message": answer, "key": key},
        "continue": {"message": answer, "key": key},
        "stop": {"message": answer},
        "ack": None,
        "ping": None,
    }
    assert set(tries) == set(protocol._TYPES), "a command without an access rule"
    his = tab(bob)
    for kind, fields in tries.items():
        if fields is None:
            continue
        got = his.command(kind, **fields)
        expected = ("unfollowed", None) if kind == "unfollow" else ("refused", "not_found")
        assert (got["type"], got.get("code")) == expected, kind
    unknown = his.command("follow", conversation=str(uuid4()))
    known = his.command("follow", conversation=conversation)
    assert unknown["detail"] == known["detail"]
    his.command("ping")
    assert "Secret" not in json.dumps(his.seen)
    checkpointed = Message.objects.exclude(uuid=answer).values()
    assert [row for row in before[0] if str(row["uuid"]) != answer] == list(checkpointed)
    assert list(Generation.objects.values_list("pk", "status")) == before[1]
    script.stop()
    hers.finish(accepted["generation"])


def test_a_deleted_conversation_is_not_found(tab, alice, model):
    mine = tab(alice)
    accepted = mine.ask("Hello.")
    mine.finish(accepted["generation"])
    Conversation.objects.get(pk=accepted["conversation"]).delete_softly()
    assert mine.command("follow", conversation=accepted["conversation"])["code"] == "not_found"
    sent = mine.ask("Again.", conversation=accepted["conversation"])
    assert sent["code"] == "not_found"


ORIGINS = [
    (lambda server: server.origin, True),
    (lambda server: None, False),
    (lambda server: "null", False),
    (lambda server: "https://evil.example", False),
    (lambda server: f"http://127.0.0.1:{server.port + 1}", False),
    (lambda server: "http://127.0.0.1", False),
    (lambda server: f"https://127.0.0.1:{server.port}", False),
    (lambda server: f"http://localhost:{server.port}", False),
    (lambda server: f"http://sub.127.0.0.1:{server.port}", False),
    (lambda server: f"{server.origin}.evil.example", False),
    (lambda server: f"{server.origin}/", False),
    (lambda server: server.origin.upper(), False),
    (lambda server: "*", False),
]


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS, ids=range(len(ORIGINS)))
def test_a_handshake_needs_exactly_the_sites_own_origin(server, alice, origin, allowed):
    """R25."""
    if allowed:
        with open_socket(server, session_of(alice), origin=origin(server)) as socket:
            assert json.loads(socket.recv(timeout=30))["type"] == "ready"
        return
    with (
        pytest.raises(InvalidStatus) as refused,
        open_socket(server, session_of(alice), origin=origin(server)),
    ):
        pass
    # Daphne answers what is no origin at all by itself, with 400.
    assert refused.value.response.status_code in {400, 403}


def test_a_handshake_for_another_host_is_refused(server, alice):
    """R59."""
    with (
        pytest.raises(InvalidStatus) as refused,
        open_socket(server, session_of(alice), headers={"Host": "evil.example"}),
    ):
        pass
    assert refused.value.response.status_code in {400, 403}


@pytest.mark.parametrize("session", ["", "x" * 32, "'; drop table"])
def test_a_handshake_without_a_session_is_refused(server, transactional_db, session):
    with pytest.raises(InvalidStatus) as refused, open_socket(server, session):
        pass
    assert refused.value.response.status_code == 403


def test_an_unknown_socket_path_is_refused(server, alice):
    with (
        pytest.raises(InvalidStatus) as refused,
        open_socket(server, session_of(alice), path="/ws/other/"),
    ):
        pass
    assert refused.value.response.status_code == 403


def sign_out(user, session):
    client = Client()
    client.cookies["sessionid"] = session
    client.post("/accounts/logout/")


def change_password(user, session):
    user.set_password("another-wonder-2")
    user.save()


def deactivate(user, session):
    User.objects.filter(pk=user.pk).update(is_active=False)


def expire(user, session):
    past = timezone.now() - timedelta(seconds=1)
    Session.objects.filter(session_key=session).update(expire_date=past)


def delete_account(user, session):
    User.objects.filter(pk=user.pk).delete()


def revoke(user, session):
    Session.objects.filter(session_key=session).delete()


@pytest.mark.parametrize(
    "end", [sign_out, change_password, deactivate, expire, delete_account, revoke]
)
def test_a_session_that_ends_closes_its_sockets_and_gives_nothing_more(tab, alice, bob, model, end):
    """R22, R24: while an answer is being written."""
    script = model.enqueue(Controlled())
    mine, other = tab(alice), tab(bob)
    accepted = mine.ask("Talk on.")
    script.emit("Before.")
    mine.until_text(accepted["generation"], "Before.")
    end(alice, mine.session)
    assert mine.close_code() == protocol.SESSION_ENDED
    script.emit("After.")
    script.stop()
    assert "After." not in json.dumps(mine.seen)
    assert other.command("ping")["type"] == "pong"


def test_the_session_is_asked_anew_at_each_command(tab, alice, model):
    """R23: nothing is decided from what was true at the handshake."""
    mine = tab(alice)
    deactivate(alice, mine.session)
    mine.say(type="send", key=str(uuid4()), text="Still here?")
    assert mine.close_code() == protocol.SESSION_ENDED
    assert not Message.objects.exists()


def test_one_person_cannot_open_sockets_without_end(server, alice):
    """R88."""
    sessions = session_of(alice)
    sockets = [open_socket(server, sessions) for _ in range(51)]
    opened = [socket.__enter__() for socket in sockets]
    try:
        for socket in opened[:50]:
            assert json.loads(socket.recv(timeout=30))["type"] == "ready"
        with pytest.raises(ConnectionClosed) as closed:
            opened[50].recv(timeout=30)
        assert closed.value.rcvd.code == protocol.TOO_MANY_SOCKETS
    finally:
        for socket in sockets:
            socket.__exit__(None, None, None)


HOSTILE = [
    '{"type": "ping"',
    "[1]",
    "null",
    '{"type": "follow"}',
    '{"type": 5}',
    '{"type": "send", "text": {}}',
    "[" * 60_000,
    "1" * 5_000,
    '{"type": "ping", "ref": "' + "r" * 65 + '"}',
    b"\x00\xff",
]


@pytest.mark.parametrize("frame", HOSTILE, ids=range(len(HOSTILE)))
def test_no_frame_breaks_the_socket(tab, alice, frame):
    """R45, R48: refused, and the next command is answered."""
    mine = tab(alice)
    mine.socket.send(frame)
    assert mine.expect("refused")["code"] == "malformed"
    assert mine.command("ping")["type"] == "pong"


def test_three_frames_that_are_no_json_close_the_socket(tab, alice):
    """R45."""
    mine = tab(alice)
    for _ in range(3):
        mine.socket.send("not json")
    assert mine.close_code() == protocol.NOT_JSON


def test_a_frame_over_the_limit_is_refused_and_the_socket_stays(tab, alice):
    """R46."""
    mine = tab(alice)
    answer = mine.ask("x" * (300 * 1024))
    assert (answer["type"], answer["code"]) == ("refused", "too_large")
    assert mine.command("ping")["type"] == "pong"


def test_a_frame_over_a_mebibyte_closes_the_socket(tab, alice):
    mine = tab(alice)
    mine.say(type="send", key=str(uuid4()), text="x" * (1024 * 1024 + 100))
    # Daphne drops the connection without saying why; uvicorn says 1009.
    assert mine.close_code() in {1006, 1009}


def test_the_commands_of_a_socket_take_effect_in_order(tab, alice, model):
    mine = tab(alice)
    refs = [str(number) for number in range(30)]
    for ref in refs:
        mine.say(type="ping", ref=ref)
    assert [mine.expect("pong")["ref"] for _ in refs] == refs
