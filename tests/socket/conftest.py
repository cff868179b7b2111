"""Servers, people and tabs. Every test of the socket runs on Daphne and on uvicorn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from conversations.models import User
from streaming.localbedrock import LocalBedrock
from tests.people import person
from tests.socket.servers import ChatServer
from tests.socket.tab import Tab

NewTab = Callable[..., Tab]
RUNNING = pytest.StashKey[ChatServer]()
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def running_model() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture
def model(running_model: LocalBedrock) -> LocalBedrock:
    """The local endpoint that the server under test talks to."""
    running_model.reset()
    return running_model


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a server that must be alone come first: then no other has to make room."""
    places = [number for number, item in enumerate(items) if HERE in item.path.parents]
    mine = sorted((items[number] for number in places), key=_shares)
    for number, item in zip(places, mine, strict=True):
        items[number] = item


def _shares(item: pytest.Item) -> bool:
    return "nobody_else" not in getattr(item, "fixturenames", ())


@pytest.fixture(
    scope="session", params=["daphne", pytest.param("uvicorn", marks=pytest.mark.matrix)]
)
def running_server(
    request: pytest.FixtureRequest,
    running_model: LocalBedrock,
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[ChatServer]:
    with django_db_blocker.unblock():
        # It looks for what others left at its start only: the answers of servers that tests kill
        # are for those servers to go on with.
        server = ChatServer(request.param, running_model.url, REAPER_SECONDS="3600")
    server.start()
    request.config.stash[RUNNING] = server
    yield server
    del request.config.stash[RUNNING]
    server.stop()


@pytest.fixture
def server(running_server: ChatServer, transactional_db: None) -> ChatServer:
    return running_server


@pytest.fixture
def nobody_else(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[None]:
    """For a server that is to be the only one on its database.

    The one that all tests share is stopped: it would go on with what a killed one left.
    """
    shared = request.config.stash.get(RUNNING, None)
    if shared is not None:
        shared.stop()
    yield
    if shared is not None:
        shared.start()


@pytest.fixture
def own_server(running_model: LocalBedrock, nobody_else: None) -> Iterator[ChatServer]:
    """A server that the test may kill, on Daphne, and the only one on its database."""
    server = ChatServer("daphne", running_model.url)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tab(server: ChatServer) -> Iterator[NewTab]:
    """Opens tabs of people's browsers and closes them after the test."""
    with ExitStack() as tabs:
        yield lambda user, **how: tabs.enter_context(Tab(server, user, **how))


@pytest.fixture
def alice(transactional_db: None) -> User:
    return person("alice")


@pytest.fixture
def bob(transactional_db: None) -> User:
    return person("bob")
