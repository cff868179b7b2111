"""Who may ask for the figures, and that they are figures only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from conversations.models import Generation, User
from streaming import scraping
from streaming.figures import Figures
from streaming.livelog import LiveLog
from streaming.pump import Pace, Pump
from tests.people import ask
from tests.scraped import TOKEN, Scrape, scrape
from tests.socket.servers import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ROOT = Path(__file__).resolve().parent.parent
SCRAPER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture
def figures() -> Iterator[Figures]:
    """Of a process that has no sockets and writes nothing."""
    shown = Figures(Pump(LiveLog(kept=60), Pace()), lambda: ())
    shown.show()
    yield shown
    shown.hide()


def asked(client: Client) -> Scrape:
    response = client.get("/metrics", headers=SCRAPER)
    assert response.status_code == 200
    return Scrape(response.text)


# --- who may ask ----------------------------------------------------------------------------------


def test_whoever_has_the_token_is_told_figures(client: Client) -> None:
    """R109"""
    response = client.get("/metrics", headers=SCRAPER)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert "no-store" in response.headers["Cache-Control"]
    assert "chat_resumes_total" in response.text
    assert "python_info" in response.text


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"],
)
def test_to_everybody_else_there_is_no_such_page(
    client: Client, as_dora: Client, given: str | None
) -> None:
    """R109: not to administrators either; it is the page of any unknown address."""
    headers = {} if given is None else {"Authorization": given}
    for each in (client, as_dora):
        response = each.get("/metrics", headers=headers)
        assert response.status_code == 404
        assert "error-page" in response.text
        assert "chat_" not in response.text


@pytest.mark.parametrize("given", ["Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_in_the_settings_nobody_may_ask(
    client: Client, settings: Settings, given: str
) -> None:
    """R109"""
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_it_is_asked_for_by_address_and_without_tls(
    client: Client, settings: Settings, path: str
) -> None:
    """R108: scrapers and load balancers ask a process where it listens, not by the site's name."""
    settings.ALLOWED_HOSTS = ["chat.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={**SCRAPER, "Host": "10.0.3.7:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "10.0.3.7:8000"}).status_code == 400


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN must have at least 20 characters"),
        ({"METRICS_PORT": "9000"}, "METRICS_PORT needs METRICS_TOKEN"),
        ({"METRICS_PORT": "x", "METRICS_TOKEN": TOKEN}, "METRICS_PORT must be a whole number"),
    ],
)
def test_settings_that_let_anybody_or_nobody_in_are_refused(
    environment: dict[str, str], words: str
) -> None:
    started = subprocess.run(
        (sys.executable, "manage.py", "check"),
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert words in started.stderr


# --- a worker's own port --------------------------------------------------------------------------


def test_a_worker_answers_on_its_port_and_only_who_has_the_token(settings: Settings) -> None:
    """R109"""
    settings.METRICS_PORT = free_port()
    server = scraping.serve()
    assert server is not None
    try:
        assert "chat_resumes_total" in scrape(settings.METRICS_PORT).names
        with pytest.raises(HTTPError, match="404"):
            scrape(settings.METRICS_PORT, token="somebody-else-s-token")
        second = scraping.serve()
        assert second is None, "a port that is taken ends no worker"
    finally:
        server.shutdown()
        server.server_close()


def test_a_worker_without_a_port_in_its_settings_listens_nowhere(settings: Settings) -> None:
    assert scraping.serve() is None


# --- what is looked up ----------------------------------------------------------------------------


def test_the_queue_has_an_age(client: Client, alice: User, bob: User, figures: Figures) -> None:
    """R109: that of the oldest answer that nobody has begun."""
    assert asked(client)("queue_age_seconds") == 0
    first = ask(alice).generation
    Generation.objects.filter(pk=first.pk).update(created_at=first.created_at.replace(year=2020))
    Generation.claim(ask(bob).generation.pk)
    told = asked(client)
    assert told("queue_age_seconds") > 365 * 86_400
    assert told("generations", status="pending") == told("generations", status="streaming") == 1
    assert told("database_up") == 1


def test_a_database_that_is_away_is_told_and_hides_nothing_else(
    client: Client, figures: Figures
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        told = asked(client)
    assert told("database_up") == 0
    assert {"chat_sockets", "chat_running_here"} <= told.names


def test_an_engine_that_stopped_is_not_asked_any_more(client: Client, figures: Figures) -> None:
    figures.hide()
    assert "chat_sockets" not in asked(client).names
    figures.show()
