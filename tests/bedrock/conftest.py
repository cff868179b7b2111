"""The adapter's client, talking to the local endpoint."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from streaming.bedrock.client import build_client
from streaming.bedrock.request import Request
from streaming.localbedrock import LocalBedrock
from tests.bedrock.recorded import FOLDER

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

# A skip fails CI, where nobody could bring the recordings: they are other projects' data.
collect_ignore = ["test_recordings.py"] if "CI" in os.environ and not FOLDER.is_dir() else []

MakeClient: TypeAlias = Callable[..., "BedrockRuntimeClient"]


@pytest.fixture(scope="session")
def running_endpoint() -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(running_endpoint: LocalBedrock) -> LocalBedrock:
    """One endpoint for all tests, since making a client takes a tenth of a second."""
    running_endpoint.history.clear()
    return running_endpoint


@pytest.fixture(scope="session")
def make_client(running_endpoint: LocalBedrock) -> Iterator[MakeClient]:
    clients = []

    def make(**options: Any) -> "BedrockRuntimeClient":
        options = {"region": "us-east-1", "endpoint_url": running_endpoint.url} | options
        clients.append(build_client("bedrock-runtime", **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def client(make_client: MakeClient) -> "BedrockRuntimeClient":
    return make_client(read_timeout=20.0)


@pytest.fixture
def request_() -> Request:
    return Request(
        model_id="local.demonstration-v1:0",
        messages=[{"role": "user", "content": [{"text": "Hello"}]}],
        max_tokens=200,
    )
