"""Where generations run: each once, and what nobody runs is found again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone

from conversations import admission
from conversations.models import Generation, Message
from conversations.models.progress import Checkpoint, Ending
from streaming import generation as generation_module
from streaming import reaper as reaper_module
from streaming import runner as runner_module
from streaming import waiting
from streaming.limits import Seats
from streaming.livelog import LiveLog
from streaming.pump import Pace, Pump
from streaming.reaper import Reaper
from streaming.runner import Runner, serve
from streaming.threads import Pool
from streaming.workbench import Workbench
from tests.engine.parts import Clock, encoder, read
from tests.people import ask

pytestmark = pytest.mark.django_db

WAIT = 30.0


class Started:
    """Stands where the runner is, and only remembers."""

    def __init__(self):
        self.ids = []

    def start(self, generation_id):
        self.ids.append(generation_id)

    start_pending = Runner.start_pending


@pytest.fixture
def log():
    return LiveLog(kept=60)


@pytest.fixture
def pump(log):
    return Pump(log, Pace(), Clock())


@pytest.fixture
def reaper(pump):
    return Reaper(Started(), pump, every=60)


def lapsed(alice, *, text="So far.", seq=7, **fields):
    """A generation whose runner died after a checkpoint."""
    claimed = Generation.claim(ask(alice).generation.pk)
    Generation.checkpoint(
        [Checkpoint(claimed.pk, claimed.message_id, claimed.fence, seq, text, "", attempt=1)]
    )
    past = timezone.now() - timedelta(seconds=1)
    Generation.objects.filter(pk=claimed.pk).update(lease_until=past, **fields)
    return claimed


def told(log, generation, after):
    return [read(update) for update in log.read(generation.pk, after) or []]


def test_what_is_pending_is_started_the_oldest_first(alice, reaper):
    """R1, R15, R82."""
    first, second = ask(alice), ask(alice)
    reaper.sweep()
    assert reaper._runner.ids == [first.generation.pk, second.generation.pk]


def test_what_lost_its_runner_is_handed_to_another(alice, reaper):
    """R10, R11."""
    generation = lapsed(alice)
    reaper.sweep()
    assert reaper._runner.ids == [generation.pk]
    row = Generation.objects.get(pk=generation.pk)
    assert (row.status, row.attempt) == ("pending", 2)
    assert row.fence > generation.fence


def test_after_the_last_attempt_it_ends_with_the_text_of_its_checkpoint(alice, reaper, pump, log):
    """R8, R10."""
    generation = lapsed(alice, attempt=3)
    reaper.sweep()
    row = Generation.objects.select_related("message").get(pk=generation.pk)
    assert (row.status, row.error_code) == ("interrupted", "worker_lost")
    assert row.message.text == "So far."
    pump.tick()
    end = told(log, row, row.seq - 1)
    assert [(each["type"], each["seq"], each["status"]) for each in end] == [
        ("finished", row.seq, "interrupted")
    ]
    assert end[0]["error"]["reference"] == row.error_reference


def test_what_was_asked_to_stop_ends_as_stopped(alice, reaper):
    """R12."""
    generation = lapsed(alice, stop_requested=True)
    reaper.sweep()
    row = Generation.objects.get(pk=generation.pk)
    assert (row.status, row.error_code) == ("stopped", "")


def test_what_holds_its_lease_is_left_alone(alice, reaper):
    generation = Generation.claim(ask(alice).generation.pk)
    reaper.sweep()
    assert reaper._runner.ids == []
    assert Generation.objects.get(pk=generation.pk).status == "streaming"


@pytest.mark.parametrize("attempt", [1, 3])
def test_what_runs_in_this_process_is_spared_though_its_lease_ran_out(alice, reaper, pump, attempt):
    """R56: the database was away for longer than a lease; the text is in our memory."""
    generation = lapsed(alice, attempt=attempt)
    run = generation_module.LiveRun(generation, encoder(generation.pk), Clock())
    pump.add(run)
    reaper.sweep()
    assert reaper._runner.ids == []
    pump.checkpoint()
    row = Generation.objects.get(pk=generation.pk)
    assert row.status == "streaming"
    assert row.lease_until > timezone.now()
    assert not run.stopped.is_set()


def test_one_that_cannot_be_written_does_not_hold_up_the_others(alice, reaper, monkeypatch):
    bad, good = lapsed(alice), lapsed(alice)
    hand_over = Generation.hand_over

    def fail_for_one(self):
        if self.pk == bad.pk:
            raise OperationalError("deadlock detected")
        return hand_over(self)

    monkeypatch.setattr(Generation, "hand_over", fail_for_one)
    reaper.sweep()
    assert reaper._runner.ids == [good.pk]


def test_two_reapers_do_everything_once(alice, log, pump):
    """R83: they have read the same rows before either writes."""
    over, last = lapsed(alice), lapsed(alice, attempt=3)
    rows = Generation.objects.select_related("message", "conversation")
    one, two = Reaper(Started(), pump, 60), Reaper(Started(), pump, 60)
    seen = {pk: (rows.get(pk=pk), rows.get(pk=pk)) for pk in (over.pk, last.pk)}
    for first, second in seen.values():
        one._take_care(first)
        two._take_care(second)
    assert (one._runner.ids, two._runner.ids) == ([over.pk], [])
    assert Generation.objects.get(pk=over.pk).attempt == 2
    pump.tick()
    ended = Generation.objects.get(pk=last.pk)
    assert len(told(log, ended, ended.seq - 1)) == 1


def test_a_sweep_that_fails_is_not_the_last(pump, monkeypatch):
    """Without this thread nothing that is stuck would ever end."""
    again, tries = threading.Event(), []
    reaper = Reaper(Started(), pump, every=0)

    def sweep():
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("away")
        if len(tries) == 2:
            raise RuntimeError("as if by a mistake of ours")
        again.set()

    monkeypatch.setattr(reaper, "sweep", sweep)
    monkeypatch.setattr(reaper_module.connection, "close", lambda: None)
    reaper.start()
    assert again.wait(WAIT)
    reaper.stop()


def alone(monkeypatch, run):
    """``run`` stands where generations run, and nobody is in line."""
    monkeypatch.setattr(runner_module.generation, "run", run)
    monkeypatch.setattr(runner_module.admission, "next_in_line", lambda: None)


def bench(**how):
    return Workbench(
        client=None, pump=Pump(LiveLog(kept=60), Pace(), Clock()), **{"seats": Seats(10)} | how
    )


def test_what_waits_or_runs_here_is_not_started_again(alice, monkeypatch):
    """R2: the reaper starts what is pending again and again, the second time for nothing."""
    ran, started, go_on = [], threading.Semaphore(0), threading.Event()

    def run(generation_id, bench, begun):
        ran.append(generation_id)
        started.release()
        go_on.wait(WAIT)

    alone(monkeypatch, run)
    runner = Runner(bench(), Pool("test", 1))
    one, two = ask(alice).generation.pk, ask(alice).generation.pk
    for _ in range(3):
        runner.start(one)
        runner.start(two)
    assert started.acquire(timeout=WAIT)
    go_on.set()
    assert started.acquire(timeout=WAIT)
    assert ran == [one, two]


def test_a_run_that_fails_can_be_started_again(alice, monkeypatch):
    """R56: the row is still pending, and the reaper comes by."""
    tried = threading.Semaphore(0)
    fails = iter([True, False])

    def run(generation_id, bench, begun):
        tried.release()
        if next(fails):
            raise OperationalError("away")

    alone(monkeypatch, run)
    runner = Runner(bench(), Pool("test", 1))
    generation = ask(alice).generation.pk
    runner.start(generation)
    assert tried.acquire(timeout=WAIT)
    while generation in runner._taken:
        threading.Event().wait(0.01)
    runner.start(generation)
    assert tried.acquire(timeout=WAIT)


def test_a_claim_whose_row_cannot_be_read_is_no_claim(alice, monkeypatch):
    """R10: what is claimed and in nobody's hands would wait for a whole lease."""
    generation = ask(alice).generation

    def away(generation_id):
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr("conversations.models.generation.whole", away)
        with pytest.raises(OperationalError):
            Generation.claim(generation.pk)
    generation.refresh_from_db()
    assert (generation.status, generation.fence) == ("pending", 0)
    assert Message.objects.filter(generations=generation).exists()


