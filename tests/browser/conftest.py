"""One browser, one server and one local endpoint for all browser tests; people and their tabs.

The fixtures live as long as this package: Playwright keeps an event loop running in the test's
thread, which tests of other packages must not find there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from conversations.models import BedrockModel, User
from streaming.localbedrock import Controlled, LocalBedrock
from tests.browser.chat import Chat
from tests.browser.contexts import PATIENCE, Contexts
from tests.browser.watch import Watch
from tests.socket.servers import ChatServer
from tests.socket.tab import session_of

Enter = Callable[..., Chat]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def running_browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",  # in a container the tests are root
                "--disable-background-networking",
                # A request that should not be is refused before it leaves, and still heard.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def running_endpoint() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture(scope="package")
def running_server(
    running_endpoint: LocalBedrock, django_db_setup: None, django_db_blocker: Any
) -> Iterator[ChatServer]:
    with django_db_blocker.unblock():
        server = ChatServer("daphne", running_endpoint.url, MODEL_SLOW_NOTICE_SECONDS="3")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def model(running_endpoint: LocalBedrock) -> LocalBedrock:
    running_endpoint.reset()
    return running_endpoint


@pytest.fixture
def script(model: LocalBedrock) -> Iterator[Callable[..., Controlled]]:
    """Prepares the next answer, written step by step; what the test leaves open is cut."""
    scripts: list[Controlled] = []

    def prepare(*, hold: bool = False, **bound: Any) -> Controlled:
        scripts.append(model.enqueue(Controlled(hold=hold), **bound))
        return scripts[-1]

    yield prepare
    for each in scripts:
        each.cut()


@pytest.fixture
def server(running_server: ChatServer, transactional_db: None) -> ChatServer:
    return running_server


@pytest.fixture
def own_server(
    running_endpoint: LocalBedrock, transactional_db: None, chromium: str
) -> Iterator[ChatServer]:
    """A server that the test may kill."""
    server = ChatServer("daphne", running_endpoint.url)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def running_contexts(running_browser: Browser) -> Contexts:
    return Contexts(running_browser)


@pytest.fixture
def contexts(
    running_contexts: Contexts,
) -> Iterator[Callable[..., tuple[BrowserContext, Watch]]]:
    """Opens browsers of their own (cookies, storage); after the test none may have misbehaved."""
    yield running_contexts.open
    running_contexts.end_test()


@pytest.fixture
def stranger(server: ChatServer, contexts: Any) -> Chat:
    """A tab of somebody who is not signed in."""
    return Chat(*contexts(server.origin))


@pytest.fixture
def enter(server: ChatServer, contexts: Any) -> Enter:
    """A tab of somebody who is signed in already; see ``enter_at``."""

    def enter(user: User, path: str = "/", **options: Any) -> Chat:
        return enter_at(server, contexts, user, path, **options)

    return enter


def enter_at(
    server: ChatServer, contexts: Any, user: User, path: str = "/", **options: Any
) -> Chat:
    """Opens a page as this person, in a browser of their own with these Playwright options."""
    context, watch = contexts(server.origin, **options)
    context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": server.origin}])
    chat = Chat(context, watch)
    chat.open(path)
    return chat


@pytest.fixture
def two_models(transactional_db: None) -> list[BedrockModel]:
    fields = {"provider": "Local", "context_window": 200_000, "max_output_tokens": 8_192}
    fields["demonstration"] = True
    names = {
        "local.demonstration-v1:0": "First model",
        "local.demonstration-reasoning-v1:0": "Second model",
    }
    return [
        BedrockModel.objects.update_or_create(pk=pk, defaults={"name": name, **fields})[0]
        for pk, name in names.items()
    ]
