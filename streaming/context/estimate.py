"""How many tokens a text will be: a guess, corrected by what the service reports.

Tokenizers differ between models and most are not public. The guess counts kinds of characters, at
the speed of `bytes.translate` because the whole history is read before each request, and errs on
the large side. The ratio that `calibration` learns for a model makes up for the rest.
"""

import math
import string
from collections.abc import Iterable

# Tokens per character. English words bring their spaces along; capitals, digits, signs and code
# are denser. UTF-8's lead bytes tell the other scripts apart: of two bytes (Greek, Cyrillic,
# Arabic, accents), of three (Chinese, Thai, Hindi), of four (emoji).
_WEIGHTS = (
    (string.ascii_lowercase.encode(), 0.28),
    (string.ascii_uppercase.encode(), 0.5),
    (string.digits.encode(), 0.8),
    (b" ", 0.06),
    (bytes(code for code in range(128) if code != 32 and not chr(code).isalnum()), 0.65),
    (bytes(range(0xC2, 0xE0)), 0.7),
    (bytes(range(0xE0, 0xF0)), 1.2),
    (bytes(range(0xF0, 0xF5)), 2.5),
)

MESSAGE_TOKENS = 4  # the marks around a message
REQUEST_TOKENS = 16  # what a model adds by itself

LOWEST_RATIO, HIGHEST_RATIO = 0.5, 3.0
# Below this many tokens a request is mostly the model's own additions and teaches nothing.
_TELLING = 100
# Pairs at ratio 1 that stand for what was known before: a few reports must not lower the ratio.
_PRIOR = (1.0, 1.0, 1.0)


def tokens(text: str) -> int:
    """About how many tokens the text is, before any correction; 0 for an empty one."""
    data = text.encode("utf-8", "replace")
    size = len(data)
    return math.ceil(
        sum((size - len(data.translate(None, kind))) * weight for kind, weight in _WEIGHTS)
    )


def calibration(pairs: Iterable[tuple[int, int]]) -> float:
    """The ratio to multiply estimates of a model with, from (uncorrected estimate, reported).

    `reported` is all input of a request: fresh tokens, cache reads and cache writes. Give the
    newest 50 or so. The ratio covers nine reports of ten: it rises with the first reports that are
    larger than their estimates and sinks only with many that are smaller. It is rounded up to a
    tenth, so that it, and with it the point where history is cut, rarely changes (R112).
    """
    told = (reported / guess for guess, reported in pairs if guess >= _TELLING and reported > 0)
    ratios = sorted([*_PRIOR, *told])
    covering = ratios[math.ceil(0.9 * len(ratios)) - 1]
    tenths = math.ceil(round(covering * 10, 6))  # 1.1 * 10 is a little more than 11
    return min(max(tenths / 10, LOWEST_RATIO), HIGHEST_RATIO)
