"""How an answer is described in words, as static/js/message.js does it too."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def thought(milliseconds: object) -> str:
    """How long a model reasoned; the word alone where nobody measured it."""
    if not isinstance(milliseconds, int):
        return "Reasoning"
    seconds = round(milliseconds / 1000)
    if seconds < 1:
        return "Thought for a moment"
    if seconds < 60:
        return f"Thought for {seconds} s"
    return f"Thought for {seconds // 60} min {seconds % 60} s"