# --- in line --------------------------------------------------------------------------------------


class Ran:
    """Runs generations to their end in no time, if they may run."""

    def __init__(self):
        self.ids = []

    def __call__(self, generation_id, begun):
        row = admission.admit(generation_id, begun)
        if row is not None:
            self.ids.append(row.pk)
            row.finish(Ending(status="complete", seq=row.seq + 1, text="Done."))
        return row


def asked_long_ago(*turns):
    """So that whoever was told of them would have come."""
    keys = [turn.generation.pk for turn in turns]
    created_at = F("created_at") - admission.ON_ITS_WAY
    Generation.objects.filter(pk__in=keys).update(created_at=created_at)


def test_a_thread_that_is_done_goes_on_with_whoever_is_next(alice, bob, settings):
    """R66, R82: whatever a broker has lost."""
    settings.MAX_RUNNING_PER_PERSON = 1
    turns = [ask(alice), ask(alice), ask(bob)]
    asked_long_ago(*turns)
    after, ran = [], Ran()
    serve(turns[0].generation.pk, bench(after=after.append), ran)
    assert ran.ids == [turn.generation.pk for turn in turns]
    assert [row.status for row in after] == ["complete"] * 3


def test_a_thread_that_was_asked_for_one_that_must_wait_serves_whoever_may_run(
    alice, bob, settings
):
    """R66."""
    settings.MAX_RUNNING_PER_PERSON = 1
    running, waits, bobs = ask(alice), ask(alice), ask(bob)
    Generation.claim(running.generation.pk)
    asked_long_ago(bobs)
    ran = Ran()
    serve(waits.generation.pk, bench(), ran)
    assert ran.ids == [bobs.generation.pk]


