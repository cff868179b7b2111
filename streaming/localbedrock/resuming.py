"""Going on with an answer that was cut off: given its beginning, or asked to go on with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .answers import Answer
from .history import Call, text_of

_GO_ON = re.compile(r"\b(cut off|interrupted|stopped)\b.*\b(go on|continue)\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Resumed:
    """`call` is as it was asked first, `begun` what is there of its answer, `asked` whether the
    user asked to go on (otherwise the request ended with the beginning of the answer).
    """

    call: Call
    begun: str = ""
    asked: bool = False


def resumed(call: Call) -> Resumed:
    messages = call.messages
    if messages and messages[-1]["role"] == "assistant":
        return Resumed(_until(call, -1), text_of(messages[-1]["content"]))
    if len(messages) > 2 and _GO_ON.search(call.last_user_text):
        return Resumed(_until(call, -2), text_of(messages[-2]["content"]), asked=True)
    return Resumed(call)


def rest_of(answer: Answer, begun: str) -> Answer:
    """The answer without its beginning; whole where it does not begin like that."""
    said = answer.text if answer.deltas is None else "".join(answer.deltas)
    if not begun or not said.startswith(begun):
        return answer
    rest = said[len(begun) :]
    return replace(answer, text=rest, deltas=None, reasoning="", signature=None, served=())


def _until(call: Call, end: int) -> Call:
    return replace(call, body={**call.body, "messages": call.messages[:end]})
