"""How an answer is described in words, as static/js/message.js does it too."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def thought(milliseconds: object) -> str:
    """How long a model reasoned; the word alone where nobody measured it."""
    if not isinstance(milliseconds, int):
        return _("Reasoning")
    seconds = round(milliseconds / 1000)
    if seconds < 1:
        return _("Thought for a moment")
    time = f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60} s"
    return _("Thought for %(time)s") % {"time": time}
