"""Without Redis there is one server process for a database; the next one gets its place at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple
from uuid import uuid4

import pytest

from streaming.localbedrock import Controlled, LocalBedrock
from tests.many import a_database
from tests.socket.servers import ROOT, ChatServer
from tests.socket.tab import Tab

pytestmark = pytest.mark.nodb

SECONDS = 120
NewServer = Callable[..., ChatServer]


@pytest.fixture
def model() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


class Database(NamedTuple):
    """With tables and people in it; ``sessions`` of people that are signed in."""

    kind: str
    url: str
    sessions: dict[str, str]


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('alone') / 'chat.sqlite3'}"
        if request.param == "postgres":
            url = stack.enter_context(a_database(request.getfixturevalue("postgres_url")))
        settings = {"DJANGO_SETTINGS_MODULE": "chatsite.settings", "DATABASE_URL": url}
        command = (sys.executable, "-m", "tests.faults.prepare")
        environment = {**os.environ, **settings}
        told = subprocess.run(
            command, cwd=ROOT, env=environment, check=True, capture_output=True
        ).stdout
        yield Database(request.param, url, json.loads(told))


@pytest.fixture
def production(database: Database, model: LocalBedrock) -> Iterator[NewServer]:
    """Makes servers on one database as they are in production: without DEBUG, and without Redis."""
    with ExitStack() as running:

        def make(kind: str = "daphne", **changed: str) -> ChatServer:
            how = {"DEBUG": "0", "ALLOWED_HOSTS": "127.0.0.1", "DATABASE_URL": database.url}
            server = ChatServer(kind, model.url, **how, **changed)
            running.callback(server.kill)
            return server

        yield make


def refused(server: ChatServer) -> str:
    """What a server says that must not start."""
    ended = subprocess.run(
        (sys.executable, *server.command(), "chatsite.asgi:application"),
        cwd=ROOT,
        env=server._environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode != 0
    return ended.stderr


def test_a_second_process_is_refused_in_words_until_the_first_has_died(
    production: NewServer, database: Database
) -> None:
    """R113: on Daphne and uvicorn; and a kill leaves nothing behind that would be in the way."""
    first = production()
    first.start()
    for kind in ("daphne", "uvicorn") if database.kind == "sqlite" else ("uvicorn",):
        told = refused(production(kind))
        assert "Another server process is on this database already" in told
        assert "set REDIS_URL" in told
    first.kill()
    production("uvicorn").start()


def test_one_that_is_asked_to_end_makes_room_before_its_answers_are_done(
    production: NewServer, database: Database, model: LocalBedrock
) -> None:
    """R13, R50, R113: the next one starts while it still writes."""
    first = production(SHUTDOWN_SECONDS="120")
    script = model.enqueue(Controlled())
    first.start()
    with Tab(first, None, session=database.sessions["alice"]) as tab:
        accepted = tab.ask("Go on while you leave.", key=str(uuid4()))
        script.emit("Still ")
        tab.until_text(accepted["generation"], "Still ")
        first.ask_to_end()
        production().start()
        script.emit("here.")
        tab.until_text(accepted["generation"], "Still here.")
        script.stop()
        assert tab.finish(accepted["generation"])["status"] == "complete"
    first.wait_for_end()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_with_redis_there_may_be_several(production: NewServer, redis_url: str) -> None:
    """R113"""
    for _ in range(2):
        production(REDIS_URL=redis_url).start()
