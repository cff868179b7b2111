"""The test database goes at the end of a run, whoever is still leaving it.

PostgreSQL drops no database while a session is in it. The last server under test was killed a
moment ago, and the last thread of the run's own pool may still be closing its connection: that is
no reason for a run to fail after its last test has passed.
"""

from __future__ import annotations

import pytest
from django.db.backends.postgresql.creation import DatabaseCreation


def _drop(self: DatabaseCreation, test_database_name: str, verbosity: int) -> None:
    self.connection.close_pool()  # type: ignore[attr-defined]
    name = self.connection.ops.quote_name(test_database_name)
    with self._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def pytest_configure(config: pytest.Config) -> None:
    DatabaseCreation._destroy_test_db = _drop  # type: ignore[attr-defined]
