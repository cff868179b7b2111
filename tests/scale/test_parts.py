"""The parts that talk to Redis, by themselves: what they write, read, drop and forget."""

from __future__ import annotations

import threading
import time
from collections import Counter
from uuid import uuid4

import pytest
import redis as redis_library
from hypothesis import given
from hypothesis import strategies as st

from chatsite import processes
from chatsite.cache import PatientRedisCache
from streaming.doorbell import Doorbell
from streaming.livelog import LiveLog
from streaming.presence import Presence
from streaming.protocol import Encoder, Update
from streaming.redislog import KEY, UNSENT_LIMIT, RedisLog, packed, unpacked
from streaming.streams import Reader, Writer
from tests.scale.processes import NOBODY, until
from tests.scraped import figure

pytestmark = [pytest.mark.redis, pytest.mark.nodb]


@pytest.fixture
def log(redis):
    """Makes logs of processes; they are stopped after the test."""
    made = []

    def make(mirror=None, url=redis.url):
        made.append(RedisLog(url, mirror))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.stop()


def mirror():
    return LiveLog(kept=60)


# --- the live log ---------------------------------------------------------------------------------


IDS = {name: uuid4() for name in ("conversation", "message", "generation")}
ENCODER = Encoder(**IDS)
BEHIND = ENCODER.snapshot(1, text="\t and \n", reasoning="", status="streaming").frame


@given(
    st.lists(
        st.builds(
            Update,
            st.integers(1, 2**31),
            st.text(st.characters(codec="utf-8")).map(
                lambda text: ENCODER.delta(1, "text", text).frame
            ),
            st.booleans(),
            st.sampled_from(["", BEHIND]),
        ),
        min_size=1,
    )
)
def test_what_is_packed_is_unpacked(updates):
    """R16: whatever characters a text has."""
    assert unpacked(packed(updates)) == updates


def test_what_one_process_writes_is_in_the_log_of_every_other(log):
    first, second = mirror(), mirror()
    writing, here, _ = log(), log(first), log(second)
    generation, dropped = uuid4(), figure("log_updates_dropped")
    updates = [Update(number, f'{{"seq":{number}}}') for number in range(1, 4)]
    writing.append({generation: updates[:2], uuid4(): [Update(1, "{}", last=True)]})
    writing.append({generation: updates[2:]})
    for each in (first, second):
        until(lambda each=each: each.last(generation) == 3, "nothing is read")
        assert each.read(generation, 0) == updates
    # A process that has sockets itself reads its own at once, and not twice.
    here.append({generation: [Update(4, "{}")]})
    assert first.last(generation) == 4
    until(lambda: second.last(generation) == 4, "nothing is read")
    assert len(first.read(generation, 0)) == len(second.read(generation, 0)) == 4
    assert figure("log_updates_dropped") == dropped


def test_a_process_that_starts_late_reads_what_is_kept(log):
    generation = uuid4()
    log().append({generation: [Update(1, "{}"), Update(2, "{}")]})
    late = mirror()
    log(late)
    until(lambda: late.last(generation) == 2, "nothing is read")


def test_news_are_told_once_for_all_that_was_read(log):
    told = threading.Event()
    followed = mirror()
    heard = []

    def on_news(generations):
        heard.append(generations)
        told.set()

    followed.on_news = on_news
    log(followed)
    generations = {uuid4(), uuid4()}
    log().append({each: [Update(1, "{}")] for each in generations})
    assert told.wait(30)
    assert heard == [generations]


def test_the_stream_keeps_a_minute_and_is_gone_after_a_quarter_of_an_hour(redis, log):
    """Texts do not stay in Redis."""
    writing = log()
    client = redis.client()
    old = int(time.time() * 1000) - 120_000
    for number in range(500):
        client.xadd(KEY, {b"by": b"x"}, id=f"{old + number}-0")
    for _ in range(200):
        writing.append({uuid4(): [Update(1, "{}")]})
    assert client.xlen(KEY) < 400
    assert 0 < client.ttl(KEY) <= 900
    client.flushall()
    writing.append({uuid4(): [Update(1, "{}")]})
    assert 0 < client.ttl(KEY) <= 900


