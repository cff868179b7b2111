"""Characters that cannot be seen, made visible for reviewers: they hide instructions (R86)."""

from __future__ import annotations

import re
from typing import Any

from django import template

from conversations import ratings
from conversations.outcomes import STATUSES

register = template.Library()

# Directions, zero-width characters, fillers, tag characters and variation selectors beyond those
# that emoji and scripts need (joiners and U+FE0E/U+FE0F stay as they are).
_HIDDEN = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)


@register.filter
def reveal(text: str) -> str:
    """The text with ⟦U+202E⟧ in the place of each character that nobody sees."""
    return _HIDDEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", str(text))


@register.filter
def status_words(status: str) -> str:
    return str(STATUSES.get(status, status))


@register.filter
def revealed(item: dict[str, Any]) -> dict[str, Any]:
    """An item of a transcript with its texts revealed, and those of its sources, its tools and
    its rating, whose reasons are put into words."""
    shown = {**item, "text": reveal(item["text"]), "reasoning": reveal(item["reasoning"])}
    if given := item["feedback"]:
        reasons = ratings.words(given["rating"], given["reasons"])
        shown["feedback"] = {**given, "reasons": reasons, "comment": reveal(given["comment"])}
    if generation := item["generation"]:
        shown["generation"] = {**generation, "parts": _revealed(generation["parts"])}
    return shown


def _revealed(value: Any) -> Any:
    match value:
        case str():
            return reveal(value)
        case dict():
            return {name: _revealed(inside) for name, inside in value.items()}
        case list():
            return [_revealed(inside) for inside in value]
        case _:
            return value
