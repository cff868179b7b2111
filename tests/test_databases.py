"""What a run of the tests leaves on PostgreSQL: nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.creation import DatabaseCreation
from psycopg_pool.base import AttemptWithBackoff

from chatsite import env

pytestmark = [pytest.mark.postgres, pytest.mark.nodb]


@pytest.fixture
def scratch(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[DatabaseCreation, str]:
    name = f"test_chat_scratch_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return wrapper(postgres_url, monkeypatch).creation, name


def wrapper(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> DatabaseWrapper:
    monkeypatch.setenv("SCRATCH_URL", postgres_url)
    described = env.database("SCRATCH_URL", Path("unused.sqlite3"))
    described |= {"TIME_ZONE": None, "AUTOCOMMIT": True}
    return DatabaseWrapper(described, "scratch")


def test_a_database_that_was_away_for_a_minute_is_not_waited_for_another(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R56: the pauses between attempts to connect do not double for minutes.

    That the next one who asks begins anew is shown by `make soak`, which has the minute.
    """
    pool = wrapper(postgres_url, monkeypatch).pool  # type: ignore[attr-defined]
    attempt = AttemptWithBackoff(timeout=pool.reconnect_timeout)
    now, pauses = 100.0, []
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert max(pauses) < 3
    assert now < 105


def test_the_test_database_goes_though_somebody_is_still_in_it(
    scratch: tuple[DatabaseCreation, str], postgres_url: str, django_db_blocker: Any
) -> None:
    """A server that was killed a moment ago must not make a run fail that has passed."""
    creation, name = scratch
    somebody = psycopg.connect(urlsplit(postgres_url)._replace(path=f"/{name}").geturl())
    with django_db_blocker.unblock():
        creation._destroy_test_db(name, 0)  # type: ignore[attr-defined]
    with pytest.raises(psycopg.OperationalError):
        somebody.execute("SELECT 1")
    somebody.close()
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        assert found.fetchone() is None
