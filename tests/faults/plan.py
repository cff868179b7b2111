"""What happens in a round, drawn from its seed: the same seed gives the same plan."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

PEOPLE = ("alice", "bob", "carol")
TABS = 2  # of each person; the second one only follows

# (phrase for the model, whether the whole answer is still to be expected)
MODEL_FAULTS = (
    "cut 1 at 9",
    "cut 2 at 4",
    "cut at 6",
    "no stop 1",
    "reset 1 at 12",
    "half frame 1 at 7",
    "error midstream 1 at 5",
    "error midstream throttling 1 at 3",
    "throttle 1",
    "throttle 2",
    "unavailable 1",
    "internal error 1",
    "stall 1 at 8",
    "refuse connection 1",
)
_PHRASE = re.compile(r"\[\[.*?\]\]\s*")


@dataclass(frozen=True, slots=True)
class Fault:
    """``at``: seconds into the round. The meaning of ``number`` and ``seconds`` is the kind's."""

    at: float
    kind: str
    number: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:5.2f} {self.kind} {self.number} {self.seconds:.2f}"


@dataclass(frozen=True, slots=True)
class Act:
    at: float
    person: str
    kind: str
    number: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """``over_http``: the tabs (person and number) through to which no WebSocket gets."""

    seed: int
    acts: list[Act]
    faults: list[Fault]
    over_http: frozenset[tuple[str, int]]


def draw(seed: int, kinds: dict[str, int], *, seconds: float, faults: int) -> Plan:
    """``kinds``: what can befall this site, with its weight."""
    chance = random.Random(seed)
    drawn = [
        Fault(
            at=chance.uniform(0.3, seconds),
            kind=kind,
            number=chance.randrange(1_000_000),
            seconds=chance.uniform(0.1, 2.5),
        )
        for kind in chance.choices(list(kinds), list(kinds.values()), k=faults)
    ]
    acts = [act for person in PEOPLE for act in _day(chance, seed, person, seconds)]
    return Plan(
        seed,
        sorted(acts, key=lambda act: act.at),
        sorted(drawn, key=lambda fault: fault.at),
        _over_http(seed),
    )


def _over_http(seed: int) -> frozenset[tuple[str, int]]:
    """Half of the tabs. By a chance of its own: what a seed has drawn so far stays as it was."""
    tabs = [(person, number) for person in PEOPLE for number in range(TABS)]
    return frozenset(random.Random(f"{seed} over HTTP").sample(tabs, len(tabs) // 2))


def expected_answer(question: str) -> str:
    """The model repeats a question without its phrases."""
    return _PHRASE.sub("", question)


def canary(person: str) -> str:
    """A word that only this person's frames may have."""
    return f"canary{person}"


def _day(chance: random.Random, seed: int, person: str, seconds: float) -> list[Act]:
    acts = []
    at = chance.uniform(0.0, 0.5)
    turn = 0
    while at < seconds:
        kind = chance.choices(("send", "stop", "continue", "regenerate"), (6, 2, 2, 2))[0]
        turn += 1
        text = _question(chance, f"{canary(person)}x{seed}x{turn}") if kind == "send" else ""
        acts.append(Act(at, person, kind, chance.randrange(1_000_000), text))
        at += chance.uniform(0.2, 1.2)
    return acts


def _question(chance: random.Random, name: str) -> str:
    phrases = f"[[echo]] [[pace {chance.choice((15, 40, 80))}]] "
    if chance.random() < 0.4:
        phrases += f"[[{chance.choice(MODEL_FAULTS)}]] "
    # No word comes twice, so a text that does is seen.
    words = " ".join(f"w{number}" for number in range(chance.randrange(5, 160)))
    return f"{phrases}{name} {words}"
