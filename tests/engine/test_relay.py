"""The looks that all sockets share: none is the last, and none waits for a single socket."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import OperationalError
from psycopg_pool import PoolTimeout

from conversations.refusals import BUSY_SECONDS
from streaming import database as database_module
from streaming import protocol, visitors
from streaming import stored as ROWS
from streaming.database import Database
from streaming.livelog import LiveLog
from streaming.pump import Pace, Pump
from streaming.relay import Relay
from streaming.stored import Begun as BEGUN
from streaming.threads import Pool
from tests.engine.parts import CONVERSATION, Clock, updates

pytestmark = pytest.mark.nodb


class Follower:
    """What a relay sees of a follower."""

    def __init__(self):
        self.conversations = {}
        self.attached = set()
        self.nudged = 0
        self.told = []
        self.stuck = 0.0
        self.on_change = lambda generation, attached: None

    def attach(self, generation):
        self.attached.add(generation)
        self.on_change(generation, True)

    def nudge(self):
        self.nudged += 1

    def tell_stored(self, generation):
        self.told.append(generation)

    def stuck_for(self):
        return self.stuck


class Socket:
    def __init__(self, name="someone"):
        self.visitor = SimpleNamespace(session_key=name, user_id=1)
        self.follower = Follower()
        self.looked = []
        self.codes = []
        self.ending = None
        self.rejoined = 0

    def look_for_turns(self, conversation):
        self.looked.append(conversation)

    async def join(self):
        self.rejoined += 1

    async def end(self, code):
        self.codes.append(code)
        if self.ending is not None:
            await self.ending()


@pytest.fixture
def log():
    return LiveLog(kept=60)


@pytest.fixture
def pump(log):
    return Pump(log, Pace(), Clock())


@pytest.fixture
async def relay(log, pump, monkeypatch):
    """Looks that come when the test asks for them; a database of plain functions."""
    monkeypatch.setattr(visitors, "ended", lambda visiting: [])
    relay = Relay(log, pump, poll_every=3_600, sessions_every=3_600, patience=60)
    yield relay
    for task in list(relay._tasks):
        task.cancel()
    await asyncio.gather(*relay._tasks, return_exceptions=True)
    relay.close()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (what it waits for is no event)
            await asyncio.sleep(0.001)


# --- news -------------------------------------------------------------------------------------


async def test_whoever_follows_a_generation_is_nudged_and_nobody_else(relay, log):
    mine, other = Socket(), Socket()
    generation = uuid4()
    for socket in (mine, other):
        relay.register(socket)
    mine.follower.attach(generation)
    other.follower.attach(uuid4())
    threading.Thread(target=log.append, args=({generation: updates(generation, ["a"])},)).start()
    await until(lambda: mine.follower.nudged)
    assert other.follower.nudged == 0


async def test_news_of_many_threads_wake_the_loop_and_none_is_lost(relay, log):
    generations = [uuid4() for _ in range(20)]
    socket = Socket()
    relay.register(socket)
    nudged = set()

    class Counting(Follower):
        def __init__(self, generation):
            super().__init__()
            self.generation = generation

        def nudge(self):
            nudged.add(self.generation)

    for generation in generations:
        relay._note(Counting(generation), generation, True)

    def write(generation):
        log.append({generation: updates(generation, ["a"])})

    for generation in generations:
        threading.Thread(target=write, args=(generation,)).start()
    await until(lambda: nudged == set(generations))


def test_news_heard_by_a_loop_that_has_closed_do_not_swallow_those_of_the_next(log, pump):
    """A wake-up that nobody heard must not count as one that is on its way."""
    relay = Relay(log, pump, poll_every=3_600, sessions_every=3_600, patience=60)
    generation = uuid4()

    async def first():
        relay.register(Socket())

    async def second():
        socket = Socket()
        relay.register(socket)
        socket.follower.attach(generation)
        log.append({generation: updates(generation, ["b"], first=2)})
        await until(lambda: socket.follower.nudged)

    asyncio.run(first())
    log.append({generation: updates(generation, ["a"])})
    relay.announce("a.group", {"type": "nothing"})
    asyncio.run(second())
    relay.close()


async def test_what_attaches_after_a_socket_has_left_is_not_kept(relay):
    socket = Socket()
    relay.register(socket)
    socket.follower.attach(uuid4())
    relay.unregister(socket)
    socket.follower.attach(uuid4())
    assert not relay._followers
    assert not relay.sockets


# --- looks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("a mistake of ours")])
async def test_a_look_that_fails_is_not_the_last(relay, error):
    """R56, and R22: sessions that nobody checks any more never end."""
    looks = []

    async def look():
        looks.append(1)
        if len(looks) < 3:
            raise error

    relay.spawn(relay._repeat(0.001, look))
    await until(lambda: len(looks) > 3)


async def test_turns_that_were_not_announced_are_looked_for(relay, monkeypatch):
    """R3."""
    behind, up_to_date = Socket(), Socket()
    for socket, newest in ((behind, 4), (up_to_date, 6)):
        relay.register(socket)
        socket.follower.conversations = {CONVERSATION: BEGUN(newest)}
    monkeypatch.setattr(ROWS, "begun_in", lambda followed: {CONVERSATION: BEGUN(6)})
    await relay._poll()
    assert (behind.looked, up_to_date.looked) == ([CONVERSATION], [])


async def test_an_end_of_which_nobody_heard_is_told_at_the_second_look(relay, pump, monkeypatch):
    """Guarantee 3: the first time it may still be on its way."""
    generation, running = uuid4(), uuid4()
    socket = Socket()
    relay.register(socket)
    socket.follower.attach(generation)
    socket.follower.attach(running)
    pump._runs[running] = object()
    ended = ROWS.Progress(seq=0, ended=True)
    monkeypatch.setattr(ROWS, "progress_of", lambda asked: dict.fromkeys(asked, ended))
    await relay._tell_overdue()
    assert socket.follower.told == []
    await relay._tell_overdue()
    assert socket.follower.told == [generation], "what runs here tells its end itself"


async def test_a_session_that_ended_closes_its_socket_though_another_cannot_be_closed(
    relay, monkeypatch
):
    """R22: under uvicorn closing waits for a client that does not read."""
    stuck, broken, well = Socket("stuck"), Socket("broken"), Socket("well")

    async def fail():
        raise RuntimeError("as uvicorn, when the client is gone")

    stuck.ending, broken.ending = asyncio.Event().wait, fail
    for socket in (stuck, broken, well):
        relay.register(socket)
    monkeypatch.setattr(visitors, "ended", lambda visiting: list(visiting))
    await asyncio.wait_for(relay._check_sessions(), 30)
    await until(lambda: all(each.codes for each in (stuck, broken, well)))
    assert well.codes == [protocol.SESSION_ENDED]


async def test_a_client_that_makes_no_progress_is_sent_away(relay):
    """Guarantee 5."""
    slow, quick = Socket(), Socket()
    slow.ending = asyncio.Event().wait
    slow.follower.stuck, quick.follower.stuck = 60.5, 59.0
    for socket in (slow, quick):
        relay.register(socket)
    await asyncio.wait_for(relay._poll(), 30)
    await until(lambda: slow.codes)
    assert (slow.codes, quick.codes) == ([protocol.TRY_LATER], [])


async def test_memberships_are_renewed_long_before_they_expire(log, pump, settings):
    """R51: with an expiry of a fraction of a second."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"group_expiry": 0.06},
        }
    }
    relay, socket = Relay(log, pump, poll_every=60, sessions_every=60, patience=60), Socket()
    relay.register(socket)
    await until(lambda: socket.rejoined >= 3)
    relay.close()
    for task in list(relay._tasks):
        task.cancel()


