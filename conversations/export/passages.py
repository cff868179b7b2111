"""A text cut into the passages that an export sets apart: prose, code and addresses. Linear in its
length, and nothing is lost: the passages together are the text, without the marks around code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\^{}\[\]()]+", re.IGNORECASE)


class Passage(NamedTuple):
    """``link`` and ``prose`` are shown one behind the other, ``code`` as a block of its own."""

    kind: Literal["prose", "link", "code"]
    text: str


def passages(text: str) -> Iterator[Passage]:
    lines: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        if not fence and (opened := _opened(line)):
            yield from _prose("".join(lines))
            fence, lines = opened, []
        elif fence and _closes(line, fence):
            yield Passage("code", "".join(lines))
            fence, lines = "", []
        else:
            lines.append(line)
    rest = "".join(lines)
    if fence:
        yield Passage("code", rest)
    else:
        yield from _prose(rest)


def open_fence(text: str) -> str:
    """What closes the code that a text leaves open; empty where it leaves none."""
    fence = ""
    for line in text.splitlines():
        if not fence:
            fence = _opened(line)
        elif _closes(line, fence):
            fence = ""
    return fence


def _opened(line: str) -> str:
    found = _FENCE.match(line)
    if found is None:
        return ""
    mark, rest = found[1], line[found.end() :]
    return "" if mark[0] == "`" and "`" in rest else mark


def _closes(line: str, fence: str) -> bool:
    found = _FENCE.match(line)
    return found is not None and found[1].startswith(fence) and not line[found.end() :].strip()


def _prose(text: str) -> Iterator[Passage]:
    end = 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(".,;:!?*_~")
        if found.start() > end:
            yield Passage("prose", text[end : found.start()])
        yield Passage("link", address)
        end = found.start() + len(address)
    if text[end:]:
        yield Passage("prose", text[end:])
