"""Limits that count for all processes, with real ones: who waits, who need not, what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import psycopg
import pytest

from streaming.localbedrock import LocalBedrock
from tests.many import Site, a_site
from tests.scale.processes import until
from tests.socket.tab import Tab

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.nodb]

PER_PERSON, EVERYWHERE = 3, 6
SLOW = "[[echo]] [[pace 2]] " + " ".join(f"w{word}" for word in range(200))
SHORT = "[[echo]] [[pace 5]] " + " ".join(f"w{word}" for word in range(10))
QUICK = "[[echo]] [[pace 20]] " + " ".join(f"w{word}" for word in range(10))

Open = Callable[[str], Tab]


@pytest.fixture(scope="module")
def running_site(postgres_url: str, redis_url: str) -> Iterator[Site]:
    limits = {
        "MAX_RUNNING_PER_PERSON": str(PER_PERSON),
        "MAX_RUNNING_EVERYWHERE": str(EVERYWHERE),
        "WORKER_THREADS": "4",
        "LEASE_SECONDS": "3",
        "REAPER_SECONDS": "1",
    }
    with (
        LocalBedrock() as endpoint,
        a_site(postgres_url, endpoint.url, workers=2, **limits) as site,
    ):
        yield site


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    yield running_site
    # What still waits or runs would take the next test's places.
    with psycopg.connect(running_site.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "UPDATE conversations_generation SET status = 'stopped' WHERE status = 'pending'"
        )
        connection.execute(
            "UPDATE conversations_generation SET stop_requested = true WHERE status = 'streaming'"
        )
    until(lambda: running(running_site) == 0, "answers do not stop")


@pytest.fixture
def tab(site: Site) -> Iterator[Open]:
    """A tab of a person of that name, each on the next web process."""
    with ExitStack() as tabs:
        ports = iter([*site.ports, *site.ports])

        def opened(name: str) -> Tab:
            server = SimpleNamespace(port=next(ports), origin=site.origin)
            return tabs.enter_context(Tab(server, None, session=site.session(name)))

        yield opened


def running(site: Site, name: str = "%") -> int:
    """How many answers of a person run, as the record has it."""
    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*) FROM conversations_generation g JOIN conversations_user u "
            "ON u.id = g.asked_by_id WHERE status = 'streaming' AND username LIKE %s",
            [name],
        ).fetchone()
    assert row
    return int(row[0])


def waiting(site: Site) -> int:
    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT count(*) FROM conversations_generation WHERE status = 'pending'"
        ).fetchone()
    assert row
    return int(row[0])


def ask_for_a_word(tab: Tab, text: str) -> None:
    generation = tab.ask(text)["generation"]
    while not tab.texts.get(generation):
        tab.receive()


def test_fifty_sends_of_one_person_do_not_delay_the_first_of_another(site: Site, tab: Open) -> None:
    """R66: over several workers with fewer threads than questions."""
    alice, bob = tab("alice"), tab("bob")
    asked = [alice.ask(SLOW)["generation"] for _ in range(50)]
    ask_for_a_word(bob, QUICK)
    # Her first three take a minute and a half: had he waited for any, there would be others.
    assert running(site, "alice") == PER_PERSON
    assert waiting(site) == len(asked) - PER_PERSON
    notice = alice.expect("notice")
    while notice["generation"] != asked[-1]:
        notice = alice.expect("notice")
    assert notice["code"] == "waiting"
    assert notice["data"]["ahead"] >= 50 - PER_PERSON - 1


def test_where_everything_is_taken_who_has_nothing_running_is_next(site: Site, tab: Open) -> None:
    """R66: the order of the line counts, not that of the broker."""
    alice, dora, bob = tab("alice"), tab("dora"), tab("bob")
    for _ in range(25):
        alice.ask(SHORT)
        dora.ask(SHORT)
    until(lambda: running(site) == EVERYWHERE, "the line does not move")
    before = waiting(site)
    ask_for_a_word(bob, QUICK)
    assert running(site) <= EVERYWHERE
    # Of what was there before him, those at the most began that took the places of who was done.
    assert waiting(site) >= before - 2 * EVERYWHERE > 0


def test_the_places_of_a_worker_that_was_killed_come_back(site: Site, tab: Open) -> None:
    """R10, R66: by its leases; and no more run than may, whoever goes on with what it left."""
    alice = tab("alice")
    for _ in range(10):
        alice.ask(SLOW)
    until(lambda: running(site) == PER_PERSON, "nothing runs")
    for worker in site.workers:
        worker.kill()
    site.workers[0].start()
    bob = tab("bob")
    ask_for_a_word(bob, QUICK)
    until(lambda: running(site, "alice") == PER_PERSON, "the places are lost")
