"""A short title from the conversation that a request for a title quotes."""

import re

from .history import Call, text_of

_WORDS = 7
_CHARACTERS = 48

_TURN = re.compile(r"(?im)^\W*(?:user|person|human|question|q)\W*:\s*(\S.*)$")
_TAGGED = re.compile(r"(?s)<(\w+)[^>]*>\s*(.+?)\s*</\1>")
_POLITENESS = re.compile(
    r"(?i)^(?:(?:hello|hi|hey|please|thanks?)\b[,.! ]*"
    r"|(?:can|could|would|will) you (?:please )?(?:tell me|explain(?: to me)?|show me|write)?\b"
    r"|(?:tell me|explain(?: to me)?|show me|i(?: would|'d) like to know)\b\s*(?:about\b)?"
    r"|what(?:'s| is| are)\b)\s*"
)
_MARKS = re.compile(r"\[\[.*?\]\]|https?://\S+|[#>|\[\]]+")
_EMPHASIS = re.compile(r"[*`~]+|(?<!\w)_+|_+(?!\w)")


def title_of(call: Call) -> str:
    """At most seven words, without punctuation at the end."""
    line = _first_line(_quoted(call))
    while (shorter := _POLITENESS.sub("", line, count=1)) != line:
        line = shorter
    words = line.split()[:_WORDS]
    while words and len(" ".join(words)) > _CHARACTERS:
        words.pop()
    title = (" ".join(words) or line[:_CHARACTERS]).strip(" .,:;!?\"'–-")
    return title[:1].upper() + title[1:] if title else "A first conversation"


def _quoted(call: Call) -> str:
    """What the title is for: an earlier turn, or what the last message quotes."""
    if len(call.messages) > 1:
        return text_of(call.messages[0]["content"])
    text = call.last_user_text
    if turn := _TURN.search(text):
        return turn[1]
    if tagged := _TAGGED.search(text):
        return tagged[2]
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if not re.search(r"(?i)\btitle\b", p)]
    return paragraphs[0] if paragraphs else re.sub(r"(?is)^.*?\btitle\b[^:]*:", "", text)


def _first_line(text: str) -> str:
    lines = (
        " ".join(_MARKS.sub(" ", _EMPHASIS.sub("", line)).split()) for line in text.splitlines()
    )
    line = next((line for line in lines if line), "")
    return re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0] if len(line) > _CHARACTERS else line
