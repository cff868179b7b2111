"""What a load balancer asks, and the pages of failures."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from tests.socket.servers import ROOT

pytestmark = pytest.mark.django_db


def test_alive_does_not_ask_the_database(client: Client, django_assert_num_queries: Any) -> None:
    """R108"""
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.text) == (200, "alive\n")


def test_what_serves_has_loaded_its_addresses_before_the_first_request() -> None:
    """R44: loading them takes most of a second, in which nobody's answer would go on."""
    assert said_by_a_server("'chatsite.urls' in sys.modules") == "True"


def test_what_is_loaded_is_not_looked_through_for_garbage_while_answers_stream() -> None:
    """R44: a full round over it holds a process up for a quarter of a second."""
    kept, others = map(
        int, said_by_a_server("gc.get_freeze_count(), len(gc.get_objects())").split()
    )
    assert kept > 100_000
    assert others < kept / 4


def said_by_a_server(about: str) -> str:
    ask = f"import gc, sys, chatsite.asgi; print({about})"
    told = subprocess.run((sys.executable, "-c", ask), cwd=ROOT, capture_output=True, text=True)
    return told.stdout.strip()


def test_ready_when_the_database_answers(client: Client) -> None:
    """R108"""
    response = client.get("/readyz")
    assert (response.status_code, response.text) == (200, "ready\n")


def test_not_ready_without_the_database(client: Client) -> None:
    """R108: it tells that, and nothing else."""

    def away(*args: Any) -> None:
        raise OperationalError("could not connect to db.internal:5432")

    with connection.execute_wrapper(away):
        response = client.get("/readyz")
    assert (response.status_code, response.text) == (503, "not ready\n")
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("name", ["REDIS_URL", "CELERY_BROKER_URL"])
def test_ready_though_redis_or_the_broker_is_away(
    client: Client, settings: Settings, name: str
) -> None:
    """R108: people still read and send; answers come a little later. Port 9 is closed."""
    setattr(settings, name, "redis://127.0.0.1:9/0")
    response = client.get("/readyz")
    assert (response.status_code, response.text) == (200, "ready\n")


@pytest.mark.redis
def test_ready_with_a_redis_that_answers(
    client: Client, settings: Settings, redis_url: str
) -> None:
    """R108"""
    settings.REDIS_URL = redis_url
    assert client.get("/readyz").status_code == 200


def test_health_is_never_kept_in_a_cache(client: Client) -> None:
    for path in ("/healthz", "/readyz"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_the_page_of_a_failure_is_ours_and_tells_nothing(
    client: Client, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R48, R92, R114"""

    def fail(*args: Any) -> None:
        raise RuntimeError("arn:aws:secret")

    monkeypatch.setattr("conversations.sidebar.newest", fail)
    as_alice.raise_request_exception = False
    response = as_alice.get("/")
    assert response.status_code == 500
    assert "arn:" not in response.text
    assert "Traceback" not in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("accept", "words"), [("text/html", "error-page"), ("application/json", '"code": "internal"')]
)
@pytest.mark.parametrize("path", ["/", "/settings/", "/conversations/", "/api/v1/conversations"])
def test_a_database_without_a_free_connection_is_told_as_busy(
    as_alice: Client, path: str, accept: str, words: str
) -> None:
    """R57: to people in the product's look, to scripts as an error; both may try again."""

    def full(*args: Any) -> None:
        raise OperationalError("couldn't get a connection after 2.00 sec")

    as_alice.raise_request_exception = False
    with connection.execute_wrapper(full):
        response = as_alice.get(path, headers={"Accept": accept})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    if path.startswith("/api/"):
        words = '"code": "internal"'
    assert words in response.text
    assert "busy just now" in response.text
    assert "couldn't get" not in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert as_alice.get(path).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/c/x/", 404)])
def test_other_failures_are_in_our_look_too(client: Client, path: str, status: int) -> None:
    """R114"""
    response = client.get(path)
    assert response.status_code == status
    assert "error-page" in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_a_form_without_its_token_is_refused_in_our_look(alice: Any) -> None:
    """R93, R114"""
    client = Client(enforce_csrf_checks=True)
    response = client.post("/accounts/login/", {"login": "alice", "password": "x"})
    assert response.status_code == 403
    assert "error-page" in response.text


def test_a_request_has_one_id_which_only_a_proxy_of_ours_names(
    client: Client, settings: Settings
) -> None:
    """R105"""
    forged = {"X-Request-Id": "mine"}
    first, second = (client.get("/healthz", headers=forged) for _ in range(2))
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert first.headers["X-Request-Id"] != "mine"
    settings.TRUSTED_PROXY_COUNT = 1
    assert client.get("/healthz", headers=forged).headers["X-Request-Id"] == "mine"
    for wrong in ("", "a b", "x" * 65, "a\nb"):
        given = client.get("/healthz", headers={"X-Request-Id": wrong}).headers["X-Request-Id"]
        assert given != wrong
        assert len(given) == 32
