"""One clock per process: what is due is sent in time, whatever else fails."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError

from conversations.models import Generation
from streaming import pump as pump_module
from streaming.livelog import LiveLog
from streaming.pump import WIDEST_WINDOW, Pace, Pump
from tests.engine.parts import Call, Clock, finished, hear, live_run, read

pytestmark = pytest.mark.nodb

WAIT = 30.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log():
    return LiveLog(kept=60)


@pytest.fixture
def pump(log, clock):
    """Not started: the test ticks."""
    return Pump(log, Pace(), clock)


@pytest.fixture
def add(pump, clock):
    def added():
        run = live_run(clock)
        pump.add(run)
        return run

    return added


@pytest.fixture
def running(log, monkeypatch):
    """A pump that runs by itself, with a window in which nothing happens by chance."""
    monkeypatch.setattr(Generation, "checkpoint", classmethod(lambda cls, points: set()))
    monkeypatch.setattr(Generation, "release", classmethod(lambda cls, points: None))
    pump = Pump(log, Pace(window=0.01, checkpoint=0.01))
    pump.start()
    yield pump
    pump.stop()


class News:
    """What the log tells its readers."""

    def __init__(self, log):
        self._log = log
        self._changed = threading.Condition()
        log.on_news = self._hear

    def _hear(self, generations):
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, generation, seq):
        def there():
            known = self._log.read(generation, 0)
            return known is not None and known[-1].seq >= seq

        with self._changed:
            assert self._changed.wait_for(there, WAIT), "the log was not told"


def test_a_tick_writes_what_is_due_of_all_runs_at_once(pump, log, add):
    """R52: one write for all, however many there are."""
    written = []
    log.on_news = written.append
    runs = [add() for _ in range(3)]
    for run in runs[:2]:
        hear(run, "Some")
        hear(run, " text.")
    pump.tick()
    assert written == [{run.id for run in runs[:2]}]
    assert [read(update)["text"] for update in log.read(runs[0].id, 0)] == ["Some text."]
    pump.tick()
    assert len(written) == 1


def test_what_cannot_wait_does_not_wait_for_the_window(pump, log, add):
    hurried, calm = add(), add()
    hear(calm, "Later.")
    hurried.notice("waiting", "Now.")
    pump._send_hurried()
    assert [read(update)["type"] for update in log.read(hurried.id, 0)] == ["notice"]
    assert log.read(calm.id, 0) is None


def test_what_a_run_said_last_is_sent_though_it_was_removed(pump, log, add):
    run = add()
    run.close()
    run.finish({"status": "complete"})
    pump.remove(run)
    assert not pump.has(run.id)
    pump.tick()
    assert log.read(run.id, 0)[-1].last


def test_the_end_of_what_runs_nowhere_is_told_too(pump, log, add):
    run = add()
    pump.remove(run)
    pump.publish(run.id, [finished(run.id, 1)])
    pump.tick()
    assert log.read(run.id, 0)[-1].last


def test_the_window_widens_under_load_and_narrows_again(pump):
    narrow = pump.window
    for _ in range(50):
        pump._adapt(took=1.0)
    assert pump.window == pytest.approx(WIDEST_WINDOW)
    for _ in range(50):
        pump._adapt(took=0.0)
    assert pump.window == pytest.approx(narrow)
    pump.reader_lag = 1.0  # not we, but whoever reads the log is late
    pump._adapt(took=0.0)
    assert pump.window > narrow


def test_silence_is_looked_for_and_a_usage_that_does_not_come_is_not_waited_for(pump, add, clock):
    silent, ended = add(), add()
    call = Call()
    silent.calling(Call())
    ended.calling(call)
    ended.close()
    ended.await_usage()
    clock.pass_(10)
    pump._look_for_silence()
    pump._look_for_silence()
    assert [read(update)["code"] for update in silent.collect()] == ["slow"]
    assert call.aborted


def test_a_checkpoint_takes_all_runs_and_stops_those_that_must_stop(pump, add, monkeypatch):
    """R11: taken over, ended or asked to stop."""
    taken = []

    def checkpoint(cls, points):
        taken.extend(points)
        return {gone.id}

    monkeypatch.setattr(Generation, "checkpoint", classmethod(checkpoint))
    monkeypatch.setattr(pump_module, "_count_fenced", lambda fences: None)  # asks the database
    kept, gone, closed = add(), add(), add()
    hear(kept, "Text so far.")
    kept.collect()
    closed.close()
    pump.checkpoint()
    assert {(point.generation_id, point.seq, point.text) for point in taken} == {
        (kept.id, 1, "Text so far."),
        (gone.id, 0, ""),
    }
    assert gone.stopped.is_set()
    assert not kept.stopped.is_set()


def test_only_a_run_of_this_process_can_be_stopped_here(pump, add):
    run, other = add(), live_run(Clock())
    assert pump.abort(run.id)
    assert run.stopped.is_set()
    assert not pump.abort(other.id)


def test_the_threads_deliver_without_being_asked(running, log):
    news, run = News(log), live_run(Clock())
    running.add(run)
    run.start("a-model")
    news.wait_for(run.id, 1)
    hear(run, "Text.")
    news.wait_for(run.id, 2)
    run.close()
    run.finish({"status": "complete"})
    running.remove(run)
    news.wait_for(run.id, 3)


def test_the_ticker_wakes_from_its_sleep_for_each_new_run(running, log):
    """No lost wake-up, whenever the first word comes."""
    news = News(log)
    for _ in range(200):
        run = live_run(Clock())
        running.add(run)
        run.start("a-model")
        news.wait_for(run.id, 1)
        running.remove(run)


def test_a_tick_that_fails_is_not_the_last(running, log, monkeypatch):
    """A ticker that died would end every answer of the process without a word."""
    news, run, failed = News(log), live_run(Clock()), threading.Event()
    collect = run.collect

    def fail_once():
        if failed.is_set():
            return collect()
        failed.set()
        raise RuntimeError("as if by a mistake of ours")

    monkeypatch.setattr(run, "collect", fail_once)
    running.add(run)
    hear(run, "Still told.")
    assert failed.wait(WAIT)
    news.wait_for(run.id, 1)


@pytest.mark.parametrize("error", [DatabaseError, KeyError])
def test_a_checkpoint_that_fails_is_not_the_last(running, monkeypatch, error):
    """R56: the database comes back, and so does the lease."""
    again = threading.Event()
    tries = []

    def checkpoint(cls, points):
        tries.append(points)
        if len(tries) < 3:
            raise error("away")
        again.set()
        return set()

    monkeypatch.setattr(Generation, "checkpoint", classmethod(checkpoint))
    running.add(live_run(Clock()))
    assert again.wait(WAIT)


def test_ending_hands_over_what_runs_and_tells_what_is_due(log, clock, monkeypatch):
    """R13."""
    released = []
    monkeypatch.setattr(
        Generation, "release", classmethod(lambda cls, points: released.extend(points))
    )
    pump = Pump(log, Pace(), clock)
    run = live_run(clock)
    pump.add(run)
    hear(run, "Every word so far.")
    pump.stop()
    assert [point.text for point in released] == ["Every word so far."]
    assert len(log.read(run.id, 0)) == 1
    assert run.stopped.is_set()


def test_a_checkpoint_comes_every_second_though_writing_takes_its_time(log, monkeypatch):
    """Guarantee 3: at most one second is missing; what the writing takes is not added."""
    pauses, clock = [], Clock()
    pump = Pump(log, Pace(checkpoint=1.0), clock)

    class Stopping:
        def wait(self, seconds):
            pauses.append(round(seconds, 3))
            return len(pauses) > 3

    def write(cls, points):
        clock.pass_(0.3)
        return set()

    monkeypatch.setattr(pump, "_stopping", Stopping())
    monkeypatch.setattr(Generation, "checkpoint", classmethod(write))
    monkeypatch.setattr(pump_module.connection, "close", lambda: None)
    pump.add(live_run(clock))
    pump._keep_forever()
    assert pauses == [1.0, 0.7, 0.7, 0.7]
