"""The numbered updates of live generations, in memory."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import livelog
from streaming.livelog import LiveLog
from tests.engine.parts import Clock, encoder, finished, read, updates

pytestmark = pytest.mark.nodb


def numbers(read):
    return None if read is None else [update.seq for update in read]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(clock):
    return LiveLog(kept=60, clock=clock)


@given(st.integers(1, 30), st.integers(-1, 35))
def test_reading_gives_exactly_what_comes_after_the_number_or_says_that_it_cannot(last, after):
    """R5."""
    log, generation = LiveLog(kept=60), uuid4()
    log.append({generation: updates(generation, ["x"] * last)})
    expected = list(range(after + 1, last + 1)) if 0 <= after <= last else None
    assert numbers(log.read(generation, after)) == expected


def test_of_an_unknown_generation_nothing_can_be_read(log):
    assert log.read(uuid4(), 0) is None
    assert not log.knows(uuid4())


def test_whoever_has_everything_gets_nothing(log):
    generation = uuid4()
    log.append({generation: updates(generation, ["a", "b"])})
    assert log.read(generation, 2) == []


def test_news_name_the_generations_and_come_after_the_updates_can_be_read(log):
    generation = uuid4()
    heard = []
    log.on_news = lambda news: heard.append((news, numbers(log.read(generation, 0))))
    log.append({generation: updates(generation, ["a"])})
    log.append({})
    assert heard == [({generation}, [1])]


def test_an_end_written_by_another_process_voids_what_came_behind_its_checkpoint(log):
    """R8: only what is stored is true, so the reader is sent to the database."""
    generation = uuid4()
    log.append({generation: updates(generation, ["a", "b", "c"])})
    log.append({generation: [finished(generation, 10_002)]})
    assert log.read(generation, 3) is None
    assert numbers(log.read(generation, 10_001)) == [10_002]


def test_what_is_withdrawn_cannot_be_read_any_more_and_leaves_no_gap(log):
    """R72: nor by whoever resumes from before it."""
    generation = uuid4()
    made = encoder(generation)
    source = made.notice(3, "citation", "The answer names a source.", {"source": "poison"})
    begun = made.started(1, model="m", attempt=1)
    log.append({generation: [begun, made.delta(2, "text", "Take poison"), source]})
    log.append({generation: [made.retracted(4, reason="guardrail", text="No."),
                             made.delta(5, "text", " Sorry.")]})  # fmt: skip
    found = log.read(generation, 0)
    assert numbers(found) == [1, 2, 3, 4, 5]
    assert found[0] == begun
    assert "poison" not in "".join(update.frame for update in found)
    assert [read(update).get("text") for update in found[1:]] == ["", "", "No.", " Sorry."]


def test_nothing_comes_behind_the_end(log):
    """R12: one end, whatever a run that was given up still says."""
    generation = uuid4()
    log.append({generation: [*updates(generation, ["a"]), finished(generation, 2)]})
    log.append({generation: [*updates(generation, ["late"], first=3), finished(generation, 4)]})
    log.append({generation: updates(generation, ["later"], first=9)})
    assert numbers(log.read(generation, 0)) == [1, 2]


def test_a_long_log_forgets_its_oldest_updates_and_says_so(log, monkeypatch):
    monkeypatch.setattr(livelog, "LOG_LIMIT", 10_000)
    generation = uuid4()
    for seq in range(1, 101):
        log.append({generation: updates(generation, ["x" * 400], first=seq)})
    kept = log._logs[generation]
    assert kept.size <= 10_000
    assert log.read(generation, 0) is None
    first = kept.updates[0].seq
    assert numbers(log.read(generation, first - 1)) == list(range(first, 101))


def test_one_update_that_is_larger_than_the_limit_is_kept(log, monkeypatch):
    monkeypatch.setattr(livelog, "LOG_LIMIT", 1_000)
    generation = uuid4()
    log.append({generation: updates(generation, ["x" * 5_000])})
    assert numbers(log.read(generation, 0)) == [1]


def test_ended_logs_are_kept_for_a_while_and_live_ones_for_ever(log, clock):
    ended, live, other = uuid4(), uuid4(), uuid4()
    log.append({ended: [*updates(ended, ["a"]), finished(ended, 2)]})
    log.append({live: updates(live, ["a"])})
    clock.pass_(59)
    log.append({other: updates(other, ["a"])})
    assert log.knows(ended)
    clock.pass_(1)
    log.append({other: updates(other, ["b"], first=2)})
    assert not log.knows(ended)
    assert log.knows(live)


def test_ended_logs_together_stay_below_their_limit(log, monkeypatch):
    """Not bounded by time alone: many short answers in a quarter of an hour are a lot of memory."""
    monkeypatch.setattr(livelog, "ENDED_LIMIT", 50_000)
    ids = [uuid4() for _ in range(50)]
    for generation in ids:
        log.append({generation: [*updates(generation, ["x" * 2_000]), finished(generation, 2)]})
    assert sum(kept.size for kept in log._logs.values()) <= 50_000
    assert not log.knows(ids[0])
    assert numbers(log.read(ids[-1], 0)) == [1, 2]


def test_a_reader_beside_the_writer_never_sees_a_gap(log, monkeypatch):
    """R5, while the log forgets its oldest."""
    monkeypatch.setattr(livelog, "LOG_LIMIT", 20_000)
    generation = uuid4()
    done = threading.Event()
    wrong = []

    def write():
        for seq in range(1, 3_000):
            log.append({generation: updates(generation, ["x" * 10], first=seq)})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        seen = numbers(log.read(generation, 0)) or numbers(log.read(generation, 1_000)) or []
        if seen and seen != list(range(seen[0], seen[0] + len(seen))):
            wrong.append(seen)
    writer.join()
    assert not wrong
