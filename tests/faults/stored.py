"""What the database holds, asked without the product's code."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

_ROWS = """
    SELECT g.id, g.status, m.uuid, m.text, m.conversation_id, g.seq
    FROM conversations_generation g JOIN conversations_message m ON m.id = g.message_id
    ORDER BY g.created_at
"""
LIVE = ("pending", "streaming")


@dataclass(frozen=True, slots=True)
class Row:
    """One generation and the text of its message."""

    generation: str
    status: str
    message: str
    text: str
    conversation: str
    seq: int


@dataclass(frozen=True, slots=True)
class Death:
    """When whoever ran generations was killed, and the characters that were stored of each then."""

    at: float
    stored: dict[str, int]


def rows(database_url: str) -> list[Row]:
    return [
        Row(_id(row[0]), row[1], _id(row[2]), row[3], _id(row[4]), row[5])
        for row in _ask(database_url, _ROWS)
    ]


def terminate_backends(database_url: str) -> int:
    """Ends every connection to the database but this one; says how many."""
    found = _ask(
        database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return len(found)


def _ask(database_url: str, question: str) -> list[Any]:
    if database_url.startswith("sqlite:///"):
        database = sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=20)
        try:
            return database.execute(question).fetchall()
        finally:
            database.close()
    with psycopg.connect(database_url, connect_timeout=5, autocommit=True) as connection:
        return connection.execute(question).fetchall()


def _id(value: Any) -> str:
    return str(value if isinstance(value, UUID) else UUID(str(value)))
