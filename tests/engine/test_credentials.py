"""Keys of a role live for an hour or less: what runs when they expire goes on with the next ones.

The real credential chain of the SDK asks a container's endpoint for them, as on ECS; the model is
reached through TLS, because the local endpoint in clear text is never shown any keys.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from streaming import generation
from streaming.bedrock.asking import complete
from streaming.bedrock.client import build_client
from streaming.bedrock.request import Request
from streaming.limits import Seats
from streaming.livelog import LiveLog
from streaming.localbedrock import Answer, Controlled, LocalBedrock, faults
from streaming.pump import Pace, Pump
from streaming.workbench import Workbench
from tests.certificates import self_signed
from tests.people import ask
from tests.quiet import QuietServer
from tests.together import together

pytestmark = pytest.mark.matrix

HOUR = timedelta(hours=1)
# The SDK fetches new keys before each call when the old ones have less than ten minutes left.
MOMENT = timedelta(seconds=1)
KEY = re.compile(r"Credential=(ASIA\d+)/")


class Role(QuietServer):
    """Gives keys that live for so long, each time other ones."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keys)
        self.life = MOMENT
        self.away = False
        self.given: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}/keys"

    def keys(self) -> dict[str, str]:
        self.given.append(f"ASIA{len(self.given) + 1:016}")
        expires = (datetime.now(UTC) + self.life).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "AccessKeyId": self.given[-1],
            "SecretAccessKey": "for a moment",
            "Token": f"token of {self.given[-1]}",
            "Expiration": expires,
        }


class _Keys(BaseHTTPRequestHandler):
    server: Role

    def do_GET(self) -> None:
        self.send_response(500 if self.server.away else 200)
        self.end_headers()
        if not self.server.away:
            self.wfile.write(json.dumps(self.server.keys()).encode())

    def log_message(self, *_: object) -> None:
        pass


class TLS:
    """In front of an endpoint in clear text."""

    def __init__(self, port: int, certificate: Path, key: Path) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        self._port = port
        plain = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{plain.getsockname()[1]}"
        self._server = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far)
            back.join(20)


def _copy(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while piece := here.recv(65_536):
            there.sendall(piece)
    with suppress(OSError):
        there.shutdown(socket.SHUT_WR)


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> Iterator[Role]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    # The SDK asks three times, with a pause, before it gives up.
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    server = Role()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(
    role: Role, model: LocalBedrock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    certificate, key = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    front = TLS(int(model.url.rpartition(":")[2]), certificate, key)
    client = build_client(region="us-east-1", endpoint_url=front.url, pool_size=20)
    yield client
    client.close()
    front.close()


@pytest.fixture
def bench(client: Any) -> Workbench:
    return Workbench(client, Pump(LiveLog(kept=60), Pace()), Seats(10), pause=0)


def signed_with(model: LocalBedrock) -> list[str]:
    """The key of each call, in order."""
    found = [KEY.search(call.headers["authorization"]) for call in model.history]
    return [match[1] for match in found if match]


@pytest.mark.django_db(transaction=True)
def test_keys_that_live_are_fetched_once(role, model, bench, alice, bob):
    """R78: though those before them had expired when they were to be used first."""
    role.life = HOUR
    for person in (alice, bob):
        ended = generation.run(ask(person).generation.pk, bench)
        assert ended.status == "complete"
    assert len(role.given) == 2
    assert signed_with(model) == role.given[-1:] * 2


@pytest.mark.django_db(transaction=True)
def test_keys_that_expire_while_an_answer_is_written_cost_it_nothing(
    role, model, bench, alice, bob
):
    """R78: it is read to its end, and what is asked meanwhile and after is signed with new keys."""
    script = model.enqueue(Controlled(), match="Long")
    long = ask(alice, "Long.").generation
    writing = threading.Thread(target=generation.run, args=(long.pk, bench), daemon=True)
    writing.start()
    script.emit("Begun with the first keys, ")
    assert model.history.wait_for(1)
    model.enqueue(Answer(text="Asked meanwhile."), match="Short")
    meanwhile = generation.run(ask(bob, "Short.").generation.pk, bench)
    assert (meanwhile.status, meanwhile.message.text) == ("complete", "Asked meanwhile.")
    script.emit("read with the second.")
    script.stop()
    writing.join(20)
    long.refresh_from_db()
    assert long.status == "complete"
    assert long.message.text == "Begun with the first keys, read with the second."
    first, second = signed_with(model)
    assert first != second == role.given[-1]
    assert model.history[1].headers["x-amz-security-token"] == f"token of {second}"


@pytest.mark.django_db(transaction=True)
def test_the_next_attempt_of_an_answer_is_signed_with_new_keys(role, model, bench, alice):
    """R67, R78"""
    model.enqueue(faults.throttled())
    model.enqueue(Answer(text="At last."))
    ended = generation.run(ask(alice).generation.pk, bench)
    assert (ended.status, ended.attempt) == ("complete", 2)
    assert len(set(signed_with(model))) == 2


@pytest.mark.django_db(transaction=True)
def test_a_role_that_gives_no_keys_is_told_and_asked_again_by_the_next_answer(
    role, model, bench, alice, bob
):
    """R63, R78: the same client, without a restart."""
    assert generation.run(ask(alice).generation.pk, bench).status == "complete"
    role.away = True
    failed = generation.run(ask(bob).generation.pk, bench)
    assert (failed.status, failed.error_code) == ("failed", "credentials")
    role.away = False
    assert generation.run(ask(alice).generation.pk, bench).status == "complete"


@pytest.mark.nodb
def test_threads_share_a_client_whose_keys_expire(role, model, client):
    """R78: each call is signed with keys that were given, and none fails."""
    request = Request(
        model_id="local.demonstration-v1:0",
        messages=[{"role": "user", "content": [{"text": "Hello"}]}],
        max_tokens=50,
    )
    model.enqueue(Answer(text="Hello."), times=60)

    def work(_: int) -> list[str]:
        return [complete(client, request).text for _ in range(3)]

    told = together(20, work)
    assert told == [["Hello."] * 3] * 20
    assert set(signed_with(model)) <= set(role.given)
    assert len(set(signed_with(model))) > 1
