"""A short part of `make faults`: the same rounds with fixed seeds. docs/reliability.md."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from tests.faults.plan import PEOPLE, TABS, draw
from tests.faults.rounds import play
from tests.faults.site import KINDS

pytestmark = [pytest.mark.faults, pytest.mark.nodb]


def rounds(setup: str, seeds: range, *servers: str, seconds: float, faults: int) -> None:
    outcome = asyncio.run(play(setup, seeds, servers=servers, seconds=seconds, faults=faults))
    assert outcome.violations == []
    assert outcome.answers > 0
    assert outcome.faults.total() > 0


def test_a_seed_draws_the_same_plan_again():
    """R116"""
    first, second = (draw(7, KINDS["many"], seconds=6, faults=20) for _ in range(2))
    assert first == second
    assert first != draw(8, KINDS["many"], seconds=6, faults=20)


def test_half_of_the_tabs_of_a_round_speak_http_only():
    """R98, R116: which ones is the seed's choice; every tab gets its turn."""
    drawn = [draw(seed, KINDS["sqlite"], seconds=1, faults=1).over_http for seed in range(20)]
    assert {len(tabs) for tabs in drawn} == {3}
    assert len(frozenset().union(*drawn)) == len(PEOPLE) * TABS


def test_one_process_on_sqlite_loses_nothing():
    """R1 R2 R4 R9 R12 R14 R31 R98

    One kill in the middle of several answers: with checkpoints every six seconds this fails.
    """
    rounds("sqlite", range(26, 27), "daphne", seconds=6, faults=3)


@pytest.mark.redis
@pytest.mark.postgres
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="install redis-server")
def test_many_processes_lose_nothing():
    """R1 R2 R4 R9 R10 R11 R12 R14 R15 R31 R98"""
    rounds("many", range(20, 21), "daphne", "uvicorn", seconds=3, faults=8)
