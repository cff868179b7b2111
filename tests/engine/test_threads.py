"""Threads of our own: as many as asked for, in order, and none that is lost."""

from __future__ import annotations

import threading

import pytest

from streaming import threads
from streaming.threads import Pool

pytestmark = pytest.mark.nodb

WAIT = 30.0


@pytest.fixture
def gate():
    """Jobs that wait until the test lets them go on."""
    opened = threading.Event()
    yield opened
    opened.set()


def pool_of(size, **how):
    pool = Pool("test", size, **how)
    return pool


def test_jobs_run_at_the_same_time_up_to_the_size_and_the_rest_in_order(gate):
    """R44: not in the six threads of asyncio's executor."""
    pool, started, order = pool_of(3), threading.Semaphore(0), []

    def job(number):
        order.append(number)
        started.release()
        gate.wait(WAIT)

    for number in range(6):
        pool.submit(lambda number=number: job(number))
    for _ in range(3):
        assert started.acquire(timeout=WAIT)
    assert sorted(order) == [0, 1, 2]
    assert pool.busy
    gate.set()
    for _ in range(3):
        assert started.acquire(timeout=WAIT)
    assert sorted(order[3:]) == [3, 4, 5]


def test_a_job_that_fails_does_not_take_its_thread_with_it():
    pool, done = pool_of(1), threading.Event()

    def fail():
        raise ValueError("as if by a mistake of ours")

    pool.submit(fail)
    pool.submit(done.set)
    assert done.wait(WAIT)


def test_no_job_is_lost_however_they_come_and_go():
    pool, lock = pool_of(4), threading.Lock()
    done, all_done = [], threading.Event()

    def job(number):
        with lock:
            done.append(number)
            if len(done) == 2_000:
                all_done.set()

    def submit(first):
        for number in range(first, first + 500):
            pool.submit(lambda number=number: job(number))

    submitters = [threading.Thread(target=submit, args=(first,)) for first in range(0, 2_000, 500)]
    for each in submitters:
        each.start()
    for each in submitters:
        each.join()
    assert all_done.wait(WAIT)
    assert sorted(done) == list(range(2_000))


def test_idle_threads_go_and_hand_back_what_they_hold(monkeypatch):
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.01)
    left = threading.Event()
    pool, done = pool_of(1, leave=left.set), threading.Event()
    pool.submit(done.set)
    assert done.wait(WAIT)
    assert left.wait(WAIT)
    again = threading.Event()
    pool.submit(again.set)
    assert again.wait(WAIT)


def test_closing_forgets_what_waits_and_lets_what_runs_go_on(gate):
    pool, started, ended = pool_of(1), threading.Event(), threading.Event()
    waiting = []

    def job():
        started.set()
        gate.wait(WAIT)
        ended.set()

    pool.submit(job)
    pool.submit(lambda: waiting.append(1))
    assert started.wait(WAIT)
    pool.close()
    pool.submit(lambda: waiting.append(2))
    gate.set()
    assert ended.wait(WAIT)
    assert not waiting


def test_where_the_machine_gives_no_more_threads_the_job_waits_for_one(gate, monkeypatch):
    pool, started, done = pool_of(2), threading.Event(), threading.Event()

    def job():
        started.set()
        gate.wait(WAIT)

    pool.submit(job)
    assert started.wait(WAIT)

    class NoThread(threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threads.threading, "Thread", NoThread)
        pool.submit(done.set)
    gate.set()
    assert done.wait(WAIT)


def test_the_threads_do_not_keep_a_process_alive(gate):
    pool, found = pool_of(1), []
    started = threading.Event()

    def job():
        found.append(threading.current_thread().daemon)
        started.set()

    pool.submit(job)
    assert started.wait(WAIT)
    assert found == [True]
