"""Without Redis there is one server process: a second one on the same database does not start.

What is live is in that one's memory. Two would work beside each other without hearing of each
other, and nobody would see why pages are late. The lock belongs to the process, not to a file or a
row that it could leave behind: however it dies, the next one gets it at once.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

PATIENCE = 3.0  # seconds: the one before may be about to end
STEP = 0.1
KEY = 0x63686174  # "chat": one of the numbers that PostgreSQL locks by, for each database
# Of a machine that lost its power PostgreSQL would hear nothing for two hours.
WATCHFUL = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}
REFUSAL = (
    "Another server process is on this database already, and without REDIS_URL there may be one "
    "only: what is live is in its memory. Stop it, or set REDIS_URL for all of them."
)

Release = Callable[[], None]


def be_the_only_one(patience: float = PATIENCE) -> Release:
    """Take this database for this process, until it ends or calls what is returned."""
    take = _take_file if connection.vendor == "sqlite" else _take_server
    pause = threading.Event()
    for _ in range(max(1, round(patience / STEP))):
        release = take()
        if release is not None:
            return release
        pause.wait(STEP)
    raise ImproperlyConfigured(REFUSAL)


def _take_file() -> Release | None:
    """SQLite: a lock on a file beside the database's, which stays and means nothing by itself."""
    name = Path(connection.settings_dict["NAME"])
    file = name.with_name(f"{name.name}-server").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file.close


def _take_server() -> Release | None:
    """PostgreSQL: a lock of a session, on a connection of its own."""
    session = psycopg.connect(**connection.get_connection_params(), autocommit=True)
    for name, value in WATCHFUL.items():
        session.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
    row = session.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
    if row is None or not row[0]:
        session.close()
        return None
    return session.close
