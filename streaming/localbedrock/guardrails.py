"""A guardrail that a request names: what it stops, and what its trace says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from . import samples
from .answer_blocks import Passage
from .answers import Answer
from .history import Call

Json = dict[str, Any]

_POLICIES: dict[str, Json] = {
    "topic": {
        "topicPolicy": {"topics": [{"name": "demonstration", "type": "DENY", "action": "BLOCKED"}]}
    },
    "content": {
        "contentPolicy": {
            "filters": [
                {
                    "type": "MISCONDUCT",
                    "confidence": "HIGH",
                    "filterStrength": "HIGH",
                    "action": "BLOCKED",
                }
            ]
        }
    },
    "masked": {
        "sensitiveInformationPolicy": {
            "piiEntities": [
                {"type": "EMAIL", "match": "alice@example.com", "action": "ANONYMIZED"}
            ],
            "regexes": [],
        }
    },
}
_METRICS: Json = {
    "guardrailProcessingLatency": 210,
    "usage": {
        "topicPolicyUnits": 1,
        "contentPolicyUnits": 1,
        "wordPolicyUnits": 1,
        "sensitiveInformationPolicyUnits": 1,
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits": 0,
    },
    "guardrailCoverage": {"textCharacters": {"guarded": 70, "total": 70}},
}


@dataclass(frozen=True, slots=True)
class Guardrail:
    """`late`: it lets text through before it has scanned it (streamProcessingMode async)."""

    id: str
    late: bool
    traced: bool

    def question_blocked(self, answer: Answer) -> Answer:
        return replace(
            answer,
            text=samples.BLOCKED,
            deltas=None,
            reasoning="",
            signature=None,
            stop_reason="guardrail_intervened",
            trace=self._trace("topic", question=True),
        )

    def answer_blocked(self, answer: Answer) -> Answer:
        """Late, the text was sent already, and the guardrail's words come in a block behind it."""
        trace = self._trace("content", question=False, said=answer.text)
        stopped = replace(answer, stop_reason="guardrail_intervened", trace=trace)
        if self.late:
            return replace(stopped, passages=(Passage(samples.BLOCKED_ANSWER),))
        return replace(stopped, text=samples.BLOCKED_ANSWER, deltas=None)

    def answer_masked(self, answer: Answer) -> Answer:
        """Late, there is nothing to be done: what was sent is not changed any more."""
        if self.late:
            return replace(answer, text=samples.ADDRESS)
        trace = self._trace("masked", question=False, said=samples.ADDRESS)
        masked = samples.ADDRESS.replace("alice@example.com", "{EMAIL}")
        return replace(answer, text=masked, stop_reason="guardrail_intervened", trace=trace)

    def passed(self, answer: Answer) -> Answer:
        trace = self._trace("", question=True)
        return answer if answer.trace is not None else replace(answer, trace=trace)

    def _trace(self, policy: str, *, question: bool, said: str = "") -> Json | None:
        if not self.traced:
            return None
        quiet: Json = {"invocationMetrics": _METRICS}
        found = _POLICIES.get(policy, {}) | quiet
        trace: Json = {"inputAssessment": {self.id: found if question else quiet}}
        if not question:
            trace |= {"outputAssessments": {self.id: [found]}, "modelOutput": [said]}
        if policy:
            trace["actionReason"] = f"Guardrail {'masked' if policy == 'masked' else 'blocked'}."
        return {"guardrail": trace}


def guardrail_of(call: Call) -> Guardrail | None:
    """The guardrail that this call names, if any."""
    config = call.body.get("guardrailConfig")
    if not config:
        return None
    return Guardrail(
        config["guardrailIdentifier"].rpartition("/")[2],
        "Stream" in call.operation and config.get("streamProcessingMode") == "async",
        config.get("trace", "disabled") != "disabled",
    )


_STOPS: dict[str, Callable[[Guardrail, Answer], Answer]] = {
    "forbidden": Guardrail.question_blocked,
    "forbidden answer": Guardrail.answer_blocked,
    "private": Guardrail.answer_masked,
}
PHRASES = frozenset(_STOPS)

# What the phrases do that need no guardrail in the request.
UNASKED = Guardrail("local-guardrail", late=False, traced=True)


def guarded(answer: Answer, names: list[str], call: Call) -> Answer:
    """The answer after the guardrail of the call, if it has one; `names` are those of phrases."""
    guardrail = guardrail_of(call)
    if guardrail is None:
        return answer
    for name in names:
        if stop := _STOPS.get(name):
            return stop(guardrail, answer)
    return guardrail.passed(answer)
