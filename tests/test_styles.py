"""One scale for type, one for space, colours by their meaning: values stand in tokens.css alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.nodb

STYLES = Path(__file__).resolve().parent.parent / "static" / "css"
# Paper has measures and colours of its own.
APART = {"tokens.css", "print.css"}
SHEETS = sorted(path for path in STYLES.glob("*.css") if path.name not in APART)
# System colours stand where the person has chosen all colours.
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(", re.I)
SPACE = re.compile(r"(?:padding|margin|gap|row-gap|column-gap)(?:-[a-z-]+)?$")
LENGTH = re.compile(r"\b[\d.]*[1-9][\d.]*(?:rem|px|pt)\b")


def declarations(sheet: Path) -> list[tuple[str, str]]:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    return re.findall(r"^\s+([a-z-]+):\s*([^;]+);", text, flags=re.M)


def strays(name: str, value: str) -> bool:
    """Whether a value should be a token's. Shares of the own type size (em) are no steps of it."""
    if COLOUR.search(value):
        return True
    if name == "font-size":
        return not re.fullmatch(r"var\(--size-\d\)|[\d.]+em|inherit", value)
    return bool((SPACE.match(name) or name == "border-radius") and LENGTH.search(value))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colours_sizes_and_spaces_are_tokens(sheet: Path) -> None:
    assert [f"{name}: {value}" for name, value in declarations(sheet) if strays(name, value)] == []


def test_every_token_that_is_used_is_there() -> None:
    """A misspelt one would be nothing at all, and nobody would be told. With a value to fall back
    on, ``var(--x, 0px)``, it is for a script to set.
    """
    known = set(re.findall(r"^\s+(--[a-z0-9-]+):", (STYLES / "tokens.css").read_text(), flags=re.M))
    used = {
        (sheet.name, token)
        for sheet in SHEETS
        for token in re.findall(r"var\((--[a-z0-9-]+)\)", sheet.read_text(encoding="utf-8"))
    }
    assert sorted(each for each in used if each[1] not in known) == []


def test_dark_is_the_same_tokens_with_other_raw_values() -> None:
    text = (STYLES / "tokens.css").read_text(encoding="utf-8")
    raw = r"^\s+(--raw-[a-z0-9-]+):"
    light, dark = text.split("(prefers-color-scheme: dark)")
    changed = dark.split("@media")[0]
    assert set(re.findall(raw, changed, flags=re.M)) == set(re.findall(raw, light, flags=re.M))


def test_no_sheet_says_left_or_right() -> None:
    """From right to left the page is its own mirror image."""
    physical = re.compile(r"^(?:(?:margin|padding|border)-(?:left|right).*|left|right|float)$")
    sides = [
        f"{sheet.name} {name}"
        for sheet in SHEETS
        for name, _ in declarations(sheet)
        if physical.match(name)
    ]
    assert sides == []
