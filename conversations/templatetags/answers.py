"""How an answer is described in words, as static/js/message.js does it too."""

from __future__ import annotations

from urllib.parse import urlsplit

from django import template
from django.utils.translation import gettext as _

register = template.Library()

PORTS = {"http": 80, "https": 443}


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


@register.filter
def host(address: object) -> str:
    """The host to show of an address that may be a link; nothing of one that may not.

    As static/js/markdown/link.js: tests/samples/links.json says so to both.
    """
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        name, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # a broken address, port or name
        return ""
    # "https://bank.example@evil.example/" reads like the bank: a link needs no credentials.
    if parts.scheme not in PORTS or "@" in parts.netloc:
        return ""
    shown = f"[{name}]" if ":" in name else name
    return shown if not name or port in (None, PORTS[parts.scheme]) else f"{shown}:{port}"
