"""Clients for Bedrock, made once per process (after a fork) and shared by its threads."""

import logging
import os
from typing import TYPE_CHECKING, Final, Literal, overload
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from streaming.addresses import on_this_machine
from streaming.bedrock.connection import watch_connections

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 5.0
# Models are silent for minutes while they think.
READ_TIMEOUT: Final = 300.0


@overload
def build_client(
    service: Literal["bedrock-runtime"] = ...,
    *,
    region: str,
    endpoint_url: str | None = ...,
    pool_size: int = ...,
    connect_timeout: float = ...,
    read_timeout: float = ...,
) -> "BedrockRuntimeClient": ...
@overload
def build_client(
    service: Literal["bedrock"],
    *,
    region: str,
    endpoint_url: str | None = ...,
    pool_size: int = ...,
    connect_timeout: float = ...,
    read_timeout: float = ...,
) -> "BedrockClient": ...
def build_client(
    service: Literal["bedrock-runtime", "bedrock"] = "bedrock-runtime",
    *,
    region: str,
    endpoint_url: str | None = None,
    pool_size: int = 10,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
) -> "BedrockRuntimeClient | BedrockClient":
    """A client that sends each call exactly once; retrying is the generation's business.

    `pool_size` is the number of calls that run at the same time. `read_timeout` is the longest
    silence, in seconds, before the response and between two pieces of it. A plain-HTTP endpoint on
    this machine is the local one: nobody looks for credentials, and it never sees any.
    Raises BotoCoreError for an impossible region or endpoint.
    """
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=pool_size,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
    )
    key: str | None = None
    if _is_local(endpoint_url or _endpoint_of_environment(service)):
        # With the signature named, a bearer token of the environment is not sent there either,
        # and without proxies a proxy for the way out is not asked for this machine.
        key, config = "local", config.merge(Config(signature_version="v4", proxies={}))
    # A session of its own: sessions, unlike clients, are not thread-safe.
    client = boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key=key,
        config=config,
    )
    watch_connections(client)
    return client


def credentials_available() -> bool:
    """Whether the environment, a profile or a container names credentials.

    Instance metadata is not asked: on a machine outside AWS that takes seconds.
    """
    if os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
        return True
    session = botocore.session.Session()
    try:
        providers = session.get_component("credential_provider")
        providers.remove("iam-role")
        return providers.load_credentials() is not None
    except BotoCoreError as error:
        log.warning("AWS credentials are named but cannot be read: %s", type(error).__name__)
        return False


def _endpoint_of_environment(service: str) -> str | None:
    name = service.upper().replace("-", "_")
    return os.environ.get(f"AWS_ENDPOINT_URL_{name}") or os.environ.get("AWS_ENDPOINT_URL")


def _is_local(url: str | None) -> bool:
    return url is not None and urlsplit(url).scheme == "http" and on_this_machine(url)
