"""Django's SQLite, with open files that go from thread to thread instead of being opened anew.

Opening one costs more than most of what is asked of it, and one kept by each thread that writes an
answer would cost 150 kB for as long as the model talks. So what a thread closes, the next one gets:
as Django's pool does for PostgreSQL.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
from collections import defaultdict, deque
from typing import Any

from django.db.backends.sqlite3 import base

KEPT = 20  # of one file: more are used at once for moments only

_kept: dict[str, deque[sqlite3.Connection]] = defaultdict(deque)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        try:
            return _kept[self._file].pop()
        except IndexError:
            connection: sqlite3.Connection = super().get_new_connection(conn_params)
            return connection

    def _close(self) -> None:
        kept = _kept[self._file]
        if self.connection.in_transaction or self.errors_occurred or len(kept) >= KEPT:
            super()._close()  # type: ignore[misc]  # which its stubs leave out
        else:
            kept.append(self.connection)

    @property
    def _file(self) -> str:
        return str(self.settings_dict["NAME"])


def close_kept() -> None:
    """For whoever is about to delete the files, or to end."""
    for kept in _kept.values():
        while kept:
            kept.pop().close()


atexit.register(close_kept)
# An open file of SQLite's must not be carried into a child.
os.register_at_fork(after_in_child=_kept.clear)
