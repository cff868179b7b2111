"""A conversation as one text, for models that know a template instead of messages (R75).

The turns are told apart by marks of the template, and a person can write those too. So in every
text that goes into a prompt each mark is broken by a space of no width: people still read what was
written, and the model sees no mark. Nothing is taken out, because what is left could be a mark.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from streaming.bedrock.loose import Json, items, mapping
from streaming.bedrock.native.dialect import cannot_say
from streaming.bedrock.request import Request

BREAK: Final = "\u200b"
_PARAGRAPH: Final = "\n\n"
_LINE_BREAKS: Final = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Spoken:
    user: bool
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """What a prompt is made of. `begun` is the beginning of the answer, where there is one.

    The turns alternate, and begin and end with the user's. No text has a mark in it.
    """

    system: str
    turns: tuple[Spoken, ...]
    begun: str


class Marks:
    """The marks of one template. Each pattern has two groups, between which it is broken.

    People choose the texts: no pattern may take more than linear time for any of them.
    """

    def __init__(self, *patterns: str) -> None:
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]

    def broken(self, text: str) -> str:
        """The text, so that it has none of the marks."""
        for pattern in self._patterns:
            text = pattern.sub(rf"\1{BREAK}\2", text)
        return text


_INSTRUCTED: Final = "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG|PREFIX|SUFFIX"
# What tokenizers know as one token. All of them for every model that has some: its text may have
# been written for another one, and who wrote a template has read the others'.
TOKENS: Final = Marks(
    r"(<)(\|)",
    rf"(\[)(\s*(?:/\s*)?(?:{_INSTRUCTED})\s*\])",
    r"(<)(</?\s*SYS\s*>>)",
    r"(<)(/?\s*s\s*>)",
)


def speakers(*names: str) -> str:
    """The pattern of names with a colon at the beginning of a line, as in a play.

    Only the last of several line breaks begins one: a search from each of them through all that
    follow would take minutes for a text of line breaks, and nothing else would run meanwhile.
    """
    return rf"((?:\A|[{_LINE_BREAKS}])[^\S{_LINE_BREAKS}]*(?:{'|'.join(names)}))(\s*:)"


def script_of(request: Request, marks: Marks, *, takes_system: bool = False) -> Script:
    """The request as plain texts; a system prompt without a place of its own begins the first turn.

    Raises BedrockError for what is not text.
    """
    turns: list[Spoken] = []
    system = request.system
    if system and not takes_system:
        turns, system = [Spoken(True, system)], ""
    for message in request.messages:
        text, user = plain_text(message["content"]), message["role"] == "user"
        if turns and turns[-1].user == user:
            text = turns.pop().text + _PARAGRAPH + text
        turns.append(Spoken(user, text))
    begun = "" if turns[-1].user else turns.pop().text
    return Script(
        system=marks.broken(system),
        # Broken when they are whole: a mark could come about where two texts are joined.
        turns=tuple(Spoken(turn.user, marks.broken(turn.text)) for turn in turns),
        begun=marks.broken(begun),
    )


def plain_text(content: Iterable[Json]) -> str:
    """The texts of a message. Raises BedrockError for anything else that it says."""
    return "".join(text for block in content for text in _texts(block))


def _texts(block: Json) -> Iterator[str]:
    for name, value in block.items():
        match name:
            case "text":
                yield value
            case "citationsContent":
                yield from (said["text"] for said in items(mapping(value).get("content")))
            case "cachePoint" | "reasoningContent":
                # Nothing is said by the one; the other is for the model alone that thought it.
                pass
            case "toolUse" | "toolResult":
                raise cannot_say("tools")
            case _:
                raise cannot_say(f"block for {name}", "unsupported_attachment")
