"""A server that is asked to end (SIGTERM) sends everybody elsewhere and loses nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from conversations.models import Generation, Message
from streaming.localbedrock import Controlled, LocalBedrock
from tests.socket.servers import ChatServer
from tests.socket.tab import Closed, Tab, session_of
from tests.socket.test_resume import wait_for

RESTARTING = 4001
CLOSE_4001 = b"\x88\x02" + (4001).to_bytes(2, "big")
UVICORN = pytest.param("uvicorn", marks=pytest.mark.matrix)
LIFESPAN = pytest.param("uvicorn with lifespan", marks=pytest.mark.matrix)
LONG_LEASE = "60"  # who waits for it to run out fails

Start = Callable[..., ChatServer]


@pytest.fixture(params=["daphne", UVICORN])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start(kind: str, running_model: LocalBedrock, transactional_db: None) -> Iterator[Start]:
    """Starts servers of one kind; the test asks them to end."""
    with ExitStack() as running:

        def begin(**pace: str) -> ChatServer:
            server = ChatServer(kind, running_model.url, LEASE_SECONDS=LONG_LEASE, **pace)
            running.callback(server.kill)
            server.start()
            return server

        yield begin


def readiness(server: ChatServer, path: str = "/readyz") -> int:
    try:
        with urlopen(f"{server.origin}{path}", timeout=30) as answer:  # noqa: S310  (our own)
            return int(answer.status)
    except HTTPError as error:
        return error.code


def close_codes(tabs: list[Tab]) -> list[int]:
    """How each tab was closed; they read at the same time, as browsers do."""
    codes = [0] * len(tabs)

    def read(number: int) -> None:
        codes[number] = tabs[number].close_code()

    readers = [threading.Thread(target=read, args=(number,)) for number in range(len(tabs))]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    return codes


def test_every_tab_is_told_to_come_back_and_the_answer_goes_on_after_the_restart(
    start, alice, bob, model
):
    """R13, R50."""
    server = start(SHUTDOWN_SECONDS="2")
    script = model.enqueue(Controlled())
    with ExitStack() as stack:
        mine, *others = [
            stack.enter_context(Tab(server, user)) for user in (alice, alice, alice, bob, bob)
        ]
        accepted = mine.ask("Survive the restart.")
        others[0].follow(accepted["conversation"])
        generation = accepted["generation"]
        script.emit("Every word ")
        script.emit("so far.")
        mine.until_text(generation, "Every word so far.")
        server.ask_to_end()
        assert close_codes([mine, *others]) == [RESTARTING] * 5
    server.wait_for_end()
    assert script.disconnected.wait(30)
    assert Message.objects.get(uuid=accepted["assistant_message"]).text == "Every word so far."
    assert Generation.objects.get(pk=generation).status == "streaming"

    again = model.enqueue(Controlled())
    server.start()
    assert again.started.wait(60), "nobody took it over"
    with Tab(server, alice) as back:
        back.cursors[generation] = mine.cursors[generation]
        back.texts[generation] = mine.texts[generation]
        back.follow(accepted["conversation"], {generation: mine.cursors[generation]})
        again.emit(" And after it.")
        again.stop()
        assert back.finish(generation)["status"] == "complete"
    stored = Message.objects.get(uuid=accepted["assistant_message"]).text
    assert back.texts[generation] == stored
    assert stored.endswith(" And after it.")


@pytest.mark.parametrize("kind", ["daphne", UVICORN, LIFESPAN])
def test_an_answer_that_ends_within_the_grace_completes_and_is_told(start, alice, model):
    """R13."""
    server = start(SHUTDOWN_SECONDS="60")
    script = model.enqueue(Controlled())
    with Tab(server, alice) as mine:
        accepted = mine.ask("Be quick.")
        script.emit("Nearly ")
        mine.until_text(accepted["generation"], "Nearly ")
        server.ask_to_end()
        wait_for(lambda: readiness(server) == 503)
        script.emit("done.")
        mine.until_text(accepted["generation"], "Nearly done.")
        script.stop()
        assert mine.finish(accepted["generation"])["status"] == "complete"
        began = time.monotonic()
        assert mine.close_code() == RESTARTING
    server.wait_for_end()
    assert time.monotonic() - began < 30, "it waited for nothing"
    assert Message.objects.get(uuid=accepted["assistant_message"]).text == "Nearly done."


def test_while_it_ends_it_is_alive_but_not_ready_and_lets_nobody_in(start, alice, model):
    """R50, R108."""
    server = start(SHUTDOWN_SECONDS="4")
    script = model.enqueue(Controlled())
    with Tab(server, alice) as mine:
        mine.ask("Hold the door.")
        assert script.started.wait(60)
        assert readiness(server) == 200
        server.ask_to_end()
        wait_for(lambda: readiness(server) == 503)
        assert readiness(server, "/healthz") == 200
        with pytest.raises(Closed) as refused:
            Tab(server, alice)
        assert refused.value.code == RESTARTING
        assert mine.close_code() == RESTARTING
    server.wait_for_end()


def test_a_command_that_comes_too_late_is_repeated_elsewhere(start, alice, model):
    """R1, R2: unanswered means not begun; the same key begins it after the restart."""
    server = start(SHUTDOWN_SECONDS="10")
    script = model.enqueue(Controlled())
    key = str(uuid4())
    with Tab(server, alice) as mine:
        mine.ask("Hold the door.")
        assert script.started.wait(60)
        server.ask_to_end()
        wait_for(lambda: readiness(server) == 503)
        mine.say(type="send", key=key, text="Too late?")
        assert mine.close_code() == RESTARTING
        assert not [update for update in mine.seen if update.get("key") == key]
    assert not Message.objects.filter(text="Too late?").exists()
    script.stop()
    server.wait_for_end()
    server.start()
    with Tab(server, alice) as back:
        accepted = back.ask("Too late?", key=key)
        assert accepted["type"] == "accepted"
        assert back.finish(accepted["generation"])["status"] == "complete"


def test_what_is_not_done_in_time_is_taken_over_by_another_process_at_once(start, alice, model):
    """R13: the lease is let go, not waited for."""
    one = start(SHUTDOWN_SECONDS="1")
    script = model.enqueue(Controlled())
    with Tab(one, alice) as mine:
        accepted = mine.ask("Pass it on.")
        generation = accepted["generation"]
        script.emit("First half, ")
        mine.until_text(generation, "First half, ")
        other = start()
        again = model.enqueue(Controlled())
        one.ask_to_end()
        assert mine.close_code() == RESTARTING
    assert again.started.wait(60)
    one.wait_for_end()
    with Tab(other, alice, strict=False) as back:
        back.follow(accepted["conversation"], {generation: mine.cursors[generation]})
        again.emit("second half.")
        again.stop()
        assert back.finish(generation)["status"] == "complete"
    row = Generation.objects.get(pk=generation)
    assert (row.attempt, row.message.text) == (2, back.texts[generation])


def test_not_everybody_comes_back_in_the_same_moment(start, alice):
    """R50: sockets are closed a few at a time."""
    server = start(SHUTDOWN_SECONDS="4", MAX_SOCKETS_PER_PERSON="100")
    closed: list[float] = []

    def read(tab: Tab) -> None:
        assert tab.close_code() == RESTARTING
        closed.append(time.monotonic())

    with ExitStack() as stack:
        first = stack.enter_context(Tab(server, alice))
        tabs = [stack.enter_context(Tab(server, alice, session=first.session)) for _ in range(40)]
        readers = [threading.Thread(target=read, args=(tab,)) for tab in [first, *tabs]]
        for reader in readers:
            reader.start()
        server.ask_to_end()
        for reader in readers:
            reader.join(60)
    assert len(closed) == 41
    assert max(closed) - min(closed) > 0.4
    server.wait_for_end()


def test_whoever_asks_twice_is_in_a_hurry(start, alice, model):
    server = start(SHUTDOWN_SECONDS="60")
    script = model.enqueue(Controlled())
    with Tab(server, alice) as mine:
        mine.ask("Never mind.")
        assert script.started.wait(60)
        server.ask_to_end()
        wait_for(lambda: readiness(server) == 503)
        began = time.monotonic()
        server.ask_to_end()
        server.wait_for_end()
    assert time.monotonic() - began < 30


def test_a_server_without_visitors_ends_at_once(start):
    server = start(SHUTDOWN_SECONDS="60")
    began = time.monotonic()
    server.ask_to_end()
    server.wait_for_end()
    assert time.monotonic() - began < 30


def test_a_client_on_a_slow_line_is_not_cut_off_while_it_reads_why_it_was_closed(
    start, kind, alice
):
    """R50: a reset connection is 1006 to whoever still writes."""
    server = start(SHUTDOWN_SECONDS="1")
    request = [
        "GET /ws/chat/ HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Origin: {server.origin}",
        f"Cookie: sessionid={session_of(alice)}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall("\r\n".join([*request, "", ""]).encode())
        assert line.recv(65_536).startswith(b"HTTP/1.1 101")
        server.ask_to_end()
        threading.Event().wait(2.5)
        received = b""
        while CLOSE_4001 not in received:
            received += line.recv(65_536)
            assert received
        assert line.recv(65_536) == b"" if kind == "uvicorn" else still_open(line)
    server.wait_for_end()


def still_open(line: socket.socket) -> bool:
    """Whether the other side waits for our close."""
    line.setblocking(False)
    try:
        return line.recv(1) != b""
    except BlockingIOError:
        return True
