"""The client: one attempt, explicit limits, and no secret where none belongs."""

import os
from pathlib import Path
from typing import Any

import pytest

from streaming.bedrock.asking import complete
from streaming.bedrock.client import build_client, credentials_available
from streaming.bedrock.request import Request
from streaming.localbedrock import LocalBedrock

pytestmark = pytest.mark.nodb

REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "really-secret",
    "AWS_SESSION_TOKEN": "real-session",
    "AWS_BEARER_TOKEN_BEDROCK": "real-bearer",
}


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [*REAL, "AWS_PROFILE"]:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_client_has_limits_of_its_own_and_sends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """R60, R61: whatever the environment or a profile says."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")

    client = build_client(region="eu-west-1", pool_size=77, connect_timeout=3, read_timeout=120)

    config: Any = client.meta.config
    assert config.retries == {"total_max_attempts": 1, "mode": "standard"}
    assert (config.connect_timeout, config.read_timeout) == (3, 120)
    assert config.max_pool_connections == 77
    assert config.tcp_keepalive
    assert client.meta.region_name == "eu-west-1"
    client.close()


@pytest.mark.parametrize(
    "where", ["argument", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
)
def test_the_local_endpoint_never_sees_real_credentials(
    where: str, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch, request_: Request
) -> None:
    """R34: it is on this machine, in clear text; nor does a proxy for the way out."""
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    if where != "argument":
        monkeypatch.setenv(where, endpoint.url)
    url = endpoint.url if where == "argument" else None

    client = build_client(region="us-east-1", endpoint_url=url)
    complete(client, request_)
    client.close()

    sent = str(endpoint.history[0].headers)
    assert not [value for value in REAL.values() if value in sent]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "http://bedrock.internal.example", "http://10.0.0.1"]
)
def test_any_other_endpoint_is_signed_for_with_the_usual_credentials(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A VPC endpoint or a proxy of the organisation."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", REAL["AWS_ACCESS_KEY_ID"])

    client = build_client(region="us-east-1", endpoint_url=url)

    credentials = client._request_signer._credentials  # type: ignore[attr-defined]
    assert credentials.access_key == REAL["AWS_ACCESS_KEY_ID"]
    client.close()


def test_without_credentials_there_are_none(no_credentials: pytest.MonkeyPatch) -> None:
    """Instance metadata is not asked: `make run` must not wait for it."""
    no_credentials.setenv("AWS_EC2_METADATA_DISABLED", "false")
    no_credentials.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")

    assert not credentials_available()


@pytest.mark.parametrize(
    "names",
    [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_BEARER_TOKEN_BEDROCK",)],
    ids=["keys", "bearer"],
)
def test_credentials_of_the_environment_are_found(
    no_credentials: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """Keys, or Bedrock's own bearer key."""
    for name in names:
        no_credentials.setenv(name, REAL[name])

    assert credentials_available()


def test_a_profile_is_found(no_credentials: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The usual files."""
    file = tmp_path / "credentials"
    file.write_text("[work]\naws_access_key_id = AKIA\naws_secret_access_key = s\n")
    no_credentials.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    no_credentials.setenv("AWS_PROFILE", "work")

    assert credentials_available()


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_PROFILE", "missing"), ("AWS_ACCESS_KEY_ID", "AKIA-without-its-secret")],
)
def test_credentials_that_cannot_be_read_are_none_and_the_log_says_so(
    no_credentials: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
) -> None:
    """R34: the log names the kind of mistake, not the value."""
    no_credentials.setenv(name, value)

    assert not credentials_available()
    assert "cannot be read" in caplog.text
    assert value not in caplog.text
    assert os.environ[name] == value
