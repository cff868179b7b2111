"""A generation while it runs: text and number move together."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.models import Generation, Message
from streaming.bedrock.events import (
    BlockStop,
    CitationDelta,
    TextDelta,
    ToolUseDelta,
    ToolUseStart,
)
from streaming.live import LiveRun
from tests.engine.parts import MESSAGE, Call, Clock, encoder, hear, live_run, read, text_of

pytestmark = pytest.mark.nodb

PACE = {"slow": 10, "usage_wait": 2, "longest": 100}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(clock):
    return live_run(clock)


def kinds(updates):
    return [(update.seq, read(update)["type"]) for update in updates]


def test_updates_are_numbered_without_a_gap_in_the_order_in_which_they_were_said(run):
    """R5."""
    run.start("a-model")
    hear(run, "One ")
    hear(run, reasoning="hm")
    run.notice("waiting", "Wait.")
    hear(run, "two.")
    run.close()
    run.finish({"status": "complete"})
    collected = run.collect()
    assert kinds(collected) == [
        (1, "started"),
        (2, "delta"),
        (3, "delta"),
        (4, "notice"),
        (5, "delta"),
        (6, "finished"),
    ]
    assert collected[-1].last
    assert run.collect() == []


def test_a_checkpoint_holds_exactly_the_text_of_the_updates_up_to_its_number(run):
    """Guarantee 2, under three threads that never wait for each other."""
    collected, points, done = [], [], threading.Event()

    def write():
        for number in range(4_000):
            hear(run, f"{number} ")
        done.set()

    def keep():
        while not done.is_set():
            points.append(run.checkpoint())

    threads = [threading.Thread(target=write), threading.Thread(target=keep)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        collected += run.collect()
    for thread in threads:
        thread.join()
    collected += run.collect()
    assert [update.seq for update in collected] == list(range(1, len(collected) + 1))
    assert text_of(collected) == "".join(f"{number} " for number in range(4_000))
    texts = [read(update)["text"] for update in collected]
    for point in {point.seq: point for point in points}.values():
        assert point.text == "".join(texts[: point.seq])


def test_closing_gives_the_whole_text_and_the_last_number_and_ends_the_checkpoints(run):
    run.start("a-model")
    hear(run, "Not collected yet.")
    seq, written = run.close()
    assert (seq, written.text) == (2, "Not collected yet.")
    assert run.checkpoint() is None


def test_no_late_notice_takes_the_number_that_is_stored_for_the_end(run):
    """R12: the row says which number `finished` has before it is sent."""
    hear(run, "Text.")
    seq, _ = run.close()
    run.notice("slow", "Too late.")
    run.finish({"status": "complete"})
    assert kinds(run.collect())[-1] == (seq + 1, "finished")
    assert "notice" not in [kind for _, kind in kinds(run.collect())]


def test_stopping_ends_the_call_that_runs_and_the_one_that_is_about_to(run):
    """R62."""
    first, second = Call(), Call()
    run.calling(first)
    run.stop()
    assert first.aborted
    assert run.stopped.is_set()
    run.calling(second)
    assert second.aborted


def test_an_answer_that_is_being_saved_cannot_be_stopped_any_more(run):
    call = Call()
    run.calling(call)
    run.close()
    run.stop()
    assert not run.stopped.is_set()
    assert not call.aborted


def test_a_long_silence_is_told_once_and_again_after_a_word(run, clock):
    """R61."""

    def told():
        run.watch(clock.now, **PACE)
        return [kind for _, kind in kinds(run.collect())]

    run.calling(Call())
    clock.pass_(9)
    assert told() == []
    clock.pass_(1)
    assert told() == ["notice"]
    clock.pass_(60)
    assert told() == []
    hear(run, "Here I am.")
    assert told() == ["delta"]
    clock.pass_(10)
    assert told() == ["notice"]


def test_nothing_is_called_slow_before_the_model_is_asked(run, clock):
    clock.pass_(60)
    run.watch(clock.now, **PACE)
    assert run.collect() == []


def test_the_usage_is_waited_for_from_when_the_end_is_stored(run, clock):
    """R77: a slow database must not cost the figures that are on their way."""
    call = Call()
    run.calling(call)
    run.close()
    clock.pass_(30)
    run.watch(clock.now, **PACE)
    assert not call.aborted
    run.await_usage()
    clock.pass_(2)
    run.watch(clock.now, **PACE)
    assert not call.aborted
    clock.pass_(0.1)
    run.watch(clock.now, **PACE)
    assert call.aborted


def test_what_takes_too_long_is_ended_by_the_clock(run, clock):
    """R80: however much the model says meanwhile."""
    call = Call()
    run.calling(call)
    for _ in range(9):
        clock.pass_(11)
        hear(run, "More. ")
        run.watch(clock.now, **PACE)
    assert not call.aborted
    clock.pass_(1)
    run.watch(clock.now, **PACE)
    assert call.aborted
    assert run.overdue


def test_a_stop_of_a_person_is_not_one_of_the_clock(run):
    run.stop()
    assert run.stopped.is_set()
    assert not run.overdue


def test_an_answer_that_has_ended_is_not_overdue(run, clock):
    """R12: there is one end."""
    run.calling(Call())
    run.close()
    clock.pass_(1_000)
    run.watch(clock.now, **PACE)
    assert not run.overdue


def test_the_time_counts_from_the_first_attempt_whoever_made_it(clock):
    """R80: a runner that takes over does not start the clock anew."""
    row = Generation(pk=uuid4(), fence=2, attempt=2)
    row.message = Message(id=1, uuid=MESSAGE)
    row.started_at = timezone.now() - timedelta(seconds=95)
    run = LiveRun(row, encoder(row.pk), clock)
    run.watch(clock.now, **PACE)
    assert not run.overdue
    clock.pass_(5)
    run.watch(clock.now, **PACE)
    assert run.overdue


def test_what_is_withdrawn_before_it_was_told_is_never_told(run):
    """R72"""
    hear(run, "Take some ")
    told = run.collect()
    hear(run, "poison")
    run.retract("guardrail", "No.")
    told += run.collect()
    assert [(read(each)["type"], read(each)["text"]) for each in told] == [
        ("delta", "Take some "),
        ("retracted", "No."),
    ]
    point = run.checkpoint()
    assert (point.text, point.seq) == ("No.", told[-1].seq)


CITATION = {"title": "Handbook", "location": {"documentPage": {"start": 3, "end": 4}}}


def test_a_source_is_told_when_it_is_named_and_only_once(run):
    run.hear(CitationDelta(0, CITATION))
    run.hear(TextDelta("Twenty days.", 0))
    run.hear(CitationDelta(1, CITATION))
    run.hear(CitationDelta(1, {"title": "\0Contract"}))
    notices = [read(each) for each in run.collect() if read(each)["type"] == "notice"]
    assert [(each["code"], each["data"]["number"]) for each in notices] == [
        ("citation", 1),
        ("citation", 2),
    ]
    assert notices[0]["data"]["place"] == "page 3"
    assert notices[1]["data"]["title"] == "\ufffdContract"


def test_an_answer_that_begins_anew_numbers_its_sources_anew(run):
    run.hear(CitationDelta(0, CITATION))
    run.start_over("model_stream_error")
    run.hear(CitationDelta(0, CITATION))
    notices = [read(each) for each in run.collect() if read(each)["type"] == "notice"]
    assert [each["data"]["number"] for each in notices] == [1, 1]


def test_a_tool_is_told_when_all_of_its_input_has_come(run):
    run.hear(ToolUseStart(1, "t", "web_search", "server_tool_use"))
    run.hear(ToolUseDelta(1, '{"q": "tides"}'))
    assert run.collect() == []
    run.hear(BlockStop(1))
    [notice] = map(read, run.collect())
    assert (notice["code"], notice["detail"]) == (
        "tool_use",
        "The service uses the tool web_search.",
    )
    assert notice["data"] == {
        "name": "web_search", "server": True, "input": '{"q": "tides"}', "result": None,
    }  # fmt: skip
