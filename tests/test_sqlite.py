"""Open files of SQLite's go from thread to thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from chatsite import env
from chatsite.sqlite import base

pytestmark = pytest.mark.nodb


@pytest.fixture
def wrapper(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[base.DatabaseWrapper]:
    """A database of its own, whatever the other tests run on."""
    handler = ConnectionHandler({"default": env.database("NOT_SET", tmp_path / "a.sqlite3")})
    wrapper = handler["default"]
    assert isinstance(wrapper, base.DatabaseWrapper)
    wrapper.inc_thread_sharing()
    with django_db_blocker.unblock():
        yield wrapper
        wrapper.close()
    base.close_kept()


def opened(wrapper: base.DatabaseWrapper) -> sqlite3.Connection:
    wrapper.ensure_connection()
    return wrapper.connection


def closes(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_what_one_thread_closes_another_gets_as_it_was_made(wrapper: base.DatabaseWrapper) -> None:
    """R17: with its settings, which are of the connection and not of the file."""
    first = opened(wrapper)
    wrapper.close()
    got = []
    thread = threading.Thread(target=lambda: got.append(opened(wrapper)))
    thread.start()
    thread.join()
    assert got == [first]
    assert first.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert first.execute("PRAGMA synchronous").fetchone() == (1,)
    assert first.isolation_level is None


def test_two_that_are_used_at_once_are_two(wrapper: base.DatabaseWrapper) -> None:
    first = opened(wrapper)
    other = wrapper.copy()
    assert opened(other) is not first
    other.close()


def test_an_unfinished_transaction_is_nobody_elses(wrapper: base.DatabaseWrapper) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE pieces (piece)")
    unfinished = opened(wrapper)
    unfinished.execute("BEGIN IMMEDIATE")
    unfinished.execute("INSERT INTO pieces VALUES (1)")
    wrapper.close()
    assert closes(unfinished)
    with wrapper.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM pieces").fetchone() == (0,)


def test_a_file_that_gave_an_error_is_opened_anew(wrapper: base.DatabaseWrapper) -> None:
    """R56"""
    failed = opened(wrapper)
    with pytest.raises(DatabaseError), wrapper.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    wrapper.close()
    assert closes(failed)


def test_only_some_are_kept(wrapper: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "KEPT", 1)
    others = [wrapper.copy(), wrapper.copy()]
    files = [opened(other) for other in others]
    for other in others:
        other.close()
    assert [closes(file) for file in files] == [False, True]


def test_a_child_opens_its_own(wrapper: base.DatabaseWrapper) -> None:
    """SQLite's files must not be carried over a fork."""
    first = opened(wrapper)
    wrapper.close()
    child = os.fork()
    if not child:
        os._exit(opened(wrapper) is first)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert opened(wrapper) is first
