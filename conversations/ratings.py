"""What may be said of an answer: good or not, why, and in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UP, DOWN = "up", "down"
COMMENT_LENGTH = 2_000  # characters

# By rating: codes, which are kept and go over the wire, and what people read in their place.
REASONS: dict[str, dict[str, Promise]] = {
    UP: {
        "correct": _("Correct"),
        "clear": _("Clear and easy to read"),
        "thorough": _("Thorough"),
        "original": _("A good idea"),
    },
    DOWN: {
        "incorrect": _("Not correct"),
        "instructions": _("Did not do what was asked"),
        "incomplete": _("Incomplete"),
        "long": _("Too long"),
        "unclear": _("Hard to read"),
        "refused": _("Refused without need"),
        "harmful": _("Harmful or offensive"),
    },
}


def known(rating: str, reasons: Iterable[str]) -> list[str] | None:
    """The reasons once each, in the order of the list; None where one does not fit the rating."""
    given = set(reasons)
    if not given <= REASONS[rating].keys():
        return None
    return [code for code in REASONS[rating] if code in given]


def words(rating: str, reasons: Iterable[str]) -> list[str]:
    """The reasons as people read them; a code that this version does not know stays a code."""
    return [str(REASONS[rating].get(code, code)) for code in reasons]
