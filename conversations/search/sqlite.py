"""The index on SQLite: an FTS5 table without a copy of the texts, kept by triggers.

FTS5 forgets a text only when it is told the very text again. So a row of ``Searchable`` is there
exactly while the index has what its message or title holds now, and the index changes with that row
alone: what else happens to a message takes the row away before, and puts it back after.
"""

from __future__ import annotations

from typing import Any

from conversations.search.words import Query, Term

TABLE = "conversations_words"

# ``about`` has whose it is and of which conversation, as words: FTS5 intersects them with what is
# looked for, so that other people's millions of messages cost nothing. Prefixes of two and three
# letters have an index of their own.
CREATE = f"""
CREATE VIRTUAL TABLE IF NOT EXISTS {TABLE} USING fts5(
    about, text, content='', columnsize=0, prefix='2 3',
    tokenize="unicode61 remove_diacritics 2"
)
"""

_TEXT = (
    "CASE WHEN {row}.message IS NULL "
    "THEN (SELECT title FROM conversations_conversation WHERE id = {row}.conversation) "
    "ELSE (SELECT text FROM conversations_message WHERE id = {row}.message) END"
)
_ABOUT = "'o' || {row}.owner || ' c' || {row}.conversation"
_BEING_WRITTEN = (
    "EXISTS (SELECT 1 FROM conversations_generation "
    "WHERE message_id = NEW.id AND status IN ('pending', 'streaming'))"
)
_ADD_MESSAGE = (
    "INSERT INTO conversations_searchable (message, conversation, owner) "
    "SELECT NEW.id, c.id, c.owner_id FROM conversations_conversation c "
    "WHERE c.id = NEW.conversation_id AND NOT EXISTS "
    "(SELECT 1 FROM conversations_searchable WHERE message = NEW.id);"
)
_ADD_TITLE = (
    "INSERT INTO conversations_searchable (message, conversation, owner) "
    "VALUES (NULL, NEW.id, NEW.owner_id);"
)
UNTITLED = "('', 'New conversation')"

# name: when, on which table, and what
TRIGGERS = {
    "searchable_added": (
        "AFTER INSERT ON conversations_searchable",
        f"INSERT INTO {TABLE} (rowid, about, text) "
        f"SELECT NEW.id, {_ABOUT.format(row='NEW')}, {_TEXT.format(row='NEW')};",
    ),
    "searchable_gone": (
        "BEFORE DELETE ON conversations_searchable",
        f"INSERT INTO {TABLE} ({TABLE}, rowid, about, text) "
        f"SELECT 'delete', OLD.id, {_ABOUT.format(row='OLD')}, {_TEXT.format(row='OLD')};",
    ),
    "message_written": (
        "AFTER INSERT ON conversations_message WHEN NEW.text <> ''",
        _ADD_MESSAGE,
    ),
    # A checkpoint comes each second: it finds nothing here, and no end of the answer below.
    "message_changes": (
        "BEFORE UPDATE OF text ON conversations_message WHEN OLD.text IS NOT NEW.text",
        "DELETE FROM conversations_searchable WHERE message = OLD.id;",
    ),
    "message_changed": (
        "AFTER UPDATE OF text ON conversations_message "
        f"WHEN NEW.text <> '' AND NOT {_BEING_WRITTEN}",
        _ADD_MESSAGE,
    ),
    "message_goes": (
        "BEFORE DELETE ON conversations_message",
        "DELETE FROM conversations_searchable WHERE message = OLD.id;",
    ),
    "title_given": (
        f"AFTER INSERT ON conversations_conversation WHEN NEW.title NOT IN {UNTITLED}",
        _ADD_TITLE,
    ),
    "title_changes": (
        "BEFORE UPDATE OF title ON conversations_conversation WHEN OLD.title IS NOT NEW.title",
        "DELETE FROM conversations_searchable WHERE conversation = OLD.id AND message IS NULL;",
    ),
    "title_changed": (
        "AFTER UPDATE OF title ON conversations_conversation "
        f"WHEN OLD.title IS NOT NEW.title AND NEW.title NOT IN {UNTITLED}",
        _ADD_TITLE,
    ),
    "conversation_goes": (
        "BEFORE DELETE ON conversations_conversation",
        "DELETE FROM conversations_searchable WHERE conversation = OLD.id;",
    ),
}

# Which rows of ``conversations_searchable`` fit, by the conversation they belong to.
CONVERSATIONS = (
    "SELECT s.conversation FROM conversations_words w CROSS JOIN conversations_searchable s "
    "ON s.id = w.rowid WHERE conversations_words MATCH %s"
)
# Of all conversations of a page at once: FTS5 puts together all words with a common beginning each
# time it is asked, which is most of what a frequent one costs.
HITS = (
    "SELECT s.conversation, s.message FROM conversations_words w "
    "CROSS JOIN conversations_searchable s ON s.id = w.rowid "
    "WHERE conversations_words MATCH %s AND s.message IS NOT NULL ORDER BY s.message DESC"
)


def install(cursor: Any) -> None:
    cursor.execute(CREATE)
    for name, (when, what) in TRIGGERS.items():
        cursor.execute(f"CREATE TRIGGER IF NOT EXISTS conversations_{name} {when} BEGIN {what} END")


def remove_triggers(cursor: Any) -> None:
    """SQLite renames no table while a trigger names one that is away for a moment, and Django
    makes a table anew to change it."""
    for name in TRIGGERS:
        cursor.execute(f"DROP TRIGGER IF EXISTS conversations_{name}")


def is_there(cursor: Any) -> bool:
    """Whether this SQLite has FTS5, and the index was made."""
    cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [TABLE])
    return cursor.fetchone() is not None


def match(query: Query, *about: str) -> str:
    """The query in FTS5's language. Quoted, a word is only that, whatever it says."""
    any_of = " OR ".join(f'"{each}"' for each in about)
    return " AND ".join([f"about : ({any_of})", *map(_term, query.terms)])


def _term(term: Term) -> str:
    words = " ".join(term.words).replace('"', '""')
    return f'text : "{words}"' + (" *" if term.prefix else "")
