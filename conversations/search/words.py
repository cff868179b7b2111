"""What a person looks for, in words; and the places of a text where it stands.

``tides moon``: both, the last one perhaps only begun. ``"spring tide"``: side by side. Case and
accents do not count. Nothing that can be typed is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from conversations.text import clean

LENGTH = 500  # characters of a query
TERMS = 20

_PIECES = re.compile(r'"([^"]*)("|$)|[^\s"]+')
_MARKS = re.compile("[\u0300-\u036f]")
# Written without spaces between words: no index of words finds a part of it.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
# Korean hangs its particles on the word.
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; of the last one perhaps only the beginning is given."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All terms are asked for. ``pieces``: as typed, where the texts themselves must be read."""

    terms: tuple[Term, ...]
    pieces: tuple[str, ...] = ()


def parse(text: str) -> Query | None:
    """None where nothing is asked for."""
    typed = [
        (found[1] if found[1] is not None else found[0], found[1] is not None, found[2] == '"')
        for found in _PIECES.finditer(clean(text)[:LENGTH])
    ][:TERMS]
    pieces = tuple(piece.strip() for piece, _, _ in typed if piece.strip())
    if not pieces:
        return None
    last = len(typed) - 1
    terms = tuple(
        Term(words, _is_open(words, begun=at == last and not closed))
        for at, (piece, _, closed) in enumerate(typed)
        if (words := words_of(piece))
    )
    if not terms or any(_UNSPACED.search(piece) for piece in pieces):
        return Query((), pieces)
    return Query(terms)


def _is_open(words: tuple[str, ...], *, begun: bool) -> bool:
    """Whether more may follow. One letter begins too much to be looked for."""
    return (begun and len(words[-1]) > 1) or _HANGUL.search(words[-1]) is not None


def words_of(text: str) -> tuple[str, ...]:
    """Runs of letters and digits, with the marks upon them."""
    runs = "".join(char if _is_of_word(char) else " " for char in text).split()
    return tuple(run for run in runs if any(unicodedata.category(char)[0] != "M" for char in run))


def _is_of_word(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "LNM" or category == "Co"


def fold(text: str) -> str:
    """Without case and accents."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()


# --- where it stands ------------------------------------------------------------------------------


def places(query: Query) -> re.Pattern[str]:
    """Finds each term of a query in a text, as far as that is written like the query."""
    if query.pieces:
        wanted = [re.escape(piece) for piece in query.pieces]
    else:
        wanted = [_as_pattern(term) for term in query.terms]
    return re.compile("|".join(sorted(wanted, key=len, reverse=True)), re.IGNORECASE)


def _as_pattern(term: Term) -> str:
    words = [
        "".join(f"{_like(char)}[\u0300-\u036f]*" for char in fold(word)) for word in term.words
    ]
    end = r"[^\W_]*" if term.prefix else r"(?![^\W_])"
    return r"(?<![^\W_])" + r"[\W_]+".join(words) + end


def _like(char: str) -> str:
    """What stands for a letter, with whatever accent."""
    others = _accented().get(char, "")
    return f"[{char}{others}]" if others else re.escape(char)


@cache
def _accented() -> dict[str, str]:
    """Letters that carry an accent, by the letter without it: Latin, Greek, Cyrillic."""
    found: dict[str, str] = defaultdict(str)
    for first, last in ((0xC0, 0x24F), (0x370, 0x52F), (0x1E00, 0x1FFF)):
        for char in map(chr, range(first, last + 1)):
            plain = fold(char)
            if len(plain) == 1 and plain != char.lower():
                found[plain] += char
    return found


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text: ``hit`` where it is what was looked for."""

    text: str
    hit: bool


def segments(text: str, pattern: re.Pattern[str]) -> list[Segment]:
    """A short text as a whole."""
    return list(_cut(text, pattern))


BEFORE, BEHIND = 50, 150  # characters around the first place


def excerpt(text: str, pattern: re.Pattern[str]) -> list[Segment]:
    """The surroundings of the first place; the beginning where none is found."""
    first = pattern.search(text)
    at = first.start() if first else 0
    start = _word_start(text, max(0, at - BEFORE), at)
    end = max(first.end() if first else 0, at + BEHIND)
    shown = " ".join(text[start:end].split())
    around = f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}"
    return list(_cut(around, pattern))


def _word_start(text: str, start: int, at: int) -> int:
    if start == 0:
        return 0
    space = re.compile(r"\s").search(text, start, at)
    return space.end() if space else start


def _cut(text: str, pattern: re.Pattern[str]) -> Iterator[Segment]:
    done = 0
    for found in pattern.finditer(text):
        if found.start() == found.end():
            continue
        if found.start() > done:
            yield Segment(text[done : found.start()], hit=False)
        yield Segment(found[0], hit=True)
        done = found.end()
    if done < len(text):
        yield Segment(text[done:], hit=False)
