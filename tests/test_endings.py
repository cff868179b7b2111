"""Of all that may end a generation one wins, in every order (R12)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from conversations.models import Conversation, Generation, User
from conversations.models.progress import Ending
from tests.people import ask
from tests.running import ENDED, checkpoint, claimed, lapse, stored
from tests.together import together

pytestmark = pytest.mark.django_db


def enders(generation: Generation) -> dict[str, Callable[[], Any]]:
    """All that may end a generation, each as somebody who read the row before the others."""
    reaper = Generation.objects.select_related("message").get(pk=generation.pk)
    person = Generation.objects.get(pk=generation.pk)
    conversation = generation.conversation
    assert conversation
    return {
        "finish": lambda: generation.finish(Ending("complete", 9, "whole", stop_reason="end_turn")),
        "fail": lambda: generation.finish(Ending("failed", 9, "broken", error_code="throttled")),
        "give up": lambda: reaper.give_up("worker_lost"),
        "stop": lambda: person.ask_to_stop(),
        "delete": lambda: conversation.delete_softly(),
    }


ENDERS = ("finish", "fail", "give up", "stop", "delete")
WRITTEN = {"finish": ("complete", "whole"), "fail": ("failed", "broken")}


@pytest.mark.parametrize("first", ENDERS)
def test_of_all_that_race_for_the_end_one_wins(alice: User, first: str) -> None:
    """R12: every order of five that end a running generation."""
    for rest in permutations([name for name in ENDERS if name != first]):
        race(alice, (first, *rest))


def race(user: User, order: tuple[str, ...]) -> None:
    turn = ask(user)
    generation = claimed(turn)
    stale = Generation.objects.get(pk=generation.pk)
    stale.fence -= 1
    checkpoint(generation, "half", seq=4)
    lapse(generation)
    actors = enders(generation)
    ends = []
    for name in order:
        actors[name]()
        assert not stale.finish(Ending("complete", 9, "stale")), "it lost its lease long ago"
        status = stored(turn)
        if status[0] in ENDED:
            ends.append((name, status))
    winner, end = ends[0]
    # The first of those that can end it at once; the others learn that they came too late.
    assert winner == next(name for name in order if name in {"finish", "fail", "give up"})
    if winner == "give up":
        asked = {"stop", "delete"} & set(order[: order.index(winner)])
        # The reaper knew the row as it was before anybody asked: what it wrote is decided by that.
        assert end == ("interrupted", "half") or (asked and end == ("stopped", "half"))
    else:
        assert end == WRITTEN[winner]
    assert {status for _, status in ends} == {end}, "an end is never overwritten"


@pytest.mark.parametrize("order", list(permutations(["claim", "stop", "delete"])))
def test_what_is_stopped_before_it_runs_runs_never_or_stops(
    alice: User, order: tuple[str, ...]
) -> None:
    """R12"""
    turn = ask(alice)
    runner: list[Generation] = []
    for name in order:
        if name == "claim":
            runner += filter(None, [Generation.claim(turn.generation.pk)])
        elif name == "stop":
            Generation.objects.get(pk=turn.generation.pk).ask_to_stop()
        else:
            Conversation.objects.get(pk=turn.conversation.pk).delete_softly()
    if order[0] == "claim":
        assert not checkpoint(runner[0], "more"), "told to stop"
        assert runner[0].finish(Ending("stopped", 3, ""))
    else:
        assert not runner
    assert stored(turn)[0] == "stopped"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_of_enders_at_the_same_moment_one_wins(alice: User, _round: int) -> None:
    """R12: in threads, on the real database."""
    turn = ask(alice)
    generation = claimed(turn)
    lapse(generation)
    endings = [Ending("complete", 9, f"text {number}") for number in range(4)]
    runners = [Generation.objects.get(pk=generation.pk) for _ in endings]
    reapers = [Generation.objects.select_related("message").get(pk=generation.pk) for _ in range(2)]
    acts: list[Callable[[], bool]] = [
        *(lambda n=n: runners[n].finish(endings[n]) for n in range(4)),
        *(lambda n=n: reapers[n].give_up("worker_lost") for n in range(2)),
    ]
    won = together(len(acts), lambda number: acts[number]())
    assert won.count(True) == 1
    expected = (
        ("complete", f"text {won.index(True)}") if won.index(True) < 4 else ("interrupted", "")
    )
    assert stored(turn) == expected


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """In every ``ask_to_stop``, when it looks whether somebody runs the answer."""
    look = Generation._stop_pending

    def late(generation: Generation) -> None:
        look(generation)
        act()

    monkeypatch.setattr(Generation, "_stop_pending", late)


def test_a_request_to_stop_is_not_overtaken_by_a_hand_over(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R12, R81: a pending row that nobody may claim and nobody ends would wait for ever."""
    turn = ask(alice)
    generation = claimed(turn)
    lapse(generation)
    between(monkeypatch, Generation.objects.get(pk=generation.pk).hand_over)
    assert Generation.objects.get(pk=generation.pk).ask_to_stop()
    row = Generation.objects.get(pk=generation.pk)
    assert (row.status, row.stop_requested) == ("streaming", True)
    assert row.give_up("worker_lost")
    assert stored(turn)[0] == "stopped"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_what_is_told_to_wait_in_the_moment_of_its_stop_is_stopped(
    alice: User, _round: int
) -> None:
    """R12, R81"""
    turn = ask(alice)
    rows = [Generation.objects.get(pk=turn.generation.pk) for _ in range(3)]
    acts: list[Callable[[], bool]] = [
        rows[0].ask_to_stop,
        lambda: rows[1].note_waiting(2),
        lambda: rows[2].note_waiting(2),
    ]
    together(3, lambda number: acts[number]())
    assert stored(turn)[0] == "stopped"
