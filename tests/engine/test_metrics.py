"""What is counted: at ends and at faults, once each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from channels.exceptions import ChannelFull
from prometheus_client import REGISTRY
from time_machine import travel

from conversations.models import Generation
from conversations.models.progress import Ending
from streaming import announcer as announcer_module
from streaming.announcer import Announcer
from streaming.ending import write_ending
from streaming.layer import LATE_SECONDS, MemoryLayer
from streaming.live import LiveRun
from streaming.livelog import LiveLog
from streaming.localbedrock import Answer, Refusal, faults
from streaming.pump import Pace, Pump
from streaming.reaper import Reaper
from tests.engine.parts import Clock, encoder
from tests.people import ask
from tests.running import claimed, lapse
from tests.scale.processes import NOBODY
from tests.scraped import figure

pytestmark = pytest.mark.matrix


class Runner:
    def start(self, generation_id):
        pass

    start_pending = lambda self: None  # noqa: E731


@pytest.fixture
def pump():
    return Pump(LiveLog(kept=60), Pace(), Clock())


def running(pump, turn):
    """An answer that this process writes."""
    generation = claimed(turn)
    pump.add(LiveRun(generation, encoder(generation.pk), Clock()))
    return generation


def taken_over(generation):
    Generation.objects.filter(pk=generation.pk).update(fence=generation.fence + 1)


# --- generations ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("attempt", "outcome"), [(1, "handed_over"), (3, "given_up")])
def test_a_lease_that_ran_out_is_counted_by_what_became_of_it(alice, pump, attempt, outcome):
    """R109: and what was given up as an answer that was interrupted."""
    generation = claimed(ask(alice))
    Generation.objects.filter(pk=generation.pk).update(attempt=attempt)
    lapse(generation)
    before = figure("leases_expired", outcome=outcome)
    interrupted = figure("answers", status="interrupted", error="worker_lost")
    for _ in range(2):
        Reaper(Runner(), pump, 60).sweep()
    assert figure("leases_expired", outcome=outcome) == before + 1
    ended = figure("answers", status="interrupted", error="worker_lost") - interrupted
    assert ended == (outcome == "given_up")


@pytest.mark.django_db
def test_a_checkpoint_that_finds_another_fence_is_counted(alice, bob, pump):
    """R11, R109: not one that finds a wish to stop, which is no fault."""
    taken, asked_to_stop = running(pump, ask(alice)), running(pump, ask(bob))
    taken_over(taken)
    assert asked_to_stop.ask_to_stop()
    before = figure("fenced_writes", kind="checkpoint")
    pump.checkpoint()
    assert figure("fenced_writes", kind="checkpoint") == before + 1


@pytest.mark.django_db
def test_an_end_that_finds_another_fence_is_counted_and_is_no_end(alice, pump):
    """R11, R12, R109"""
    generation = claimed(ask(alice))
    taken_over(generation)
    fenced, ended = (
        figure("fenced_writes", kind="ending"),
        figure("answers", status="complete", error="none"),
    )
    assert not write_ending(generation, Ending(status="complete", seq=9, text="Too late."))
    assert figure("fenced_writes", kind="ending") == fenced + 1
    assert figure("answers", status="complete", error="none") == ended


async def test_calls_and_answers_are_counted_by_outcome_and_timed(open_tab, alice, model):
    """R109: by model, which is from the catalogue; each attempt is a call."""
    told = {"model": "local.demonstration-v1:0"}
    calls = {
        outcome: figure("model_calls", outcome=outcome, **told)
        for outcome in ("throttled", "model_access_denied")
    }
    failed = figure("answers", status="failed", error="model_access_denied")
    timed = REGISTRY.get_sample_value("chat_first_token_seconds_count", told) or 0
    tab = await open_tab(alice)
    model.enqueue(faults.throttled())
    model.enqueue(Answer(text="At last."))
    first = await tab.ask("Hello.")
    await tab.expect("finished", generation=first["generation"])
    assert figure("model_calls", outcome="throttled", **told) == calls["throttled"] + 1
    assert REGISTRY.get_sample_value("chat_first_token_seconds_count", told) == timed + 1
    model.enqueue(Refusal("AccessDeniedException", "no"))
    second = await tab.ask("And now?", conversation=first["conversation"])
    await tab.expect("finished", generation=second["generation"])
    assert figure("model_calls", outcome="model_access_denied", **told) == (
        calls["model_access_denied"] + 1
    )
    assert figure("answers", status="failed", error="model_access_denied") == failed + 1


async def test_a_command_that_comes_again_is_counted_and_starts_nothing(open_tab, alice, model):
    """R2, R109"""
    before = figure("duplicate_commands", command="send")
    tab = await open_tab(alice)
    model.enqueue(Answer(text="Once."))
    key = "6f1c2a34-5b6d-4e7f-8a90-b1c2d3e4f501"
    first = await tab.ask("Only once.", key=key)
    await tab.expect("finished", generation=first["generation"])
    assert figure("duplicate_commands", command="send") == before
    again = await tab.ask("Only once.", key=key)
    assert again["generation"] == first["generation"]
    assert figure("duplicate_commands", command="send") == before + 1


# --- announcements --------------------------------------------------------------------------------


async def test_what_a_full_channel_in_memory_has_no_room_for_is_counted():
    """R53"""
    layer = MemoryLayer(capacity=2)
    await layer.group_add("group", "one!x")
    before = figure("announcements_lost", reason="over_capacity")
    for _ in range(5):
        await layer.group_send("group", {"type": "news"})
    assert figure("announcements_lost", reason="over_capacity") == before + 3
    with pytest.raises(ChannelFull):
        await layer.send("one!x", {"type": "news"})
    assert figure("announcements_lost", reason="over_capacity") == before + 4


@pytest.mark.parametrize(("seconds", "late"), [(LATE_SECONDS - 1, 0), (LATE_SECONDS + 1, 1)])
async def test_what_arrives_too_late_is_counted_and_arrives_all_the_same(seconds, late):
    """R53"""
    layer = MemoryLayer()
    await layer.group_add("group", "one!x")
    before = figure("announcements_late")
    with travel("2026-03-01T12:00:00Z", tick=False) as clock:
        await layer.group_send("group", {"type": "news"})
        clock.shift(timedelta(seconds=seconds))
        assert await layer.receive("one!x") == {"type": "news"}
    assert figure("announcements_late") == before + late


def test_what_waits_in_vain_in_a_thread_that_announces_is_counted(monkeypatch):
    """R53: more than may be on its way at once."""
    monkeypatch.setattr(announcer_module, "ON_THEIR_WAY", 0)
    announcer = Announcer(NOBODY)
    before = figure("announcements_lost", reason="over_capacity")
    announcer.announce("group", {"type": "news"})
    assert figure("announcements_lost", reason="over_capacity") == before + 1


async def test_how_late_the_loop_is_is_measured_while_there_are_sockets(
    open_tab, alice, monkeypatch
):
    """R44, R109"""
    monkeypatch.setattr("streaming.relay.LAG_EVERY", 0.001)
    before = REGISTRY.get_sample_value("chat_event_loop_lag_seconds_count") or 0
    tab = await open_tab(alice)
    while (REGISTRY.get_sample_value("chat_event_loop_lag_seconds_count") or 0) < before + 3:
        await tab.command("ping")
