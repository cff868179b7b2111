"""A new version is rolled out while everybody reads on: process by process, nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import InvalidHandshake, InvalidMessage

from streaming.localbedrock import LocalBedrock
from tests.many import Site, a_site
from tests.socket.tab import Closed, Tab

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.nodb]

READERS = 50
WORDS = 150
RESTARTING = 4001


@pytest.fixture(scope="module")
def site(postgres_url: str, redis_url: str) -> Iterator[Site]:
    with LocalBedrock() as endpoint, a_site(postgres_url, endpoint.url) as site:
        yield site


class Reader(threading.Thread):
    """A person who asks once and reads to the end, wherever the line leads."""

    def __init__(self, site: Site, session: str, number: int) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._session = session
        self._number = number
        self.expected = f"reader{number} " + " ".join(f"w{word}" for word in range(WORDS))
        self.began = threading.Event()
        self.accepted: dict[str, Any] = {}
        self.finished: dict[str, Any] = {}
        self.text = ""
        self.codes: list[int] = []
        self._cursor = 0

    def __str__(self) -> str:
        """For the message of a failure."""
        return (
            f"{self.name} at {self._cursor}, {len(self.text)} of {len(self.expected)} characters, "
            f"closed with {self.codes}, of {self.accepted.get('generation')}: {self.finished}"
        )

    def run(self) -> None:
        while not self.finished:
            try:
                self._visit()
            except Closed as closed:
                self.codes.append(closed.code)
            except (OSError, InvalidHandshake, InvalidMessage):
                threading.Event().wait(0.1)  # it is not there yet, or not there any more
            self._number += 1

    def _visit(self) -> None:
        port = self._site.ports[self._number % 2]
        server = SimpleNamespace(port=port, origin=self._site.origin)
        with Tab(server, None, session=self._session) as tab:
            try:
                self._read(tab)
            finally:
                generation = self.accepted.get("generation", "")
                self._cursor = tab.cursors.get(generation, self._cursor)
                self.text = tab.texts.get(generation, self.text)

    def _read(self, tab: Tab) -> None:
        if not self.accepted:
            self.accepted = tab.ask(f"[[echo]] [[pace 6]] {self.expected}")
        else:
            generation = self.accepted["generation"]
            tab.cursors[generation], tab.texts[generation] = self._cursor, self.text
            tab.follow(self.accepted["conversation"], {generation: self._cursor})
        first = tab.expect("delta", "finished", "snapshot")
        self.began.set()
        # Whoever comes back behind the last word is told of the end only, and only once.
        ended = first["type"] == "finished"
        self.finished = first if ended else tab.finish(self.accepted["generation"], timeout=180)


def stored(site: Site, session: str, reader: Reader) -> dict[str, Any]:
    request = Request(
        f"http://127.0.0.1:{site.ports[0]}/api/v1/conversations/{reader.accepted['conversation']}",
        headers={"Cookie": f"sessionid={session}"},
    )
    with urlopen(request, timeout=30) as answer:  # noqa: S310  (our own)
        messages = json.load(answer)["messages"]
    found: dict[str, Any] = next(
        each for each in messages if each["id"] == reader.accepted["assistant_message"]
    )
    return found


def test_a_rolling_restart_of_all_processes_under_fifty_answers(site: Site) -> None:
    """R13, R50, R99: every answer complete, every reader back by itself, no line cut."""
    session = site.session("alice")
    readers = [Reader(site, session, number) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        assert reader.began.wait(60), "an answer did not begin"
    reading = [reader for reader in readers if not reader.finished]
    assert len(reading) > READERS // 2, "the test is too slow for its answers"
    for process in [*site.web, *site.rest]:
        process.end()
        process.start()
        process.wait_until_ready()
    deadline = time.monotonic() + 180
    for reader in readers:
        reader.join(max(0, deadline - time.monotonic()))
    unfinished = [reader for reader in readers if reader.finished.get("status") != "complete"]
    told = [f"{reader}; stored: {stored(site, session, reader)}" for reader in unfinished]
    assert not unfinished, "\n".join(told)
    assert {code for reader in readers for code in reader.codes} == {RESTARTING}
    for reader in readers:
        message = stored(site, session, reader)
        assert reader.text == message["text"] == reader.expected
        assert message["generation"]["attempt"] <= 3


def test_a_stop_in_one_process_reaches_the_other_and_the_worker(site: Site) -> None:
    """R62, R81"""
    session = site.session("bob")
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(
                Tab(SimpleNamespace(port=port, origin=site.origin), None, session=session)
            )
            for port in site.ports
        )
        accepted = one.ask("[[echo]] [[pace 5]] " + " ".join(f"w{word}" for word in range(200)))
        two.follow(accepted["conversation"])
        two.expect("delta")
        two.stop(accepted["assistant_message"])
        ends = [tab.finish(accepted["generation"]) for tab in (one, two)]
    assert [end["status"] for end in ends] == ["stopped", "stopped"]
    assert one.texts == two.texts
