"""The index on PostgreSQL: a ``tsvector`` beside each row of ``Searchable``, kept by triggers.

The words are those of any language (``simple``), without accents, and cut at every sign: the parser
would take ``example.com/path`` for one word. Whose text it is stands among the words, as ``/`` and
the number: GIN intersects it with what is looked for, so that other people's millions of messages
cost nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from conversations.search.sqlite import UNTITLED
from conversations.search.words import Query, Term, fold, words_of

SIGNS = "!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~‘’“”„«»–—…·•、。「」"  # '' is one ' in SQL

# The same as words.fold.
FOLDED = f"""
CREATE OR REPLACE FUNCTION conversations_folded(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(
        regexp_replace(normalize(words, NFKD), '[\\u0300-\\u036f]', '', 'g'),
        '{SIGNS}', repeat(' ', {len(SIGNS) - 1})
    )
$$
"""
# A tsvector holds a megabyte: of a text that has too many different words, its beginning is found.
WORDS = """
CREATE OR REPLACE FUNCTION conversations_words(owner bigint, words text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    most integer := 1000000;
BEGIN
    LOOP
        BEGIN
            RETURN ('/' || owner)::tsvector
                || to_tsvector('pg_catalog.simple', conversations_folded(left(words, most)));
        EXCEPTION WHEN program_limit_exceeded THEN
            most := most / 2;
        END;
    END LOOP;
END
$$
"""
MESSAGE = """
CREATE OR REPLACE FUNCTION conversations_message_searchable() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM conversations_searchable WHERE message = OLD.id;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        -- A checkpoint comes each second: until the end of the answer nothing is indexed.
        IF NEW.text = '' OR EXISTS (
            SELECT 1 FROM conversations_generation
            WHERE message_id = NEW.id AND status IN ('pending', 'streaming')
        ) THEN
            DELETE FROM conversations_searchable WHERE message = NEW.id;
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO conversations_searchable AS s (message, conversation, owner, words)
    SELECT NEW.id, c.id, c.owner_id, conversations_words(c.owner_id, NEW.text)
    FROM conversations_conversation c WHERE c.id = NEW.conversation_id
    ON CONFLICT (message) DO UPDATE SET words = excluded.words
    WHERE s.words IS DISTINCT FROM excluded.words;
    RETURN NULL;
END
$$
"""
TITLE = f"""
CREATE OR REPLACE FUNCTION conversations_title_searchable() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM conversations_searchable WHERE conversation = OLD.id;
        RETURN NULL;
    END IF;
    IF NEW.title IN {UNTITLED} THEN
        DELETE FROM conversations_searchable WHERE conversation = NEW.id AND message IS NULL;
        RETURN NULL;
    END IF;
    INSERT INTO conversations_searchable (conversation, owner, words)
    VALUES (NEW.id, NEW.owner_id, conversations_words(NEW.owner_id, NEW.title))
    ON CONFLICT (conversation) WHERE message IS NULL DO UPDATE SET words = excluded.words;
    RETURN NULL;
END
$$
"""  # noqa: S608 (a constant)
_TRIGGERS = {
    "message_written": (
        "AFTER INSERT ON conversations_message FOR EACH ROW WHEN (NEW.text <> '')",
        "message",
    ),
    "message_changed": ("AFTER UPDATE OF text ON conversations_message FOR EACH ROW", "message"),
    "message_gone": ("AFTER DELETE ON conversations_message FOR EACH ROW", "message"),
    "title_given": (
        "AFTER INSERT ON conversations_conversation FOR EACH ROW "
        f"WHEN (NEW.title NOT IN {UNTITLED})",
        "title",
    ),
    "title_changed": (
        "AFTER UPDATE OF title ON conversations_conversation FOR EACH ROW "
        "WHEN (OLD.title IS DISTINCT FROM NEW.title)",
        "title",
    ),
    "conversation_gone": ("AFTER DELETE ON conversations_conversation FOR EACH ROW", "title"),
}
STATEMENTS = [
    "ALTER TABLE conversations_searchable ADD COLUMN IF NOT EXISTS words tsvector",
    # Written in batches: what waits to be sorted in is read by every search, so it stays small.
    "CREATE INDEX IF NOT EXISTS searchable_words ON conversations_searchable "
    "USING gin (words) WITH (gin_pending_list_limit = 512)",
    FOLDED,
    WORDS,
    MESSAGE,
    TITLE,
    *(
        f"CREATE OR REPLACE TRIGGER conversations_{name} {when} "
        f"EXECUTE FUNCTION conversations_{what}_searchable()"
        for name, (when, what) in _TRIGGERS.items()
    ),
]
VERSION = hashlib.sha256("\n".join(STATEMENTS).encode()).hexdigest()

# The planner knows neither what a tsvector costs to read nor how many words of one person's there
# are: it is told which way to go, by whether there are many. Rare words: by the index of words.
# Frequent ones: conversation by conversation from the newest on, where a page is soon full; their
# rows all together would be much to read. OFFSET 0 keeps subqueries as they are.
MANY = 3_000
WITHOUT_SCANS = "SELECT set_config('enable_seqscan', %s, true)"

# A query of which nothing is left in the eyes of the parser fits nothing, and not everything.
_FITS = (
    "s.words @@ (%s::tsquery && to_tsquery('pg_catalog.simple', %s)) "
    "AND numnode(to_tsquery('pg_catalog.simple', %s)) > 0"
)
COUNT = (
    f"SELECT COUNT(*) FROM (SELECT 1 FROM conversations_searchable s WHERE {_FITS} LIMIT {MANY}) x"  # noqa: S608 (constants)
)
CONVERSATIONS = f"SELECT s.conversation FROM conversations_searchable s WHERE {_FITS} OFFSET 0"  # noqa: S608
FITS_ONE = (
    "EXISTS (SELECT 1 FROM conversations_searchable s "  # noqa: S608
    f"WHERE s.conversation = conversations_conversation.id AND {_FITS} OFFSET 0)"
)
HITS = (
    "SELECT s.message FROM conversations_searchable s "
    "WHERE s.conversation = %s AND s.message IS NOT NULL "
    "AND s.words @@ to_tsquery('pg_catalog.simple', %s) ORDER BY s.message DESC LIMIT %s"
)


def install(cursor: Any) -> bool:
    """Whether there was something to do: each of these statements stops the writers a moment."""
    cursor.execute("SELECT obj_description('conversations_searchable'::regclass, 'pg_class')")
    if cursor.fetchone()[0] == VERSION:
        return False
    for statement in STATEMENTS:
        cursor.execute(statement)
    cursor.execute(f"COMMENT ON TABLE conversations_searchable IS '{VERSION}'")
    return True


def whose(owner: int) -> str:
    return f"'/{owner}'"


def match(query: Query) -> str:
    """The query in the language of ``to_tsquery``: only letters and digits, each word quoted."""
    return " & ".join(filter(None, map(_term, query.terms)))


def _term(term: Term) -> str:
    quoted = [f"'{word}'" for word in words_of(fold(" ".join(term.words)))]
    phrase = " <-> ".join(quoted) + (":*" if quoted and term.prefix else "")
    return f"({phrase})" if quoted else ""
