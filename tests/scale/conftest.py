"""The product as several processes, on the test's database and on a Redis of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from conversations.models import User
from streaming.localbedrock import LocalBedrock
from tests.people import person
from tests.scale.processes import Cluster, Redis
from tests.socket.conftest import RUNNING
from tests.socket.tab import Tab

NewTab = Callable[..., Tab]


@pytest.fixture(scope="package")
def running_model() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture
def model(running_model: LocalBedrock) -> LocalBedrock:
    running_model.reset()
    return running_model


@pytest.fixture(scope="package")
def running_cluster(
    request: pytest.FixtureRequest,
    redis_url: str,  # skips where there is no Redis on this machine
    running_model: LocalBedrock,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: Any,
) -> Iterator[Cluster]:
    # The server of other tests would take up on the same database what is left pending here.
    other = request.config.stash.get(RUNNING, None)
    if other is not None:
        other.stop()
    folder: Path = tmp_path_factory.mktemp("cluster")
    with django_db_blocker.unblock():
        cluster = Cluster(running_model.url, folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        if other is not None:
            other.start()


@pytest.fixture
def cluster(running_cluster: Cluster, transactional_db: None) -> Iterator[Cluster]:
    yield running_cluster
    running_cluster.mend()


@pytest.fixture
def tab(cluster: Cluster) -> Iterator[NewTab]:
    """Opens tabs of people's browsers, on the first web process or on the one that is named."""
    with ExitStack() as tabs:
        yield lambda user, web=0, **how: tabs.enter_context(Tab(cluster.web[web], user, **how))


@pytest.fixture
def alice(transactional_db: None) -> User:
    return person("alice")


@pytest.fixture
def bob(transactional_db: None) -> User:
    return person("bob")


@pytest.fixture(scope="package")
def running_redis(redis_url: str) -> Iterator[Redis]:
    server = Redis()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis(running_redis: Redis) -> Redis:
    running_redis.start()
    running_redis.client().flushall()
    return running_redis
