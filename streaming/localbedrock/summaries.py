"""A summary made of the conversation that a request for one quotes: what was asked, in short."""

import re

from .history import Call

_LINES = 40
_CHARACTERS = 120

# The instruction is the first paragraph; what is quoted below it can speak of anything.
_WANTED = re.compile(r"(?is)\bconversation\b.*\bsummari[sz]e\b|\bsummari[sz]e\b.*\bconversation\b")
_NOTED = re.compile(r"(?m)^- (.+)|^(?:User|Human|Person):\s*(\S.*)")


def is_summary_request(call: Call) -> bool:
    """A call without stream that asks for a summary, as a chat makes it in the background."""
    return call.operation in ("Converse", "InvokeModel") and bool(
        _WANTED.search(call.last_user_text.partition("\n\n")[0])
    )


def summary_of(call: Call) -> str:
    """A list of the questions, behind those of an earlier summary; the newest where it is long."""
    quoted = call.last_user_text.partition("\n\n")[2]
    noted = [" ".join((before or asked).split()) for before, asked in _NOTED.findall(quoted)]
    lines = [f"- {_short(each)}" for each in noted[-_LINES:]]
    return "\n".join(["The user asked:", *lines] if lines else ["Nothing was asked."])


def _short(line: str) -> str:
    return line if len(line) <= _CHARACTERS else f"{line[: _CHARACTERS - 1]}…"
