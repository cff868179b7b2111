"""Text is cleaned once, at the door: what a person typed and what a model wrote.

PostgreSQL refuses NUL, UTF-8 and msgpack refuse lone surrogates; all of them can stand in a JSON
string. Each becomes U+FFFD, as NUL does in CommonMark. Everything else stays as it is.
"""

import math
import re
from base64 import b64encode
from typing import Any

REPLACEMENT = "\ufffd"

_REFUSED = re.compile("[\0\ud800-\udfff]")
_HIGH_SURROGATES = ("\ud800", "\udbff")
_INT64 = range(-(2**63), 2**63)


def clean(text: str) -> str:
    """The text without what a database, msgpack or UTF-8 refuses.

    A high and a low surrogate side by side are one character and are joined; NUL and each lone
    surrogate become U+FFFD.
    """
    if not _REFUSED.search(text):
        return text
    units = text.replace("\0", REPLACEMENT).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")


def clean_json(value: object) -> Any:
    """A copy of the value that every JSON column takes: a model's extra fields, a raw event.

    Texts and keys are cleaned, bytes become base64, numbers that JSON or 64 bits cannot hold and
    objects of other types become text.
    """
    match value:
        case None | bool():
            return value
        case str():
            return clean(value)
        case int():
            return value if value in _INT64 else hex(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return b64encode(value).decode("ascii")
        case dict():
            return {clean(str(key)): clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [clean_json(item) for item in value]
        case _:
            return clean(str(value))


class Cleaner:
    """Cleans a text that comes in pieces, as if it were cleaned whole.

    A high surrogate at the end of a piece is held back until the next one, or `flush`, tells
    whether its other half follows.
    """

    __slots__ = ("_held", "replaced")

    def __init__(self) -> None:
        self._held = ""
        self.replaced = False  # something was lost: the text is no longer what the model wrote

    def feed(self, piece: str) -> str:
        """What of the text so far is certain and was not given yet."""
        if not self._held and piece.isascii() and "\0" not in piece:
            return piece
        text = self._held + piece
        self._held = ""
        if text and _HIGH_SURROGATES[0] <= text[-1] <= _HIGH_SURROGATES[1]:
            self._held = text[-1]
            text = text[:-1]
        cleaned = clean(text)
        if cleaned is not text:
            self.replaced |= cleaned.count(REPLACEMENT) > text.count(REPLACEMENT)
        return cleaned

    def flush(self) -> str:
        """The end of the text: what was held back has no other half."""
        if not self._held:
            return ""
        self._held = ""
        self.replaced = True
        return REPLACEMENT
