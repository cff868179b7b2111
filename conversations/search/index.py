"""The index of words: made after each migration, filled with what is not in it yet.

Not by a migration: on SQLite a later one that makes a table anew drops its triggers without a word
(they must even be away meanwhile), so they are put back by whichever comes last.
"""

from __future__ import annotations

from typing import Any

from django.db import OperationalError, connections, transaction

from conversations.search import postgres, sqlite

BATCH = 1_000  # messages in one transaction

_MISSING = """
INSERT INTO conversations_searchable (message, conversation, owner{more})
SELECT m.id, c.id, c.owner_id{words}
FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
WHERE m.id > %s AND m.id <= %s AND m.text <> ''
AND NOT EXISTS (SELECT 1 FROM conversations_searchable s WHERE s.message = m.id)
AND NOT EXISTS (
    SELECT 1 FROM conversations_generation g
    WHERE g.message_id = m.id AND g.status IN ('pending', 'streaming')
)
{conflict}
"""
_MISSING_TITLES = f"""
INSERT INTO conversations_searchable (conversation, owner{{more}})
SELECT c.id, c.owner_id{{words}} FROM conversations_conversation c
WHERE c.title NOT IN {sqlite.UNTITLED} AND NOT EXISTS (
    SELECT 1 FROM conversations_searchable s WHERE s.conversation = c.id AND s.message IS NULL
)
{{conflict}}
"""  # noqa: S608 (constants)


def before_migration(sender: Any, using: str, plan: list[Any], **kwargs: Any) -> None:
    """Receiver of ``pre_migrate``."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            sqlite.remove_triggers(cursor)


def after_migration(sender: Any, using: str, **kwargs: Any) -> None:
    """Receiver of ``post_migrate``, also after a migration to a version without the table."""
    if "conversations_searchable" in connections[using].introspection.table_names():
        install(using)


def install(using: str) -> None:
    """Make what is missing of the index, and index what is not in it. Safe to run again."""
    connection = connections[using]
    with transaction.atomic(using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            postgres.install(cursor)
        elif has_fts5(using):
            sqlite.install(cursor)
        else:
            return
    _fill(using)


def has_fts5(using: str) -> bool:
    with connections[using].cursor() as cursor:
        try:
            cursor.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'")
        except OperationalError:  # an SQLite that cannot say it
            return False
        return cursor.fetchone() is not None


def is_there(using: str) -> bool:
    connection = connections[using]
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        return sqlite.is_there(cursor)


def _fill(using: str) -> None:
    connection = connections[using]
    texts, titles = ("", "") if connection.vendor == "sqlite" else ("m.text", "c.title")
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM conversations_message")
        newest = cursor.fetchone()[0]
        for first in range(0, newest, BATCH):
            with transaction.atomic(using):
                cursor.execute(_MISSING.format(**_parts(texts)), [first, first + BATCH])
        with transaction.atomic(using):
            cursor.execute(_MISSING_TITLES.format(**_parts(titles)))


def _parts(text: str) -> dict[str, str]:
    if not text:
        return {"more": "", "words": "", "conflict": ""}
    words = f", conversations_words(c.owner_id, {text})"
    # Who writes at this moment has put the newer words there.
    return {"more": ", words", "words": words, "conflict": "ON CONFLICT DO NOTHING"}
