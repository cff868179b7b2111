"""What a file was called, as far as it can be shown; nothing is ever stored under such a name."""

from __future__ import annotations

import unicodedata

from conversations.models.attachment import NAME_LENGTH
from conversations.text import clean


def shown(name: str, otherwise: str) -> str:
    """The name without folders, controls and marks that turn text around; the end stays.

    ``otherwise``: where nothing is left of it.
    """
    last = clean(name).replace("\\", "/").rpartition("/")[2]
    # C: controls, formats (direction, zero width), surrogates, private use; Z: spaces of all kinds.
    kept = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in last)
    words = " ".join(kept.split()).strip(". ")
    if len(words) <= NAME_LENGTH:
        return words or otherwise
    # Whoever reads it wants to know what it is: beginning and end.
    return f"{words[: NAME_LENGTH - 21]}…{words[-20:]}"
