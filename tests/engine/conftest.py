"""An engine in the test's own process, with sockets that have no network between them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from streaming.bedrock.client import build_client
from streaming.engine import Engine
from streaming.localbedrock import LocalBedrock
from streaming.routing import websocket_application
from tests.engine.tabs import Tab

PAUSE = threading.Event()  # that nobody sets


@pytest.fixture(scope="session")
def running_endpoint() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture
def model(running_endpoint: LocalBedrock) -> LocalBedrock:
    running_endpoint.reset()
    return running_endpoint


@pytest.fixture
def engine(model: LocalBedrock, transactional_db: None, settings: Any) -> Iterator[Engine]:
    """Polls every second, as the product does; checkpoints more often."""
    settings.CHECKPOINT_MS = 50
    settings.BEDROCK_MODEL_ID = "local.demonstration-v1:0"
    settings.ALLOWED_ORIGINS = ["http://testserver"]
    client = build_client(
        region="us-east-1",
        endpoint_url=model.url,
        pool_size=20,
        connect_timeout=5,
        read_timeout=20,
    )
    engine = Engine(client)
    engine.start()
    yield engine
    engine.stop()
    # What still writes would write into the next test, and hold a connection to its database.
    for pool in (engine._generations, engine._background, engine.relay._threads):
        for _ in range(1_000):
            if pool._threads == pool._idle:
                break
            PAUSE.wait(0.01)


@pytest.fixture
async def open_tab(engine: Engine) -> AsyncIterator[Callable[..., Any]]:
    """Opens tabs of people's browsers; they are closed after the test, and every task ended."""
    application = websocket_application(engine)
    async with AsyncExitStack() as tabs:

        async def opened(user: Any, query: str = "") -> Tab:
            return await tabs.enter_async_context(Tab(application, user, query))

        yield opened
    for task in list(engine.relay._tasks):
        task.cancel()
