"""How this product writes: one transaction, and on SQLite one writer of a process at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)

# No connection was to be had, or it broke: later it may work.
AWAY = (OperationalError, InterfaceError)


def is_away(error: BaseException | None) -> bool:
    """Whether the database has no time or is not there, rather than was asked for what it lacks.

    SQLite has one kind of error for all of that.
    """
    cause = error.__cause__ if error else None
    asked_wrong = (
        isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorname == "SQLITE_ERROR"
    )
    return isinstance(error, AWAY) and not asked_wrong


# SQLite's writers wait by sleeping and looking again: 200 answers that end at once took four
# times as long (p50) as when the threads of a process queue up here first.
_sqlite_writer = threading.RLock()


@contextmanager
def write() -> Iterator[None]:
    """A transaction that writes. Nests; keep model calls and other waits out of it."""
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    with _sqlite_writer, transaction.atomic():
        yield


def rest() -> None:
    """This thread is done with the database for now: others get its connection."""
    with suppress(DatabaseError, InterfaceError):
        connections.close_all()
