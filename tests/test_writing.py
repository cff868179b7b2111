"""What a failed question to the database means."""

from __future__ import annotations

import sqlite3

import pytest
from django.db import DatabaseError, OperationalError, connection

from conversations.writing import is_away


@pytest.mark.django_db
def test_what_the_database_lacks_is_a_fault_and_no_lack_of_time() -> None:
    """R48, R57: SQLite says both by one kind of error, and only one of them passes by waiting."""
    with pytest.raises(DatabaseError) as lacking, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nothing_here")
    assert not is_away(lacking.value)
    locked = OperationalError("database is locked")
    locked.__cause__ = sqlite3.OperationalError("database is locked")
    locked.__cause__.sqlite_errorname = "SQLITE_BUSY"
    assert is_away(locked)
    assert is_away(OperationalError("couldn't get a connection after 2.00 sec"))
    assert not is_away(None)
