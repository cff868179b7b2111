"""An endpoint and boto3 clients that talk to it, with credentials that mean nothing."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import boto3
import pytest
from botocore.config import Config

from streaming.localbedrock import LocalBedrock

MakeClient = Callable[..., Any]
Service = Literal["bedrock-runtime", "bedrock"]


@pytest.fixture(scope="session")
def running_endpoint() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(running_endpoint: LocalBedrock) -> Iterator[LocalBedrock]:
    """One endpoint for all tests, since making a client for it takes a tenth of a second."""
    running_endpoint.reset()
    yield running_endpoint
    assert running_endpoint.pending == 0, "an enqueued reply was not asked for"


@pytest.fixture(scope="session")
def make_client(running_endpoint: LocalBedrock) -> Iterator[MakeClient]:
    clients = []

    def make(service: Service = "bedrock-runtime", url: str | None = None, **config: Any) -> Any:
        options: dict[str, Any] = {
            "connect_timeout": 5,
            "read_timeout": 20,
            "max_pool_connections": 50,
            "retries": {"total_max_attempts": 1},
        } | config
        clients.append(
            boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=url or running_endpoint.url,
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(**options),
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def client(make_client: MakeClient) -> Any:
    return make_client()


@pytest.fixture(scope="session")
def hasty_client(make_client: MakeClient) -> Any:
    """One that waits only a fifth of a second for anything."""
    return make_client(read_timeout=0.2)