# --- the database -----------------------------------------------------------------------------


async def test_what_a_function_returns_or_raises_comes_back(relay):
    assert await relay.database(lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(KeyError):
        await relay.database({}.__getitem__, "missing")


async def test_functions_do_not_run_on_the_loop(relay):
    """R44."""
    where = await relay.database(threading.current_thread)
    assert where is not threading.current_thread()
    assert where.name.startswith("commands")


async def test_whoever_is_cancelled_while_waiting_breaks_nothing(relay):
    go_on, ended = threading.Event(), threading.Event()

    def slow():
        go_on.wait(30)
        ended.set()

    waiting = asyncio.create_task(relay.database(slow))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    go_on.set()
    assert await relay.database(lambda: ended.wait(30))


async def test_a_connection_that_cannot_be_closed_keeps_nobody_waiting(relay, monkeypatch):
    """R56."""

    def fail():
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(database_module, "rest", fail)
    assert await asyncio.wait_for(relay.database(lambda: 5), 30) == 5


async def test_whoever_waits_behind_those_that_get_no_connection_is_told_so_at_once():
    """R57: with two threads and twenty commands, and not after ten times what one waits."""
    clock, full = Clock(), threading.Event()
    database = Database(Pool("test", 2), clock)

    def no_connection():
        full.wait(30)
        raise OperationalError("couldn't get a connection after 2.00 sec") from PoolTimeout()

    waiting = [asyncio.create_task(database(no_connection)) for _ in range(2)]
    await asyncio.sleep(0)
    asked = []
    behind = [asyncio.create_task(database(asked.append, each)) for each in range(18)]
    await asyncio.sleep(0)
    full.set()
    told = await asyncio.gather(*waiting, *behind, return_exceptions=True)
    assert [type(each) for each in told] == [OperationalError] * 20
    assert asked == [], "nothing is done of what was refused"
    clock.pass_(BUSY_SECONDS)
    assert await database(lambda: "works again") == "works again"


async def test_a_connection_that_broke_is_no_reason_to_refuse_the_next():
    """R56"""
    database = Database(Pool("test", 1), Clock())

    def broken():
        raise OperationalError("the connection is closed")

    with pytest.raises(OperationalError):
        await database(broken)
    assert await database(lambda: "works") == "works"
