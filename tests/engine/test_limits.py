"""The seats of a process, and the pace of a socket."""

from __future__ import annotations

import threading

import pytest

from streaming.bedrock.errors import Aborted
from streaming.limits import Pace, Seats
from streaming.room import Held, Room
from tests.together import together


def test_there_are_so_many_seats_and_one_that_is_given_back_is_taken_again():
    """R66."""
    seats = Seats(2)
    assert [seats.take() for _ in range(3)] == [True, True, False]
    seats.give_back()
    assert [seats.take(), seats.take()] == [True, False]


def test_of_many_threads_no_more_get_a_seat_than_there_are():
    seats = Seats(7)
    assert together(20, lambda _: seats.take()).count(True) == 7


def test_a_bucket_lets_a_burst_through_and_then_so_many_a_second():
    """R88."""
    now = [0.0]
    pace = Pace(per_second=10, burst=5, clock=lambda: now[0])
    assert [pace.take() for _ in range(6)] == [True] * 5 + [False]
    now[0] = 0.1
    assert [pace.take(), pace.take()] == [True, False]
    now[0] = 100.0
    assert [pace.take() for _ in range(6)] == [True] * 5 + [False]


def test_requests_with_files_wait_until_there_is_room_for_theirs():
    """R88: of many threads each could hold megabytes several times over."""
    room = Room(10)
    first, second = (Held(room, lambda: False, lambda: None) for _ in range(2))
    let_go = threading.Event()
    third = Held(room, lambda: False, let_go.set)
    first.take(6)
    first.take(6)  # put together again, as after counting
    second.take(4)
    waiting = threading.Thread(target=third.take, args=(5,), daemon=True)
    waiting.start()
    assert let_go.wait(30), "it keeps its connection to the database while it waits"
    second.leave()
    assert waiting.is_alive(), "4 are free"
    first.leave()
    waiting.join(30)
    assert not waiting.is_alive()


def test_what_is_larger_than_the_room_has_all_of_it():
    room = Room(10)
    large = Held(room, lambda: False, lambda: None)
    large.take(50)
    with pytest.raises(Aborted):
        Held(room, lambda: True, lambda: None).take(1)
    large.leave()
    large.leave()
    Held(room, lambda: True, lambda: None).take(10)
