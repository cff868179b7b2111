"""What the exported page needs to show a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from conversations.export import exports
from conversations.export.passages import passages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conversations.export.passages import Passage
    from conversations.transcript import Item

register = template.Library()


@register.filter
def in_passages(text: str) -> Iterator[Passage]:
    return passages(text)


@register.filter
def outcome(item: Item) -> str:
    return exports.outcome_of(item)


@register.filter
def called(names: dict[str, str], model: Any) -> str:
    return names.get(model, str(model))
