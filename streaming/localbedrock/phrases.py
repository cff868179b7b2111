"""Phrases in double brackets by which a chat calls for a fault or an unusual answer.

    [[name]]   [[name 2]]   [[name at 5]]   [[name 2 at 5]]

Only those in the newest user message count. For faults the number says how many calls with the
same text it befalls (all, without one), `at` after how many pieces of the answer it comes (after
half of them, without it). docs/local-bedrock.md lists them all.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, replace

from . import faults, unusual
from .answers import Answer, pieces_of
from .guardrails import PHRASES as STOPS
from .guardrails import guarded
from .history import Call
from .resuming import Resumed, rest_of
from .steps import (
    Cut,
    End,
    HalfDocument,
    Refusal,
    Reply,
    Script,
    Stall,
    Step,
    StreamError,
    StreamFault,
)

_BRACKETS = re.compile(r"\[\[\s*([a-z][^\[\]]*?)\s*\]\]", re.IGNORECASE)
_PARTS = re.compile(r"(?P<name>.+?)(?:\s+(?P<number>\d+(?:\.\d+)?))?(?:\s+at\s+(?P<at>\d+))?")
_REMEMBERED = 1_000

# Before anything is answered.
REFUSALS: dict[str, Step] = {
    "throttle": faults.throttled(),
    "tokens throttled": faults.throttled("Too many tokens, please wait before trying again."),
    "unavailable": Refusal("ServiceUnavailableException"),
    "not ready": Refusal("ModelNotReadyException"),
    "internal error": Refusal("InternalServerException"),
    "model error": Refusal("ModelErrorException"),
    "model timeout": Refusal("ModelTimeoutException"),
    "denied": Refusal("AccessDeniedException"),
    "not found": Refusal("ResourceNotFoundException"),
    "invalid": Refusal("ValidationException", "The request is not valid: a demonstration."),
    "too long": Refusal("ValidationException", "Input is too long for requested model."),
    "quota": Refusal("ServiceQuotaExceededException"),
    "expired": Refusal("ExpiredTokenException"),
    "bad credentials": Refusal("UnrecognizedClientException"),
    "hang": Stall(),
    "refuse connection": Cut(reset=True),
}

# In the middle of the answer.
BREAKS: dict[str, tuple[Step, ...]] = {
    "cut": (Cut(),),
    "reset": (Cut(reset=True),),
    "cut frame": (faults.half_frame(), Cut()),
    "stall": (Stall(),),
    "no stop": (End(),),
    "half frame": (HalfDocument(),),
    "corrupt": (faults.corrupt(),),
    "corrupt prelude": (faults.corrupt_prelude(),),
    "garbage": (faults.garbage(),),
    "not json": (faults.not_json(),),
    "not utf8": (faults.not_utf8(),),
    "error midstream": (StreamFault("modelStreamErrorException"),),
    "error midstream throttling": (faults.throttled_in_stream(),),
    "error midstream internal": (StreamFault("internalServerException"),),
    "error midstream unavailable": (StreamFault("serviceUnavailableException"),),
    "error midstream validation": (StreamFault("validationException"),),
    "error midstream too long": (
        StreamFault("validationException", "Input is too long for requested model."),
    ),
    "error midstream unknown": (StreamError("InternalFailure", "An unmodelled error."),),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    name: str
    number: float | None = None
    at: int | None = None


def phrases_in(text: str) -> list[Phrase]:
    """The phrases of a text in their order, known or not."""
    found = []
    for inside in _BRACKETS.findall(text):
        if parts := _PARTS.fullmatch(" ".join(inside.lower().split())):
            number, at = parts["number"], parts["at"]
            found.append(
                Phrase(parts["name"], float(number) if number else None, int(at) if at else None)
            )
    return found


class Phrasebook:
    """Applies the phrases of a call's newest user text to the answer it would get."""

    def __init__(self) -> None:
        self._befallen: OrderedDict[bytes, int] = OrderedDict()

    def apply(self, answer: Answer, resumed: Resumed) -> Reply:
        call = resumed.call
        phrases = phrases_in(call.last_user_text)
        if resumed.asked:
            # Whoever asks to go on has seen how it ends and wants the rest.
            phrases = [phrase for phrase in phrases if not _ends(phrase)]
        for phrase in phrases:
            if bench := unusual.bench(phrase.name):
                return bench
            answer = unusual.alter(answer, phrase.name, phrase.number, call)
        answer = guarded(answer, [phrase.name for phrase in phrases], call)
        answer = rest_of(answer, resumed.begun)
        for phrase in phrases:
            if phrase.name in REFUSALS and self._befalls(phrase, call):
                return Script(REFUSALS[phrase.name])
            if phrase.name in BREAKS and self._befalls(phrase, call):
                return _broken(answer, phrase)
        return answer

    def _befalls(self, phrase: Phrase, call: Call) -> bool:
        """Whether the fault is still due for this text; after its last time the count restarts."""
        if phrase.number is None:
            return True
        key = hashlib.sha256(f"{phrase.name}\0{call.last_user_text}".encode()).digest()
        times = self._befallen.pop(key, 0)
        if times >= phrase.number:
            return False
        self._befallen[key] = times + 1
        while len(self._befallen) > _REMEMBERED:
            self._befallen.popitem(last=False)
        return True


def _ends(phrase: Phrase) -> bool:
    how = (*REFUSALS, *BREAKS, *STOPS, "max tokens", "guardrail")
    return phrase.name in how or phrase.name.startswith("stop reason")


def _broken(answer: Answer, phrase: Phrase) -> Answer:
    after = len(pieces_of(answer)) // 2 if phrase.at is None else phrase.at
    return replace(answer, then=BREAKS[phrase.name], after=after)
