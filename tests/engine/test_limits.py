"""The seats of a process, and the pace of a socket."""

from __future__ import annotations

from streaming.limits import Pace, Seats
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
