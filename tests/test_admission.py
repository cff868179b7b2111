"""Who may run next: limits that count for all processes, and a line that is fair."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import admission, offers
from conversations.admission import Limits, Line
from conversations.models import Generation, User
from tests.people import answer, ask, person
from tests.running import claimed, lapse
from tests.together import together

A, B = "model-a", "model-b"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIMITS = Limits(per_person=3, everywhere=4, per_model=3)

# --- the order, by itself -------------------------------------------------------------------------


def line(running: dict[Any, int], waiting: dict[Any, int]) -> Line:
    """The groups of ``waiting`` asked one after the other, a minute apart."""
    since = {group: NOON + timedelta(minutes=n) for n, group in enumerate(waiting)}
    return Line(Counter(running), Counter(waiting), since)


@pytest.mark.nodb
def test_who_has_the_fewest_answers_running_comes_first() -> None:
    """R66"""
    alice, bob = (1, A), (2, A)
    fifty = line({alice: 2}, {alice: 50, bob: 1})
    assert fifty.admitted(Limits(per_person=9, everywhere=3)) == [bob]
    assert fifty.admitted(Limits(per_person=9, everywhere=4)) == [bob, alice]


@pytest.mark.nodb
def test_of_equals_who_asked_first_comes_first() -> None:
    alice, bob = (1, A), (2, A)
    assert line({}, {bob: 2, alice: 2}).admitted(Limits(9, everywhere=3)) == [bob, alice, bob]


@pytest.mark.nodb
def test_a_model_that_is_full_holds_up_no_answer_of_another() -> None:
    """R66"""
    assert line({(1, A): 1}, {(2, A): 1, (2, B): 1}).admitted(Limits(9, per_model=1)) == [(2, B)]


GROUPS = st.tuples(st.integers(1, 4), st.sampled_from([A, B]))
COUNTS = st.dictionaries(GROUPS, st.integers(1, 5), max_size=6)


@pytest.mark.nodb
@given(COUNTS, COUNTS)
def test_no_limit_is_exceeded_and_nothing_waits_that_need_not(
    running: dict[Any, int], waiting: dict[Any, int]
) -> None:
    """R66"""
    admitted = line(running, waiting).admitted(LIMITS)
    after = Counter(running) + Counter(admitted)
    left = Counter(waiting) - Counter(admitted)
    assert all(admitted.count(group) <= waiting[group] for group in admitted)
    full = after.total() >= 4
    if admitted:
        assert after.total() <= 4
    for who, model in admitted:
        assert _of(after, 0, who) <= 3
        assert _of(after, 1, model) <= 3
    for who, model in left:
        assert full or _of(after, 0, who) >= 3 or _of(after, 1, model) >= 3


def _of(counts: Counter[Any], part: int, what: Any) -> int:
    return sum(count for group, count in counts.items() if group[part] == what)


@pytest.mark.nodb
def test_the_hint_counts_those_that_come_before() -> None:
    """R66"""
    alice, bob = (1, A), (2, A)
    both = line({alice: 2}, {alice: 48, bob: 1})
    assert both.ahead_of(bob, 0) == 0
    assert both.ahead_of(alice, 10) == 11


# --- as the database has it -----------------------------------------------------------------------

pytestmark = pytest.mark.django_db


@pytest.fixture
def narrow(settings: Any) -> Any:
    settings.MAX_RUNNING_PER_PERSON = 2
    return settings


def admitted(user: User, **how: Any) -> bool:
    return admission.admit(ask(user, **how).generation.pk) is not None


def test_a_persons_third_waits_and_anothers_first_does_not(
    alice: User, bob: User, narrow: Any
) -> None:
    """R66"""
    assert [admitted(alice) for _ in range(3)] == [True, True, False]
    assert admitted(bob)


def test_what_waits_is_next_when_something_ends(alice: User, narrow: Any) -> None:
    """R66"""
    turns = [ask(alice) for _ in range(4)]
    answer(turns[0])
    assert admission.admit(turns[1].generation.pk)
    assert admission.admit(turns[2].generation.pk)
    assert admission.first_in_line() is None
    assert admission.admit(turns[3].generation.pk) is None
    Generation.objects.filter(pk=turns[1].generation.pk).update(status="complete")
    assert admission.first_in_line() == turns[3].generation.pk
    assert admission.admit(turns[3].generation.pk)


def test_nobody_is_overtaken_by_a_later_question(alice: User, narrow: Any) -> None:
    first, second, third, fourth = (ask(alice) for _ in range(4))
    assert admission.admit(fourth.generation.pk) is None
    assert admission.up_next() == [first.generation.pk, second.generation.pk]
    assert admission.admit(second.generation.pk)
    assert admission.admit(third.generation.pk) is None
    assert admission.admit(first.generation.pk)


def test_a_limit_on_all_counts_everybody_and_lets_the_fewest_in_first(
    alice: User, bob: User, narrow: Any
) -> None:
    """R66"""
    narrow.MAX_RUNNING_EVERYWHERE = 3
    assert [admitted(alice), admitted(alice)] == [True, True]
    waits, bobs = ask(alice), ask(bob)
    assert admission.ahead_of(waits.generation) == 1
    assert admission.ahead_of(bobs.generation) == 0
    assert admission.up_next() == [bobs.generation.pk]
    assert admission.admit(waits.generation.pk) is None
    assert admission.admit(bobs.generation.pk)
    assert not admitted(person("erin"))


def test_a_limit_on_a_model_counts_everybody(alice: User, bob: User, narrow: Any) -> None:
    """R66"""
    narrow.MAX_RUNNING_PER_MODEL = 1
    assert admitted(alice, model=A)
    assert not admitted(bob, model=A)
    assert admitted(bob, model=B)


def test_what_a_dead_process_held_is_free_when_its_lease_has_run_out(
    alice: User, settings: Any
) -> None:
    """R10, R66"""
    settings.MAX_RUNNING_PER_PERSON = 1
    dead = claimed(ask(alice))
    waits = ask(alice)
    assert admission.admit(waits.generation.pk) is None
    lapse(dead)
    assert admission.admit(waits.generation.pk)


@pytest.mark.parametrize("everywhere", [0, 4])
@pytest.mark.django_db(transaction=True)
def test_of_many_that_begin_at_once_no_more_run_than_may(
    alice: User, bob: User, settings: Any, everywhere: int
) -> None:
    """R66: in whatever process and thread."""
    settings.MAX_RUNNING_PER_PERSON = 3
    settings.MAX_RUNNING_EVERYWHERE = everywhere
    ids = [ask(user).generation.pk for user in (alice, bob) for _ in range(8)]
    got = together(len(ids), lambda number: admission.admit(ids[number]) is not None)
    assert got.count(True) <= (everywhere or 6)
    while (next_ := admission.first_in_line()) is not None:
        assert admission.admit(next_)
    running = Generation.objects.filter(status="streaming")
    assert running.count() == (everywhere or 6)
    assert running.filter(asked_by=alice).count() in ({1, 2, 3} if everywhere else {3})


def test_only_what_may_run_is_offered_to_workers(alice: User, bob: User, narrow: Any) -> None:
    """R82: a queue that is full of what must wait would hold up what need not."""
    turns = [ask(alice) for _ in range(5)] + [ask(bob)]
    Generation.objects.update(created_at=NOON)
    assert len(offers.waiting()) == 3
    for turn in turns[:2]:
        claimed(turn)
    assert offers.waiting() == [turns[-1].generation.pk]