def test_whoever_writes_does_not_wait_for_a_redis_that_is_away(log):
    """R14: and keeps no more than a little for it."""
    followed = mirror()
    writing = log(followed, url=NOBODY)
    generation, dropped = uuid4(), figure("log_updates_dropped")
    began = time.monotonic()
    for number in range(1, 3_001):
        writing.append({generation: [Update(number, "{}")]})
    assert time.monotonic() - began < 50
    assert figure("log_updates_dropped") - dropped == UNSENT_LIMIT + 1
    # The sockets of the same process lose nothing.
    assert followed.last(generation) == 3_000


@pytest.mark.parametrize("long", [False, True])
def test_a_hiccup_of_redis_costs_no_update_and_a_long_absence_is_a_gap(
    redis, log, long, monkeypatch
):
    """R14: what is not all there is told from the database."""
    followed = mirror()
    log(followed)
    writing = log()
    generation = uuid4()
    writing.append({generation: [Update(1, "{}"), Update(2, "{}")]})
    until(lambda: followed.last(generation) == 2, "nothing is read")
    redis.kill()
    if long:
        monkeypatch.setattr("streaming.redislog.UNSENT_LIMIT", 0)
    writing.append({generation: [Update(3, "{}")]})
    redis.start()

    def arrives():
        writing.append({generation: [Update(4, "{}")]})
        return followed.last(generation) == 4

    until(arrives, "reading does not go on")
    after = [Update(3, "{}"), Update(4, "{}")]
    assert followed.read(generation, 2) == (None if long else after)
    assert followed.read(generation, 3) == after[1:]


def test_a_redis_that_counts_from_an_earlier_time_is_read_all_the_same(redis, monkeypatch):
    """As one that was put in the place of another whose clock was ahead."""
    monkeypatch.setattr("streaming.streams.BLOCK_SECONDS", 0.1)
    read = []
    reader = Reader(redis.url, "stream", read.extend)
    client = redis.client()
    client.xadd("stream", {b"n": b"1"}, id="9999999999999-0")
    reader.start()
    until(lambda: len(read) == 1, "nothing is read")
    client.delete("stream")
    client.xadd("stream", {b"n": b"2"}, id="5-0")
    until(lambda: len(read) == 2, "it is not read")
    reader.stop()


def test_an_entry_that_cannot_be_read_holds_up_no_other(redis, log):
    followed = mirror()
    log(followed)
    client = redis.client()
    client.xadd(KEY, {b"by": b"x", b"no generation": b"no updates"})
    generation = uuid4()

    def arrives():
        log().append({generation: [Update(1, "{}")]})
        return followed.last(generation) == 1

    until(arrives, "the reader has given up")


# --- stops ----------------------------------------------------------------------------------------


def test_every_process_that_writes_hears_whom_to_stop(redis):
    heard = [[], []]
    bells = [Doorbell(redis.url, each.append) for each in heard]
    for bell in bells:
        bell.start()
    generation = uuid4()
    Doorbell(redis.url, heard.append).ring(generation)
    until(lambda: heard == [[generation], [generation]], "the bell is not heard")
    for bell in bells:
        bell.stop()


def test_a_bell_without_redis_costs_little(redis):
    began = time.monotonic()
    Doorbell(NOBODY, print).ring(uuid4())
    assert time.monotonic() - began < 5


def test_a_writer_that_found_redis_away_tries_again(redis):
    writer = Writer(redis.url, "stream", limit=10, forgotten_after=60)
    redis.kill()
    assert not writer.add({b"n": b"1"})
    redis.start()
    until(lambda: writer.add({b"n": b"2"}), "it does not try again")


# --- the cache ------------------------------------------------------------------------------------


