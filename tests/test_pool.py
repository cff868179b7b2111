"""When PostgreSQL's connections are all in use: people hear of it soon, and then it works again."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import psycopg
import pytest

from chatsite import env
from streaming.localbedrock import LocalBedrock
from streaming.relay import Relay
from streaming.works import BACKGROUND_THREADS
from tests.many import a_database, session_of
from tests.scale.processes import until
from tests.scraped import scrape
from tests.socket.servers import ROOT, ChatServer
from tests.socket.tab import Tab

pytestmark = [pytest.mark.postgres, pytest.mark.nodb]

POOL = 4
COMMANDS = 20
SOON = 5.0  # seconds; the requirement's


class Site:
    """One web process, and what a test needs to fill its pool."""

    def __init__(self, database_url: str, server: ChatServer, session: str) -> None:
        self.database_url = database_url
        self.server = server
        self.session = session

    def get(self, path: str, accept: str = "text/html") -> tuple[int, dict[str, str], str, float]:
        """Status, headers, body, and the seconds that it took."""
        headers = {"Cookie": f"sessionid={self.session}", "Accept": accept}
        # Our own server.
        request = Request(f"{self.server.origin}{path}", headers=headers)  # noqa: S310
        began = time.monotonic()
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310
                found = answer.status, dict(answer.headers), answer.read().decode()
        except HTTPError as answer:
            found = answer.code, dict(answer.headers), answer.read().decode()
        return *found, time.monotonic() - began

    def is_full(self) -> bool:
        told = scrape(self.server.port)
        return told("database_pool_size") == POOL and told("database_pool_available") == 0


@pytest.fixture
def site(postgres_url: str) -> Iterator[Site]:
    with LocalBedrock() as model, a_database(postgres_url) as url:
        server = ChatServer("daphne", model.url, DATABASE_URL=url, DATABASE_POOL_SIZE=str(POOL))
        environment = server._environment
        migrate = (sys.executable, "manage.py", "migrate", "-v", "0")
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        session = session_of("alice", environment)
        server.start()
        try:
            yield Site(url, server, session)
        finally:
            server.kill()


def test_with_all_connections_in_use_people_are_told_within_five_seconds(site: Site) -> None:
    """R57: page, API and socket alike; as soon as there are connections again, all works."""
    with (
        Tab(site.server, None, session=site.session) as tab,
        psycopg.connect(site.database_url) as holder,
        ThreadPoolExecutor(2 * POOL) as people,
    ):
        # Whoever asks for a session from now on keeps a connection, and waits for us.
        holder.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
        waiting = [people.submit(site.get, "/") for _ in range(2 * POOL)]
        until(site.is_full, "the pool does not get full")

        status, headers, page, seconds = site.get("/")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "busy just now" in page
        assert seconds < SOON
        status, headers, body, seconds = site.get("/api/v1/me", "application/json")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert '"code": "internal"' in body
        assert seconds < SOON
        # More commands than there are threads for them: the last one waits no longer.
        began = time.monotonic()
        for number in range(COMMANDS):
            tab.say(type="send", ref=str(number), key=str(uuid4()), text=f"Question {number}")
        for _ in range(COMMANDS):
            refused = tab.expect("refused")
            assert refused["retry_after"] == 1.0
            assert "busy just now" in refused["detail"]
        assert time.monotonic() - began < SOON

        holder.rollback()
        assert {each.result()[0] for each in waiting} == {200, 503}
        assert site.get("/")[0] == 200
        # As a client does that was told to come again in a second.
        key = str(uuid4())
        until(lambda: tab.ask("And now?", key=key)["type"] == "accepted", "it stays refused", SOON)
        accepted = next(each for each in tab.seen if each["type"] == "accepted")
        assert tab.finish(accepted["generation"])["status"] == "complete"


def test_no_connection_is_kept_by_a_thread_and_none_is_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R57: a pool with room for each thread that answers commands or keeps house, twice."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://chat@127.0.0.1/chat")
    described = env.database("DATABASE_URL", ROOT / "none.sqlite3")
    assert described["CONN_MAX_AGE"] == 0
    pool = described["OPTIONS"]["pool"]
    # A thread may be waited for as long as a connection.
    assert 2 * pool["timeout"] < SOON
    parameters = inspect.signature(Relay).parameters
    housekeeping = 2  # the keeper's and the reaper's
    threads = parameters["database_threads"].default + BACKGROUND_THREADS + housekeeping
    assert pool["max_size"] >= 2 * threads
