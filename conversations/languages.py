"""In which language a person is spoken to: as chosen in the settings, else as the browser asks.

What is stored is a code; its sentence is made when it is shown, in the language of whoever sees it.
"""

from __future__ import annotations

import gettext as catalogues
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import (
    check_for_language,
    get_language,
    get_supported_language_variant,
    override,
    to_locale,
)
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from conversations.models import User

CONTEXT = "\x04"  # between context and text, as gettext keeps them


def spoken(user: User, accepted: str) -> str:
    """A person's language; ``accepted`` is what the browser says (``Accept-Language``)."""
    if user.language and check_for_language(user.language):
        return user.language
    for asked, _quality in parse_accept_lang_header(accepted):
        try:
            return get_supported_language_variant(asked)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def in_language(language: str) -> override:
    """``with in_language(…)``: what is said inside is said in it; nothing: in the site's own."""
    return override(language or settings.LANGUAGE_CODE)


def number(value: float, decimals: int = 0) -> str:
    """As the language writes it, for sentences."""
    return str(number_format(value, decimals, force_grouping=True))


# --- what the page's modules say (static/js/i18n.js) ----------------------------------------------


def catalogue() -> dict[str, str | list[str]]:
    """The words of the page's modules in the current language, by their English ones."""
    return _catalogue(get_language() or settings.LANGUAGE_CODE)


@cache
def _catalogue(language: str) -> dict[str, str | list[str]]:
    folders = [str(folder) for folder in settings.LOCALE_PATHS]
    found: dict[str, str | list[str]] = {}
    for folder in folders:
        words = catalogues.translation("djangojs", folder, [to_locale(language)], fallback=True)
        # What the standard library keeps of a file: text → text, (text, number of the form) → text.
        entries: dict[Any, str] = getattr(words, "_catalog", {})
        found |= {key: text for key, text in entries.items() if isinstance(key, str) and key}
        forms_of: dict[str, dict[int, str]] = {}
        for key, text in entries.items():
            if isinstance(key, tuple):
                forms_of.setdefault(key[0], {})[key[1]] = text
        found |= {key: [each[n] for n in sorted(each)] for key, each in forms_of.items()}
    return found
