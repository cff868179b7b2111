"""What the service tells only by the wording of a message: which of several refusals it is.

A ValidationException can mean a request that is too long, a model that does not exist, content
that was filtered, or a defect of ours; a ResourceNotFoundException a missing form. The patterns
are of messages seen in AWS's documentation, in recordings and in other projects' reports.
"""

import re
from typing import Final

DAILY_QUOTA: Final = "daily_quota"

_TOO_LONG = r"""
    input\ is\ too\ long | prompt\ is\ too\ long | prompt\ too\ long
  | input\ tokens\ exceeded | input\ tokens\ exceeds? | too\ many\ input\ tokens
  | input\ length\ and\ .max_tokens.\ exceed | exceeds?\ (?:the\ |its\ )?(?:maximum\ )?context
  | context\ (?:length|window)\ (?:is\ )?exceed | maximum\ context\ length | context_length_exceeded
  | too\ many\ total\ text\ bytes | reduce\ the\ length\ of\ the\ (?:prompt|messages|input)
  | number\ of\ tokens\ in\ the\ prompt\ cannot\ exceed | expected\ maxlength
  | longer\ than\ the\ maximum\ model\ length | maximum\ prompt\ length
"""
_UNSUPPORTED_MODEL = r"""
    model\ identifier\ is\ invalid | could\ not\ resolve\ the\ foundation\ model
  | reached\ the\ end\ of\ its\ life | on-demand\ throughput\ isn.t\ supported
  | doesn.t\ support\ (?:the\ model | streaming | converse | this\ (?:model | operation))
  | (?:model|it)\ is\ not\ supported | marked\ by\ provider\ as\ legacy
"""
_DENIED = r"""
    use\ case\ details | don.t\ have\ access\ to\ the\ model | operation\ not\ allowed
  | access\ to\ this\ model\ is\ not\ available | not\ authorized\ to\ (?:perform|invoke)
"""
_ATTACHMENT = r"""
    doesn.t\ support\ (?:the\ )?(?:\w+\ )?(?:content\ block | documents? | images? | videos?)
  | could\ not\ process\ (?:image|document) | image\ exceeds | document\ exceeds
"""
_FILTERED = r"content\ filter(?:ing|ed)?\b | content\ policy | content\ moderation"

# The first that fits counts.
_PATTERNS: Final = tuple(
    (meaning, re.compile(pattern, re.IGNORECASE | re.VERBOSE))
    for meaning, pattern in (
        (DAILY_QUOTA, r"tokens\ per\ day"),
        ("too_long", _TOO_LONG),
        ("content_filtered", _FILTERED),
        ("model_access_denied", _DENIED),
        ("unsupported_attachment", _ATTACHMENT),
        ("unsupported_model", _UNSUPPORTED_MODEL),
    )
)
# What decides stands at the beginning; the rest can be the request, quoted.
_READ: Final = 400


def refusal_of(message: str) -> str | None:
    """The code that this message stands for, DAILY_QUOTA, or None where it says no more."""
    for meaning, pattern in _PATTERNS:
        if pattern.search(message, 0, _READ):
            return meaning
    return None
