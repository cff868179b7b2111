"""What a guardrail did to an answer: read from the trace, without what the trace quotes.

A guardrail that scans while the answer is shown (``async``) can come too late. Then the stream ends
with ``guardrail_intervened``, and what was shown is withdrawn: in every tab, and in the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conversations.guardrails import REASONS
from streaming.accumulator import Accumulator

INTERVENED = "guardrail_intervened"
_MASKING = frozenset({"ANONYMIZED", "MASKED"})
# Words of the trace for "looked, and let it pass".
_PASSING = frozenset({"", "NONE"})

Json = dict[str, Any]


def found_in(accumulator: Accumulator) -> Json:
    """``action``, ``where`` and ``policies`` for the record; empty where none intervened."""
    if accumulator.stop_reason != INTERVENED:
        return {}
    trace = _json(_json(accumulator.trace).get("guardrail"))
    sides = {
        "input": list(_actions(list(_json(trace.get("inputAssessment")).values()))),
        "output": list(_actions(_flat(_json(trace.get("outputAssessments")).values()))),
    }
    taken = {
        side: [each for each in acts if each[1] not in _PASSING] for side, acts in sides.items()
    }
    for side, acts in taken.items():
        if any(action not in _MASKING for _, action in acts):
            return _told("blocked", side, acts)
    for side, acts in taken.items():
        if acts:
            return _told("masked", side, acts)
    return _told("", "", [])


def withdraws(accumulator: Accumulator, *, shown_first: bool) -> bool:
    """Whether what was shown must go. A blocked question has shown the guardrail's words only.

    Without a trace nothing says what was refused: then it was the answer.
    """
    found = found_in(accumulator)
    if not found or not shown_first or found["action"] == "masked":
        return False
    return bool(found["where"] != "input")


def _told(action: str, where: str, acts: list[tuple[str, str]]) -> Json:
    return {"action": action, "where": where, "policies": sorted({name for name, _ in acts})}


def _actions(assessments: list[Any]) -> Iterator[tuple[str, str]]:
    """Each policy with what it did: every list in it holds findings, and each has its action."""
    for assessment in assessments:
        for policy, findings in _json(assessment).items():
            if policy not in REASONS:
                continue
            for finding in _flat(_json(findings).values()):
                yield policy, str(_json(finding).get("action") or "")


def _flat(lists: Any) -> list[Any]:
    return [item for each in lists if isinstance(each, list) for item in each]


def _json(value: object) -> Json:
    return value if isinstance(value, dict) else {}
