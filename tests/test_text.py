"""What a database, msgpack or UTF-8 refuses never gets past the door (R16)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import msgpack  # type: ignore[import-untyped]
import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversations.text import Cleaner, clean, clean_json

pytestmark = pytest.mark.nodb

# Code points of every kind that some part refuses, or might: surrogates, NUL, non-characters.
NASTY = st.sampled_from(
    "\0\ud83d\ude00\ud800\udfff\ufffe\uffff\U0010ffff\ufdd0\ufeff\ufffd\u2028\u202e\x7f\x1b\r\naé漢😀"
)
texts = st.lists(st.one_of(NASTY, st.characters(codec=None)), max_size=40).map("".join)


@st.composite
def cut_texts(draw: st.DrawFn) -> list[str]:
    """A text in random pieces, empty ones among them."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def one_by_one(text: str) -> str:
    """The same cleaning, spelt out code point by code point."""
    out, rest = [], list(text)
    while rest:
        char = rest.pop(0)
        if "\ud800" <= char <= "\udbff" and rest and "\udc00" <= rest[0] <= "\udfff":
            low = rest.pop(0)
            out.append(chr(0x10000 + ((ord(char) - 0xD800) << 10) + ord(low) - 0xDC00))
        elif char == "\0" or "\ud800" <= char <= "\udfff":
            out.append("\ufffd")
        else:
            out.append(char)
    return "".join(out)


@given(texts)
@example("\ud83d\ude00")
@example("\ude00\ud83d")
@example("\ud83d\ud83d\ude00\0")
def test_only_nul_and_lone_surrogates_are_replaced(text: str) -> None:
    """R16"""
    cleaned = clean(text)
    assert cleaned == one_by_one(text)
    assert clean(cleaned) == cleaned


@given(texts)
def test_clean_text_passes_utf8_msgpack_and_json(text: str) -> None:
    """R16"""
    cleaned = clean(text)
    assert cleaned.encode().decode() == cleaned
    assert msgpack.unpackb(msgpack.packb(cleaned)) == cleaned
    for ascii_only in (True, False):
        line = json.dumps(cleaned, ensure_ascii=ascii_only).encode()
        assert json.loads(line) == cleaned


@given(cut_texts())
@example(["\ud83d", "\ude00"])
@example(["\ud83d", "", "\ude00"])
@example(["a\ud83d", "b"])
@example(["\ud83d", "\ud83d", "\ude00", "\ud83d"])
def test_a_text_in_pieces_is_cleaned_as_if_it_were_whole(pieces: list[str]) -> None:
    """R16: split surrogate pairs over two deltas."""
    cleaner = Cleaner()
    given_out = [cleaner.feed(piece) for piece in pieces]
    assert all(clean(piece) == piece for piece in given_out)
    whole = "".join(pieces)
    assert "".join(given_out) + cleaner.flush() == clean(whole)
    assert cleaner.replaced == (clean(whole).count("\ufffd") > whole.count("\ufffd"))
    assert cleaner.flush() == ""


def test_a_line_of_a_megabyte_is_cleaned_like_a_short_one() -> None:
    """R16"""
    line = "x" * 1_000_000
    assert clean(line) is line
    assert clean(line + "\0") == line + "\ufffd"


exact_values = st.recursive(
    st.one_of(st.none(), st.booleans(), texts, st.binary(max_size=8), st.integers(), st.dates()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.one_of(texts, st.integers()), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.one_of(exact_values, st.floats(), st.lists(st.floats(), max_size=2)))
def test_any_value_becomes_json_that_every_part_takes(value: object) -> None:
    """R16"""
    cleaned = clean_json(value)
    assert json.loads(json.dumps(cleaned, allow_nan=False)) == cleaned
    assert msgpack.unpackb(msgpack.packb(cleaned), strict_map_key=False) == cleaned


def test_plain_json_is_kept_as_it_is() -> None:
    value = {"a": [1, 2.5, True, None, "é"], "b": {"c": -(2**63)}}
    assert clean_json(value) == value


def test_numbers_beyond_64_bits_become_text() -> None:
    assert clean_json([2**63, 10**5000]) == [hex(2**63), hex(10**5000)]


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


@pytest.fixture(scope="module")
def postgresql(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@given(texts)
def test_sqlite_gives_back_what_it_was_given(sqlite: sqlite3.Connection, text: str) -> None:
    """R16"""
    cleaned = clean(text)
    assert sqlite.execute("SELECT ?", [cleaned]).fetchone() == (cleaned,)


@pytest.mark.postgres
@given(texts, exact_values)
def test_postgresql_gives_back_what_it_was_given(
    postgresql: psycopg.Connection, text: str, value: object
) -> None:
    """R16: text and jsonb."""
    cleaned, document = clean(text), clean_json(value)
    row = postgresql.execute(
        "SELECT %s::text, %s::jsonb", [cleaned, json.dumps(document)]
    ).fetchone()
    assert row == (cleaned, document)
