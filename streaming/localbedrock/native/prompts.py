"""Prompts in the templates of their models, taken apart into turns.

A mark of the template that a person wrote would begin a turn here, as it would in the model.
"""

import re
from collections.abc import Iterator

Turn = tuple[str, str]

_HEADERS = re.compile(
    r"(?:<\|start_header_id\|>|<\|header_start\|>)(?P<role>\w+)(?:<\|end_header_id\|>|<\|header_end\|>)"
    r"(?P<text>.*?)(?=<\|eot_id\|>|<\|eot\|>|<\|start_header_id\|>|<\|header_start\|>|\Z)",
    re.DOTALL,
)
_INSTRUCTIONS = re.compile(r"(\[INST\]|\[/INST\])")
_SENTENCES = re.compile(r"</?s>")
_SYSTEM = re.compile(r"<<SYS>>(.*?)<</SYS>>", re.DOTALL)


def headed(prompt: str) -> tuple[str, list[Turn]]:
    """System prompt and turns of a prompt for Llama 3 or 4."""
    turns = [(match["role"], match["text"]) for match in _HEADERS.finditer(prompt)]
    system = "\n".join(text for role, text in turns if role == "system")
    said = [(role, text) for role, text in turns if role in ("user", "assistant")]
    return system, said or [("user", prompt)]


def instructed(prompt: str) -> tuple[str, list[Turn]]:
    """System prompt and turns of a prompt for Llama 2 or Mistral."""
    system = "\n".join(text for text in _SYSTEM.findall(prompt))
    parts = _INSTRUCTIONS.split(_SENTENCES.sub("", _SYSTEM.sub("", prompt)))
    if len(parts) == 1:
        return system, [("user", parts[0])]
    turns = [("user", parts[0])]
    for mark, text in zip(parts[1::2], parts[2::2], strict=True):
        turns.append(("user" if mark == "[INST]" else "assistant", text))
    return system, turns


def played(prompt: str, user: str, model: str) -> list[Turn]:
    """The turns of a prompt in the manner of a play, with these speakers."""
    turns = list(_spoken(re.compile(rf"(?:\A|\n)\s*({user}|{model}):"), prompt, user))
    return turns or [("user", prompt)]


def alternated(prompt: str) -> tuple[str, list[Turn]]:
    """System prompt and turns of a prompt for Claude 2."""
    marks = re.compile(r"\n\n(Human|Assistant):")
    first = marks.search(prompt)
    return prompt[: first.start()] if first else "", list(_spoken(marks, prompt, "Human"))


def _spoken(marks: "re.Pattern[str]", prompt: str, user: str) -> Iterator[Turn]:
    parts = marks.split(prompt)
    for speaker, text in zip(parts[1::2], parts[2::2], strict=True):
        yield "user" if speaker == user else "assistant", text