def cache(url):
    described = processes.cache(url)
    return PatientRedisCache(url, {"KEY_PREFIX": "t", "OPTIONS": dict(described["OPTIONS"])})


def test_limits_count_for_all_processes(redis):
    one, other = cache(redis.url), cache(redis.url)
    one.set("tries", 1)
    other.incr("tries")
    assert one.get("tries") == 2
    assert "tries" in other
    other.delete("tries")
    assert one.get("tries", "none") == "none"


def test_limits_count_in_each_process_while_redis_is_away():
    """R14, R87: away is neither an error nor a way around them."""
    alone = cache(NOBODY)
    assert alone.add("tries", 1)
    assert not alone.add("tries", 1)
    assert alone.incr("tries") == 2


def test_a_cache_comes_back_with_redis(redis):
    ours = cache(redis.url)
    redis.kill()
    ours.set("here", 1)
    redis.start()
    until(lambda: ours.set("there", 1) or redis.client().exists("t:1:there"), "it stays away")


def test_redis_errors_of_the_library_are_those_that_are_caught():
    """Timeouts and lost connections alike."""
    for name in ("ConnectionError", "TimeoutError", "BusyLoadingError", "ReadOnlyError"):
        assert issubclass(getattr(redis_library.exceptions, name), redis_library.RedisError)


# --- how many sockets of whom ---------------------------------------------------------------------


@pytest.fixture
def presence(redis):
    """Makes processes that have so many sockets of person 1, 2 …; they end after the test."""
    made = []

    def make(*sockets):
        counts = Counter({person: n for person, n in enumerate(sockets, 1) if n})
        made.append(Presence(redis.url, lambda: counts, 10))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_processes_hear_from_each_other_how_many_sockets_a_person_has(presence):
    """R88."""
    here, there, third = (
        presence(3, 1),
        presence(5),
        presence(0, 2, 9),
    )
    for each in (here, there, third, here, there):
        each.exchange()
    assert [here.elsewhere(person) for person in (1, 2, 3)] == [5, 2, 0]
    assert [there.elsewhere(person) for person in (1, 2)] == [3, 0]


def test_a_process_that_ended_is_counted_no_more_and_one_that_died_not_for_long(redis, presence):
    here, ended, died = (presence(n) for n in (1, 5, 7))
    for each in (ended, died, here):
        each.exchange()
    assert here.elsewhere(1) == 12
    ended.stop()
    here.exchange()
    assert here.elsewhere(1) == 7
    assert 0 < redis.client().ttl(died._me) <= 6


def test_a_persons_pace_is_shared_by_where_the_sockets_are(presence):
    """R88: of ten a second with bursts of fifty, a fifth is for the process with one of five."""
    here, there = presence(1), presence(4)
    pace = here.pace_of(1)
    assert here.pace_of(1) is pace
    assert here.pace_of(2) is not pace
    there.exchange()
    here.exchange()
    assert [pace.take() for _ in range(11)] == [True] * 10 + [False]


def test_of_many_people_only_those_who_came_lately_are_remembered(presence, monkeypatch):
    """R88: and whoever comes back at once does not begin anew."""
    monkeypatch.setattr("streaming.presence.REMEMBERED", 2)
    here = presence(1)
    first, second = here.pace_of(1), here.pace_of(2)
    assert here.pace_of(1) is first
    here.pace_of(3)
    assert here.pace_of(1) is first
    assert here.pace_of(2) is not second


def test_without_redis_each_process_counts_its_own(redis, presence):
    """R14, R88: open, as far as it goes; and known again when Redis is back."""
    here, there = presence(1), presence(4)
    pace = here.pace_of(1)
    there.exchange()
    here.exchange()
    redis.kill()
    began = time.monotonic()
    here.exchange()
    assert time.monotonic() - began < 50
    assert (here.elsewhere(1), pace.share) == (0, 1)
    redis.start()
    there.exchange()
    here.exchange()
    assert (here.elsewhere(1), pace.share) == (4, 0.2)
