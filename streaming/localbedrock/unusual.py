"""Unusual answers by phrase: what real models have sent, and what they may yet send."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from . import samples
from .answer_blocks import Passage, ServerTool, ToolUse
from .answers import Answer, pieces_of
from .guardrails import UNASKED, guardrail_of
from .history import Call
from .reasoning import signed
from .steps import Event, Open, Reply, Script, Stamped

Alteration = Callable[[Answer, float | None, Call], Answer]

CITATION: dict[str, Any] = {
    "title": "handbook",
    "sourceContent": [{"text": "The demonstration cites a handbook that does not exist. "}],
    "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 56}},
}

# The other kinds of places that a citation can name.
MORE_CITATIONS: tuple[dict[str, Any], ...] = (
    {
        "title": "handbook",
        "sourceContent": [{"text": "Its second chapter is about tea. "}],
        "location": {"documentPage": {"documentIndex": 0, "start": 2, "end": 3}},
    },
    {
        "title": "An example on the web",
        "source": "https://example.com/tea",
        "sourceContent": [{"text": "Tea is made of leaves and hot water."}],
        "location": {"web": {"url": "https://example.com/tea", "domain": "example.com"}},
    },
    {
        "title": "leaflet",
        "sourceContent": [{"text": "Nobody has ever read this leaflet."}],
        "location": {"documentChunk": {"documentIndex": 1, "start": 4, "end": 5}},
    },
)

UNKNOWN = (
    Event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"hologram": {"depth": 3}}}),
    Event("moodChange", {"mood": "curious"}),
)


def alter(answer: Answer, name: str, number: float | None, call: Call) -> Answer:
    """The answer as the phrase wants it; unchanged where the phrase is none of these."""
    if name.startswith("stop reason "):
        return replace(answer, stop_reason=name.removeprefix("stop reason ").replace(" ", "_"))
    alteration = ALTERATIONS.get(name)
    return alteration(answer, number, call) if alteration else answer


def bench(name: str) -> Reply | None:
    """`bench deltas=200 rate=40 size=24`: stamped deltas as a benchmark wants them."""
    if name.split()[0] != "bench":
        return None
    given = {key: float(value) for key, value in re.findall(r"(\w+)=(\d+(?:\.\d+)?)", name)}
    deltas, size = int(given.get("deltas", 200)), int(given.get("size", 24))
    # A token for a delta, so that the figures of usage say how many there were.
    usage = {"inputTokens": 10, "outputTokens": deltas, "totalTokens": deltas + 10}
    return Script(
        Open(),
        Event("messageStart", {"role": "assistant"}),
        Stamped(deltas, given.get("rate", 40.0), size),
        Event("contentBlockStop", {"contentBlockIndex": 0}),
        Event("messageStop", {"stopReason": "end_turn"}),
        Event("metadata", {"usage": usage, "metrics": {"latencyMs": 300}}),
    )


def _max_tokens(answer: Answer, number: float | None, call: Call) -> Answer:
    return replace(
        answer, text=answer.text[: 4 * int(number or 20)].rstrip(), stop_reason="max_tokens"
    )


def _guardrail(answer: Answer, number: float | None, call: Call) -> Answer:
    return (guardrail_of(call) or UNASKED).question_blocked(answer)


def _guardrail_late(answer: Answer, number: float | None, call: Call) -> Answer:
    return replace(guardrail_of(call) or UNASKED, late=True).answer_blocked(answer)


def _reasoning(answer: Answer, number: float | None, call: Call) -> Answer:
    text = samples.reasoning(call, int(number or 0))
    return replace(answer, reasoning=text, signature=signed(text, call))


def _citations(answer: Answer, number: float | None, call: Call) -> Answer:
    places = itertools.islice(itertools.cycle(MORE_CITATIONS), max(0, int(number or 1) - 1))
    passages = [Passage(f" That is what note {n} says.", (c,)) for n, c in enumerate(places, 2)]
    return replace(answer, citations=(CITATION,), passages=passages)


def _server_tool(answer: Answer, number: float | None, call: Call) -> Answer:
    result = {"json": {"stdOut": "4", "stdErr": "", "exitCode": 0, "isError": False}}
    return replace(
        answer,
        served=(
            ServerTool(
                "nova_code_interpreter",
                '{"snippet":"2 + 2"}',
                (result,),
                "nova_code_interpreter_result",
            ),
        ),
    )


def _tool(answer: Answer, number: float | None, call: Call) -> Answer:
    tools = (call.body.get("toolConfig") or {}).get("tools") or []
    name = next((tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool), "clock")
    return replace(answer, tool_uses=(ToolUse(name, '{"zone":"UTC"}'),))


def _empty_deltas(answer: Answer, number: float | None, call: Call) -> Answer:
    return replace(answer, deltas=("", *(d for p in pieces_of(answer) for d in (p, ""))))


def _echo(answer: Answer, number: float | None, call: Call) -> Answer:
    return replace(answer, text=re.sub(r"\[\[.*?\]\]\s*", "", call.last_user_text))


# The phrases, each with what it makes of the answer, the phrase's number (or None) and the call.
ALTERATIONS: dict[str, Alteration] = {
    "slow": lambda answer, n, call: replace(answer, pace=n or 2.0),
    "pace": lambda answer, n, call: replace(answer, pace=n or 0.0),
    "wait": lambda answer, n, call: replace(answer, first_after=n or 10.0),
    "late": lambda answer, n, call: replace(answer, headers_after=n or 10.0),
    "max tokens": _max_tokens,
    "guardrail": _guardrail,
    "guardrail late": _guardrail_late,
    "reasoning": _reasoning,
    "reasoning only": lambda answer, n, call: replace(_reasoning(answer, n, call), text=""),
    "redacted": lambda answer, n, call: replace(answer, redacted=b"demonstration"),
    "empty": lambda answer, n, call: replace(answer, text=""),
    "blank": lambda answer, n, call: replace(answer, text="\n\n  \n"),
    "leading space": lambda answer, n, call: replace(answer, text="\n\n " + answer.text),
    "empty deltas": _empty_deltas,
    "tool": _tool,
    "tool only": lambda answer, n, call: replace(_tool(answer, n, call), text=""),
    "citations": _citations,
    "server tool": _server_tool,
    "image": lambda answer, n, call: replace(answer, images=(samples.picture(),)),
    "image error": lambda answer, n, call: replace(answer, images=(None,)),
    "thinking tags": lambda answer, n, call: replace(
        answer, text=f"<thinking>{samples.reasoning(call)}</thinking>\n\n{answer.text}"
    ),
    "unknown": lambda answer, n, call: replace(answer, extra=UNKNOWN),
    "odd text": lambda answer, n, call: replace(answer, deltas=samples.ODD_PIECES),
    "tiny": lambda answer, n, call: replace(
        answer, deltas=tuple(samples.characters(int(n or 2_000))), pace=0.0
    ),
    "huge": lambda answer, n, call: replace(
        answer, deltas=("".join(samples.characters(int(n or 100_000))),), whole=True
    ),
    "long": lambda answer, n, call: replace(answer, text=samples.long_text(int(n or 2_000))),
    "markdown": lambda answer, n, call: replace(answer, text=samples.EVERYTHING),
    "hostile": lambda answer, n, call: replace(answer, text=samples.HOSTILE),
    "echo": _echo,
    "no metadata": lambda answer, n, call: replace(answer, metadata=False),
}
