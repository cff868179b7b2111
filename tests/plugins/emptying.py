"""After a test that commits, the database is as its migrations left it, within milliseconds.

Django's own `flush` empties every table and makes content types, permissions and groups anew. That
costs SQLite a tenth of a second, and PostgreSQL, which begins new files for each table, half a
second: more than most tests. Here rows go from the tables that have some, and what migrations make
stays for as long as it is exactly that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError
from django.core.management.commands import flush
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Rows = dict[str, list[tuple[Any, ...]]]

# What `flush` makes anew: tables that are full after every migration.
MADE = ("auth_group", "auth_group_permissions", "auth_permission", "django_content_type")
TRIES = 5


class Emptying:
    """``whole``: Django's way, for the first time and where a test changed what is ``MADE``."""

    def __init__(self, whole: Callable[..., Any]) -> None:
        self._whole = whole
        self._made: dict[str, Rows] = {}

    def handle(self, command: flush.Command, **options: Any) -> None:
        """Emptied for certain: the next test must not find what this one left.

        A server under test may still be writing. PostgreSQL gives up one of two that wait for each
        other, and what is written between two tables' turns may refer to what is gone.
        """
        for _ in range(TRIES - 1):
            try:
                return self._once(command, **options)
            except (CommandError, DatabaseError):
                continue
        return self._once(command, **options)

    def _once(self, command: flush.Command, **options: Any) -> None:
        connection = connections[options["database"]]
        made = self._made.get(connection.alias)
        plain = not options["inhibit_post_migrate"] and not options["reset_sequences"]
        if plain and made is not None and _delete_rows(connection, made):
            return
        self._whole(command, **options)
        if plain:
            self._made[connection.alias] = _rows_of(connection)


def _delete_rows(connection: BaseDatabaseWrapper, made: Rows) -> bool:
    """Whether that was enough: False where what migrations make is not what it was."""
    quote = connection.ops.quote_name
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = connection.introspection.django_table_names(include_views=False)
        if connection.vendor == "postgresql":
            # As emptying them wholly does: whoever is writing ends first, nobody begins meanwhile.
            names = ", ".join(map(quote, tables))
            cursor.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
        emptied = [name for name in tables if name not in MADE]
        looks = " UNION ALL ".join(
            f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {quote(name)})"  # noqa: S608
            for number, name in enumerate(emptied)
        )
        cursor.execute(looks)
        for (number,) in cursor.fetchall():
            # In any order: what refers to what is looked at when the transaction ends.
            cursor.execute(f"DELETE FROM {quote(emptied[number])}")  # noqa: S608
        return _rows_of(connection) == made


def _rows_of(connection: BaseDatabaseWrapper) -> Rows:
    found = {}
    with connection.cursor() as cursor:
        for name in MADE:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)} ORDER BY id")  # noqa: S608
            found[name] = cursor.fetchall()
    return found


def pytest_configure(config: pytest.Config) -> None:
    emptying = Emptying(flush.Command.handle)
    flush.Command.handle = lambda command, **options: emptying.handle(command, **options)  # type: ignore[method-assign]