def test_what_was_just_asked_is_left_to_whoever_is_being_told_of_it(alice, bob):
    """Else each answer's thread would take the next one's question away from its own."""
    ended, other = ask(alice), ask(bob)
    ran = Ran()
    serve(ended.generation.pk, bench(), ran)
    assert ran.ids == [ended.generation.pk]
    serve(other.generation.pk, bench(), ran)
    assert ran.ids == [ended.generation.pk, other.generation.pk]


def test_what_was_turned_away_is_next_however_new_it_is(alice, settings):
    """R66."""
    settings.MAX_RUNNING_PER_PERSON = 1
    running = Generation.claim(ask(alice).generation.pk)
    turned_away = ask(alice).generation.pk
    serve(turned_away, bench(), Ran())
    running.finish(Ending(status="complete", seq=1, text="Done."))
    assert admission.next_in_line() == turned_away


def test_a_seat_that_is_given_back_while_somebody_is_told_to_wait_is_taken(alice, monkeypatch):
    """R66: whoever gave it back looked before there was anybody who waits."""
    seats = Seats(1)
    assert seats.take()
    monkeypatch.setattr(waiting, "tell", lambda generation_id, pump: seats.give_back())
    ran, turn = Ran(), ask(alice)
    serve(turn.generation.pk, bench(seats=seats), ran)
    assert ran.ids == [turn.generation.pk]
    assert seats.take()


def test_a_process_that_ends_begins_nothing(alice):
    """R13."""
    ran = Ran()
    serve(ask(alice).generation.pk, bench(is_open=lambda: False), ran)
    assert ran.ids == []


def test_a_seat_is_free_again_whatever_becomes_of_its_run(alice, bob):
    """R66."""
    asked = [ask(alice), ask(bob)]
    asked_long_ago(*asked)
    one, other = (turn.generation.pk for turn in asked)
    full = bench(seats=Seats(1))

    def fails(generation_id, begun):
        serve(other, full, ran)  # finds no seat
        raise OperationalError("away")

    ran = Ran()
    with pytest.raises(OperationalError):
        serve(one, full, fails)
    assert ran.ids == []
    serve(other, full, ran)
    assert ran.ids == [other, one]


def test_who_waits_is_told_so_once_and_its_numbers_go_on_from_there(alice, log, pump, settings):
    """R5, R66: the state, and how many are ahead."""
    settings.MAX_RUNNING_PER_PERSON = 1
    Generation.claim(ask(alice).generation.pk)
    ask(alice)
    waits = ask(alice).generation
    for _ in range(3):
        waiting.tell(waits.pk, pump)
    pump.tick()
    started, notice = told(log, waits, 0)
    assert (started["type"], started["seq"], started["attempt"]) == ("started", 1, 1)
    assert (notice["type"], notice["code"], notice["seq"]) == ("notice", "waiting", 2)
    assert notice["data"] == {"ahead": 1}
    waits.refresh_from_db()
    assert (waits.status, waits.seq) == ("pending", 2)
    waits.ask_to_stop()
    assert Generation.objects.get(pk=waits.pk).seq == 3


def test_a_row_that_was_told_to_wait_is_read_again_before_it_runs(alice, pump):
    """R5: whoever stored it knows it without the numbers that are used up."""
    turn = ask(alice)
    begun = Generation.objects.get(pk=turn.generation.pk)
    waiting.tell(begun.pk, pump)
    assert Generation.claim(begun.pk, begun) is None
    assert Generation.claim(begun.pk).seq == 2


def test_nobody_is_told_to_wait_who_runs(alice, log, pump):
    running = ask(alice).generation
    Generation.claim(running.pk)
    waiting.tell(running.pk, pump)
    pump.tick()
    assert told(log, running, 0) == []


def test_what_found_no_worker_is_told_so_by_whoever_looks(alice, reaper, pump, log):
    """R15, R66."""
    turn = ask(alice)
    reaper.sweep()
    pump.tick()
    assert told(log, turn.generation, 0) == []
    Generation.objects.update(created_at=timezone.now() - timedelta(seconds=4))
    reaper.sweep()
    pump.tick()
    assert [each["type"] for each in told(log, turn.generation, 0)] == ["started", "notice"]


def test_a_claim_waits_for_a_database_that_is_busy_for_a_moment(alice, pump, monkeypatch):
    """R57: fifty that begin at once share ten connections; who gave up would wait for an offer."""
    turn, admit, tries = ask(alice), admission.admit, []

    def busy_at_first(generation_id, begun):
        tries.append(generation_id)
        if len(tries) == 1:
            raise OperationalError("couldn't get a connection after 2.00 sec")
        admit(generation_id, begun)  # which shows that it would run now

    monkeypatch.setattr(admission, "admit", busy_at_first)
    monkeypatch.setattr("streaming.ending.connection.close", lambda: None)
    assert generation_module.run(turn.generation.pk, Workbench(None, pump, Seats(1))) is None
    assert len(tries) == 2
    turn.generation.refresh_from_db()
    assert turn.generation.status == "streaming"
