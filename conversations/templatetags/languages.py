"""What the page's modules need to speak the page's language; see static/js/i18n.js."""

from __future__ import annotations

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from conversations import languages

register = template.Library()


@register.simple_tag
def catalogue() -> SafeString | str:
    """The words that differ from the English ones in the modules; nothing where none do."""
    words = languages.catalogue()
    return json_script(words, "catalogue") if words else ""
