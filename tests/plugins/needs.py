"""What some tests need of the machine: Redis, PostgreSQL, Chromium.

`@pytest.mark.redis`, `@pytest.mark.postgres` and `@pytest.mark.browser` skip a test where its
server or program is missing, with the reason and the package to install. The fixtures
`redis_url`, `postgres_url` and `chromium` (the program's path) tell where it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

REDIS_URL = "redis://127.0.0.1:6379/15"
POSTGRES_URLS = (
    "postgresql://chat:chat@127.0.0.1:5432/postgres",
    "postgresql:///postgres",
    "postgresql://postgres@127.0.0.1:5432/postgres",
)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
CHROMIUM_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class MissingError(Exception):
    """Something the test needs is not on this machine; says what to install."""


@cache
def find_redis() -> str:
    import redis

    url = os.environ.get("TEST_REDIS_URL", REDIS_URL)
    client = redis.Redis.from_url(url, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        raise MissingError(
            f"Redis does not answer at {url}: install the package redis-server and start it, "
            "or name another in TEST_REDIS_URL"
        ) from error
    finally:
        client.close()
    return url


@cache
def find_postgres() -> str:
    """The address of a server where this run may create a database."""
    import psycopg

    named = os.environ.get("TEST_POSTGRES_URL")
    for url in (named,) if named else POSTGRES_URLS:
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            continue
        if row and row[0]:
            return url
    raise MissingError(
        "PostgreSQL does not let this run in"
        + (" at TEST_POSTGRES_URL" if named else " at 127.0.0.1:5432 or its socket")
        + ": install the package postgresql, start it and make a role that may create databases "
        "(CREATE ROLE chat LOGIN CREATEDB PASSWORD 'chat'), or name it in TEST_POSTGRES_URL"
    )


@cache
def find_chromium() -> str:
    named = os.environ.get("CHROMIUM")
    found = (
        [named] if named else [shutil.which(name) for name in CHROMIUM_NAMES] + list(CHROMIUM_PATHS)
    )
    for path in found:
        if path and Path(path).exists():
            return path
    raise MissingError(
        "Chromium is not on this machine: install the package chromium, "
        "or give the program's path in CHROMIUM"
    )


FINDERS: dict[str, Callable[[], str]] = {
    "redis": find_redis,
    "postgres": find_postgres,
    "browser": find_chromium,
}


def _or_skip(find: Callable[[], str]) -> str:
    try:
        return find()
    except MissingError as missing:
        pytest.skip(str(missing))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, find in FINDERS.items():
        if item.get_closest_marker(marker):
            _or_skip(find)


@pytest.fixture(scope="session")
def redis_url() -> str:
    return _or_skip(find_redis)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    return _or_skip(find_postgres)


@pytest.fixture(scope="session")
def chromium() -> str:
    return _or_skip(find_chromium)
