"""The parts of the soak for seconds instead of minutes, and that they see what they look for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from tests.faults.machines import ROOT
from tests.soak import memory
from tests.soak.__main__ import PARTS, run
from tests.soak.idle import troubles
from tests.soak.result import Result, write

pytestmark = [pytest.mark.faults, pytest.mark.nodb]


@pytest.mark.redis
@pytest.mark.postgres
@pytest.mark.soak
@pytest.mark.parametrize("name", ["idle", "outages"])
def test_a_part_of_the_soak_finds_nothing(name):
    """R14, R15, R39, R56: before an hour of it is begun."""
    result = asyncio.run(PARTS[name](7, short=True))
    assert result.violations == []
    assert result.figures
    assert result.seed == 7


def test_people_who_ask_all_the_time_are_answered_and_the_memory_is_compared():
    """R116: of all parts the one that needs nothing but a process and a file."""
    result = asyncio.run(PARTS["steady"](7, short=True))
    assert result.violations == []
    assert result.figures["answers"] > 0
    assert result.figures["largest MB"] > 0


class SomeSite:
    """Of one process, whose memory is what the test says."""

    def __init__(self, monkeypatch, *sizes):
        left = list(sizes)
        monkeypatch.setattr(memory, "resident", lambda _: left.pop(0))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({1: ("web0", 100.0 + memory.GROWTH_LIMIT + 1)}, "web0 grew from 100 to 133 MB"),
        ({}, "web0 ended"),
        ({1: ("web0", 100.0 + memory.GROWTH_LIMIT - 1)}, ""),
    ],
)
def test_memory_that_grows_is_a_violation(monkeypatch, after, words):
    """R116"""
    result = Result("idle", 1)
    before = {1: ("web0", 100.0)}
    memory.compare(result, before, SomeSite(monkeypatch, after))
    assert bool(result.violations) == bool(words)
    assert words in "".join(result.violations)


def test_a_line_of_trouble_in_a_log_is_a_violation_and_plain_information_is_none(tmp_path):
    """R39: a connection made anew closes no socket, and is seen here all the same."""
    log = tmp_path / "web0.log"
    log.write_text('{"event": "before", "level": "error"}\n')
    since = {log: log.stat().st_size}
    with log.open("a") as file:
        file.write('{"event": "redis_read_failed", "level": "warning"}\n')
        file.write('{"event": "fine", "level": "info"}\nTraceback\n')
    told = troubles(since)
    assert [line.partition(" wrote ")[2] for line in told] == [
        '{"event": "redis_read_failed", "level": "warning"}',
        "Traceback",
    ]


def test_what_was_found_is_written_for_people_and_for_programs(tmp_path, capsys):
    """R116: with the seed."""

    async def fails():
        raise OSError("no such thing")

    async def works():
        return Result("idle", 5, figures={"sockets": 20, "growth MB": 0.25})

    results = [run("idle", 5, works), run("faults", 5, fails)]
    write(results, tmp_path)
    table = (tmp_path / "result.md").read_text()
    assert "| `idle` | 5 | 0 s | ok | sockets 20, growth MB 0.2 |" in table
    assert "| `faults` | 5 | 0 s | 1 violation |" in table
    records = json.loads((tmp_path / "result.json").read_text())
    assert [record["seed"] for record in records] == [5, 5]
    assert "VIOLATION did not come to its end: OSError" in capsys.readouterr().out


def test_a_part_that_does_not_exist_is_told_in_words():
    command = (sys.executable, "-m", "tests.soak", "--only", "idle,weather")
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    there_are = "idle, outages, steady, sockets, tests, faults"
    assert f"no part weather; there are {there_are}" in ended.stderr
