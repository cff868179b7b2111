"""`make scale`: what ends by itself is started again, as an orchestrator does."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from scripts import scale
from scripts.children import STOP, Children

pytestmark = pytest.mark.nodb

WAITS = "import time; time.sleep(600)"


class Told(Children):
    """Real programs in the place of the Procfile's; what happens to them is told by the test."""

    def __init__(self, happens: list[tuple[str, int]]) -> None:
        super().__init__()
        self.started: list[str] = []
        self._happens = iter(happens)

    def start(self, name: str, *command: str, environment: dict[str, str]) -> None:
        self.started.append(f"{name}: {command[-1]}")
        super().start(name, sys.executable, "-c", WAITS, environment=environment)

    def wait(self, seconds: float | None = None) -> tuple[str, int] | None:
        return next(self._happens)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Children take the signals that end a program; the test run keeps its own."""
    before = {number: signal.getsignal(number) for number in STOP}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute passes whenever somebody asks for the time."""
    clock = itertools.count(0, 60.0)
    monkeypatch.setattr(scale, "time", SimpleNamespace(monotonic=lambda: next(clock)))


def run(children: Told) -> int:
    try:
        return scale.keep_running(children, scale.processes({}, (8000, 8001)))
    finally:
        children.stop()


def test_a_process_that_is_killed_is_started_again(
    handlers: None, minutes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    worker, web = "The process worker", "The process web 2"
    children = Told([(worker, -9), (web, 1), (worker, -9), ("", signal.SIGINT)])
    assert run(children) == 0
    assert children.started == [f"{worker}: worker", f"{web}: web", f"{worker}: worker"]
    told = capsys.readouterr().out
    assert f"{worker} was killed by signal 9 and is started again." in told
    assert f"{web} ended with exit status 1 and is started again." in told


def test_what_ends_at_its_start_ends_it_all(
    handlers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    children = Told([("The process beat", 2)])
    assert run(children) == 1
    assert children.started == []
    assert "The process beat ended with exit status 2" in capsys.readouterr().out


def test_the_end_of_what_is_no_process_of_the_site_ends_it_all(
    handlers: None, minutes: None
) -> None:
    assert run(Told([("The local Bedrock endpoint", 1)])) == 1


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("postgresql:///postgres", "postgresql:///chat_scale"),
        ("postgresql://a:b@host:1/postgres", "postgresql://a:b@host:1/chat_scale"),
    ],
)
def test_another_database_of_the_same_server_has_an_address(server: str, address: str) -> None:
    """Also where the server is this machine's, and its address names no host."""
    assert scale.other_database(server, "chat_scale") == address
