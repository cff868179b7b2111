"""What the demonstration model says: useful to look at, and honest about what it is."""

import re
from dataclasses import replace

from . import samples
from .answer_blocks import ToolUse
from .answers import Answer
from .history import Call, text_of
from .phrases import Phrasebook
from .reasoning import signed, thought
from .resuming import resumed
from .steps import Reply
from .summaries import is_summary_request, summary_of
from .titles import title_of


def is_title_request(call: Call) -> bool:
    """A call without stream that asks for a title, as a chat makes it in the background."""
    return (
        call.operation in ("Converse", "InvokeModel")
        and "title" in f"{call.system_text}\n{call.last_user_text}".lower()
    )


def is_background(call: Call) -> bool:
    """A call that a chat makes for itself, of which the person sees no answer."""
    return is_summary_request(call) or is_title_request(call)


class Demonstration:
    """The reply to a call that no test has prepared. `first_after` in seconds."""

    def __init__(self, first_after: float) -> None:
        self._first_after = first_after
        self._phrasebook = Phrasebook()

    def reply(self, call: Call) -> Reply:
        if is_summary_request(call):
            return Answer(summary_of(call), first_after=self._first_after)
        if is_title_request(call):
            return Answer(title_of(call), first_after=self._first_after)
        again = resumed(call)
        answer = replace(_answer(again.call), first_after=self._first_after)
        return self._phrasebook.apply(answer, again)


def _answer(call: Call) -> Answer:
    text = _obeying(call.system_text, _text(call))
    if reasoning := thought(call):
        return Answer(text, reasoning=reasoning, signature=signed(reasoning, call))
    if tools := _tools(call):
        return Answer(
            f"I will use `{tools[0].name}` for that.", tool_uses=tools, stop_reason="tool_use"
        )
    return Answer(text)


def _text(call: Call) -> str:
    if results := _tool_results(call):
        return f"The tool says:\n\n```\n{results}\n```\n"
    asked = call.last_user_text.lower()
    for pattern, say in _TOPICS:
        if re.search(pattern, asked):
            return say(call)
    return _introduction(call) if len(call.messages) == 1 else _later_turn(call)


def _introduction(call: Call) -> str:
    return samples.INTRODUCTION.format(asked=_quote(call.last_user_text))


def _later_turn(call: Call) -> str:
    return samples.LATER_TURN.format(
        turn=_ordinal(len(_questions(call))),
        asked=_quote(call.last_user_text),
        first=_quote(_questions(call)[0]),
    )


def _recall(call: Call) -> str:
    earlier = _questions(call)[:-1]
    if not earlier:
        return "This is the first thing that reached me in this conversation; nothing came before."
    listed = "\n".join(f"{n}. {_quote(question)}" for n, question in enumerate(earlier, start=1))
    answers = sum(message["role"] == "assistant" for message in call.messages)
    return (
        f"You first asked {_quote(earlier[0])}.\n\nWith this message came {len(call.messages) - 1} "
        f"earlier ones, {answers} of them mine. Before now you wrote:\n\n{listed}\n"
    )


def _instructions(call: Call) -> str:
    if not call.system_text:
        return "No system prompt came with your message."
    return (
        f"A system prompt of {len(call.system_text)} characters came with your message. "
        f"It begins {_quote(call.system_text)}. A real model would follow it; I only know how to "
        'write in capital letters and to begin or end "with" something in quotation marks.'
    )


def _parameters(call: Call) -> str:
    config = call.body.get("inferenceConfig") or {}
    rows = "\n".join(f"| {name} | {value} |" for name, value in sorted(config.items()))
    return f"I was called as `{call.model_id}` with:\n\n| setting | value |\n|---|---|\n{rows}\n"


_PIECES = (
    (r"\btables?\b", samples.TABLE),
    (r"\bcode\b|\bpython\b|\bjavascript\b|\bfunction\b|\bprogram\b", samples.CODE),
    (r"\bformula|\bequation|\bmath|\blatex\b", samples.FORMULA),
    (r"\blists?\b|\bsteps\b", samples.LIST),
)


def _shown(call: Call) -> str:
    """All pieces of Markdown that are asked for, in the order in which they are named."""
    asked = call.last_user_text.lower()
    found = [
        (match.start(), text) for pattern, text in _PIECES if (match := re.search(pattern, asked))
    ]
    return "\n".join(text for _, text in sorted(found))


# The first pattern that is in the newest user text decides.
_TOPICS = (
    (r"\bmarkdown\b|\beverything\b|\bshow me all\b", lambda call: samples.EVERYTHING),
    (r"\bfirst (ask|question|message)|\bearlier\b|\bremember\b|\bso far\b|\bdid i\b", _recall),
    (r"\bsystem prompt\b|\binstructions?\b", _instructions),
    (r"\btemperature\b|\bsettings?\b|\bparameters?\b", _parameters),
    ("|".join(pattern for pattern, _ in _PIECES), _shown),
    (r"\blong\b|\bessay\b|\bstory\b", lambda call: samples.long_text(400)),
    (r"\bphrases?\b|\bfaults?\b|\[\[\s*help\s*\]\]", lambda call: samples.PHRASES),
)


def _obeying(system: str, text: str) -> str:
    """What the system prompt asks for and can be done without understanding it."""
    if re.search(r"(?i)\b(capital letters|upper ?case)\b", system):
        text = text.upper()
    if begin := re.search(r'(?i)\b(?:begin|start)\b[^."]*\bwith "([^"]+)"', system):
        text = f"{begin[1]} {text}"
    if end := re.search(r'(?i)\bend\b[^."]*\bwith "([^"]+)"', system):
        text = f"{text.rstrip()}\n\n{end[1]}"
    return text


def _tools(call: Call) -> list[ToolUse]:
    """The tool that the request offers and the user names."""
    tools = (call.body.get("toolConfig") or {}).get("tools") or []
    names = [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]
    return [ToolUse(name) for name in names if name in call.last_user_text][:1]


def _tool_results(call: Call) -> str:
    results = [b["toolResult"] for b in call.messages[-1]["content"] if "toolResult" in b]
    return "\n".join(text_of(result.get("content") or []) or "(no text)" for result in results)


def _questions(call: Call) -> list[str]:
    return [text_of(m["content"]) for m in call.messages if m["role"] == "user"]


def _quote(text: str) -> str:
    """The beginning of a text, on one line and without the marks that would end the quotation."""
    line = " ".join(text.replace('"', "'").split())
    return f'"{line[:77]}…"' if len(line) > 78 else f'"{line}"'


def _ordinal(number: int) -> str:
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"
