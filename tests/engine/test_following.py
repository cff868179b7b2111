"""What one socket is sent: once, in order, without a gap, and never more than it takes."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming import following
from streaming.following import Follower
from streaming.livelog import LiveLog
from streaming.stored import Begun, Stored
from streaming.window import CONTROL_WINDOW, frame_size
from tests.engine.parts import CONVERSATION, Clock, encoder, finished, read, text_of, updates

pytestmark = pytest.mark.nodb

WINDOW = 20_000
OTHER = UUID(int=7)


class Tab:
    """A client on the other side of a follower, with the database's rows beside it."""

    def __init__(self, window=WINDOW):
        self.clock = Clock()
        self.log = LiveLog(kept=60, clock=self.clock)
        self.rows: dict[UUID, Stored | Exception] = {}
        self.loads = 0
        self.frames: list[str] = []
        self.changes: list[tuple[UUID, bool]] = []
        self.follower = Follower(
            send=self._send, load=self._load, livelog=self.log, window=window, clock=self.clock
        )
        self.follower.on_change = lambda *change: self.changes.append(change)
        self._running: asyncio.Task | None = None

    async def __aenter__(self):
        self._running = asyncio.create_task(self.follower.run())
        return self

    async def __aexit__(self, *_):
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _send(self, frame):
        await asyncio.sleep(0)
        self.frames.append(frame)

    async def _load(self, generation):
        self.loads += 1
        await asyncio.sleep(0)
        row = self.rows.get(generation)
        if isinstance(row, Exception):
            raise row
        return row

    def begin(self, texts, conversation=CONVERSATION, cursor=0):
        """A generation that has said this so far, attached."""
        generation = uuid4()
        self.say(generation, texts)
        self.store(generation, 0, "")
        self.follower.follow(conversation, Begun(1))
        self.follower.attach(conversation, generation, cursor)
        return generation

    def say(self, generation, texts, first=1):
        self.append(generation, updates(generation, texts, first=first))

    def append(self, generation, new):
        self.log.append({generation: new})
        self.follower.nudge()

    def store(self, generation, seq, text, *, ended=False):
        made = encoder(generation)
        end = finished(generation, seq + 1) if ended else None
        status = "complete" if ended else "streaming"
        snapshot = made.snapshot(seq, text=text, reasoning="", status=status)
        self.rows[generation] = Stored(snapshot, end)

    async def settle(self):
        """Until nothing moves any more."""
        for _ in range(2_000):
            before = len(self.frames), self.loads
            for _ in range(10):
                await asyncio.sleep(0)
            if (len(self.frames), self.loads) == before:
                return
        raise AssertionError("it never comes to rest")

    def ack(self, generation, seq=None):
        seqs = [update["seq"] for update in self.seen(generation)]
        self.follower.acknowledge({generation: seqs[-1] if seq is None else seq})

    def seen(self, generation):
        """The updates of one generation; answers to commands are no JSON here."""
        return [read(frame) for frame in self.frames if f'"{generation}"' in frame]

    async def until(self, condition):
        while not condition():  # noqa: ASYNC110  (what it waits for is no event)
            await asyncio.sleep(0)

    def numbers(self, generation):
        return [update["seq"] for update in self.seen(generation)]

    @property
    def unacknowledged(self):
        return self.follower._window._bytes


# --- catching up ------------------------------------------------------------------------------


async def test_what_was_missed_comes_first_and_then_what_is_new():
    """Guarantee 1."""
    async with Tab() as tab:
        generation = tab.begin(["a", "b", "c"], cursor=1)
        await tab.settle()
        tab.say(generation, ["d"], first=4)
        tab.append(generation, [finished(generation, 5)])
        await tab.settle()
        assert tab.numbers(generation) == [2, 3, 4, 5]
        assert tab.changes == [(generation, True), (generation, False)]
        assert tab.loads == 0


async def test_a_turn_that_has_just_begun_waits_for_its_log():
    async with Tab() as tab:
        generation = uuid4()
        tab.follower.attach(CONVERSATION, generation, fresh=True)
        await tab.settle()
        assert (tab.frames, tab.loads) == ([], 0)
        tab.say(generation, ["a"])
        await tab.settle()
        assert tab.numbers(generation) == [1]


async def test_where_the_log_is_gone_what_is_stored_is_told_with_its_end():
    async with Tab() as tab:
        generation = uuid4()
        tab.store(generation, 7, "All of it.", ended=True)
        tab.follower.attach(CONVERSATION, generation, 3)
        await tab.settle()
        assert [(each["type"], each["seq"]) for each in tab.seen(generation)] == [
            ("snapshot", 7),
            ("finished", 8),
        ]
        assert not tab.follower.attached


async def test_after_a_hard_kill_the_stored_text_replaces_what_a_client_had_seen_beyond_it():
    """R8: the cursor goes down, too."""
    async with Tab() as tab:
        generation = uuid4()
        tab.append(generation, [finished(generation, 10_004)])
        tab.store(generation, 10_003, "Kept.", ended=True)
        tab.follower.attach(CONVERSATION, generation, 9)
        await tab.settle()
        assert [each["type"] for each in tab.seen(generation)] == ["snapshot", "finished"]
        assert text_of(tab.frames) == "Kept."


async def test_a_long_backlog_is_one_snapshot_and_goes_on_from_there(monkeypatch):
    monkeypatch.setattr(following, "LONG_BACKLOG", 2_000)
    async with Tab() as tab:
        generation = uuid4()
        tab.say(generation, ["x" * 100] * 30)
        tab.store(generation, 28, "x" * 2_800)
        tab.follower.attach(CONVERSATION, generation, 0)
        await tab.settle()
        assert [(each["type"], each["seq"]) for each in tab.seen(generation)] == [
            ("snapshot", 28),
            ("delta", 29),
            ("delta", 30),
        ]


async def test_a_snapshot_that_is_older_than_what_the_client_has_is_not_told(monkeypatch):
    monkeypatch.setattr(following, "LONG_BACKLOG", 2_000)
    async with Tab() as tab:
        generation = uuid4()
        tab.say(generation, ["x" * 100] * 30)
        tab.store(generation, 4, "x" * 400)
        tab.follower.attach(CONVERSATION, generation, 5)
        await tab.settle()
        assert tab.numbers(generation) == list(range(6, 31))


async def test_what_is_deleted_meanwhile_is_followed_no_more():
    """R38."""
    async with Tab() as tab:
        generation = uuid4()
        tab.follower.attach(CONVERSATION, generation)
        await tab.settle()
        assert (tab.frames, tab.follower.attached) == ([], set())


async def test_an_end_of_which_the_log_says_nothing_is_told_from_the_database():
    async with Tab() as tab:
        generation = tab.begin(["a", "b"])
        await tab.settle()
        tab.store(generation, 10_003, "a", ended=True)
        tab.follower.tell_stored(generation)
        await tab.settle()
        assert tab.numbers(generation) == [1, 2, 10_003, 10_004]
        assert text_of(tab.frames) == "a"


async def test_a_database_that_is_away_does_not_make_the_socket_mute(monkeypatch):
    """R56: the row is asked for again by itself, and other answers go on meanwhile."""
    monkeypatch.setattr(following, "AGAIN", 0.01)
    async with Tab() as tab:
        stored = uuid4()
        tab.rows[stored] = OperationalError("away")
        tab.follower.attach(CONVERSATION, stored)
        live = tab.begin(["a"])
        await tab.until(lambda: tab.loads >= 3)
        assert tab.numbers(live) == [1]
        tab.store(stored, 4, "Here again.", ended=True)
        await tab.until(lambda: stored not in tab.follower.attached)
        await tab.settle()
        assert [each["type"] for each in tab.seen(stored)] == ["snapshot", "finished"]


# --- following and not following --------------------------------------------------------------


async def test_nothing_is_sent_of_a_conversation_that_is_followed_no_more():
    async with Tab() as tab:
        one, two = tab.begin(["a"]), tab.begin(["b"], conversation=OTHER)
        await tab.settle()
        tab.follower.unfollow(CONVERSATION)
        tab.say(one, ["late"], first=2)
        tab.say(two, ["still"], first=2)
        await tab.settle()
        assert (tab.numbers(one), tab.numbers(two)) == ([1], [1, 2])


async def test_followed_again_it_goes_on_at_the_cursor_of_that_command():
    async with Tab() as tab:
        generation = tab.begin(["a"])
        await tab.settle()
        tab.follower.unfollow(CONVERSATION)
        tab.say(generation, ["b", "c"], first=2)
        tab.follower.follow(CONVERSATION, Begun(1))
        tab.follower.attach(CONVERSATION, generation, 1)
        await tab.settle()
        assert tab.numbers(generation) == [1, 2, 3]


async def test_a_paused_conversation_sends_nothing_until_it_is_attached_anew():
    """Guarantee 1: between `following` and what it catches up with nothing of before slips in."""
    async with Tab() as tab:
        generation = tab.begin(["a"])
        await tab.settle()
        tab.follower.pause(CONVERSATION)
        tab.say(generation, ["b"], first=2)
        await tab.settle()
        assert tab.numbers(generation) == [1]
        assert CONVERSATION in tab.follower.conversations
        tab.follower.attach(CONVERSATION, generation, 0)
        await tab.settle()
        assert tab.numbers(generation) == [1, 1, 2]


async def test_attached_anew_in_the_middle_of_sending_the_old_way_ends():
    async with Tab() as tab:
        generation = tab.begin(["x"] * 50)
        await tab.until(lambda: len(tab.frames) >= 1)
        tab.follower.attach(CONVERSATION, generation, 48)
        await tab.settle()
        assert tab.numbers(generation)[-2:] == [49, 50]
        assert len(tab.frames) < 50


# --- not more than a client takes -------------------------------------------------------------


async def test_no_more_than_the_window_is_on_its_way_and_the_rest_comes_with_acknowledgement():
    """R41, guarantee 5."""
    async with Tab() as tab:
        generation = tab.begin(["x" * 500] * 200)
        await tab.settle()
        rounds = 0
        while tab.numbers(generation)[-1] < 200:
            assert tab.unacknowledged <= WINDOW
            tab.ack(generation)
            await tab.settle()
            rounds += 1
        assert tab.numbers(generation) == list(range(1, 201))
        assert rounds >= 6


async def test_a_snapshot_larger_than_the_window_goes_alone_and_once():
    """Guarantee 5, and the end comes behind it, though the log is gone."""
    async with Tab() as tab:
        generation = uuid4()
        tab.store(generation, 7, "x" * 3 * WINDOW, ended=True)
        tab.follower.attach(CONVERSATION, generation)
        await tab.settle()
        assert [each["type"] for each in tab.seen(generation)] == ["snapshot"]
        tab.ack(generation)
        await tab.settle()
        assert [each["type"] for each in tab.seen(generation)] == ["snapshot", "finished"]


async def test_a_client_that_does_not_read_does_not_ask_the_database_with_every_word(monkeypatch):
    """R41, R52: held back is held back, until something is acknowledged."""
    monkeypatch.setattr(following, "LONG_BACKLOG", 2_000)
    async with Tab() as tab:
        generation = tab.begin(["x" * 500] * 30)
        tab.store(generation, 30, "x" * 15_000)
        await tab.settle()
        for seq in range(31, 231):
            tab.say(generation, ["x" * 500], first=seq)
            tab.store(generation, seq, "x" * 500 * seq)
            await tab.settle()
        assert tab.loads <= 4
        assert tab.unacknowledged <= WINDOW
        tab.ack(generation)
        await tab.settle()
        tab.ack(generation)
        await tab.settle()
        assert text_of(tab.frames) == "x" * 500 * 230


async def test_one_busy_answer_does_not_starve_another_of_the_same_socket():
    """R52."""
    async with Tab() as tab:
        loud = tab.begin(["x" * 1_000] * 300)
        calm = tab.begin(["a"], conversation=OTHER)
        await tab.settle()
        tab.ack(loud)
        await tab.settle()
        assert tab.numbers(calm) == [1]
        assert tab.numbers(loud)[-1] < 300


async def test_an_acknowledgement_of_what_was_not_sent_or_is_unknown_makes_no_room():
    async with Tab() as tab:
        generation = tab.begin(["x" * 500] * 200)
        await tab.settle()
        before = tab.unacknowledged
        tab.follower.acknowledge({uuid4(): 10**9})
        tab.follower.acknowledge({generation: 0})
        await tab.settle()
        assert tab.unacknowledged == before


async def test_without_progress_a_client_is_stuck_and_with_progress_it_is_not():
    """Guarantee 5."""
    async with Tab() as tab:
        generation = tab.begin(["x" * 500] * 200)
        await tab.settle()
        tab.clock.pass_(59)
        assert tab.follower.stuck_for() == 59
        tab.follower.acknowledge({generation: 0})
        assert tab.follower.stuck_for() == 59, "that was no progress"
        tab.ack(generation, 1)
        await tab.settle()
        assert tab.follower.stuck_for() == 0
        tab.clock.pass_(30)
        assert tab.follower.stuck_for() == 30, "it is full again"


async def test_whoever_waits_for_nothing_is_not_stuck():
    async with Tab() as tab:
        generation = tab.begin(["x" * 500] * 200)
        await tab.settle()
        tab.follower.unfollow(CONVERSATION)
        await tab.settle()
        tab.clock.pass_(120)
        assert tab.follower.stuck_for() == 0
        assert generation not in tab.follower.attached


async def test_answers_to_commands_pass_a_full_window_up_to_their_own():
    """Guarantee 5: another 64 KiB."""
    async with Tab() as tab:
        generation = tab.begin(["x" * 500] * 200)
        await tab.settle()
        sent = len(tab.frames)
        answer = "a" * 1_000
        told = asyncio.create_task(_tell_often(tab.follower, answer, 100))
        await tab.settle()
        assert len(tab.frames) - sent == CONTROL_WINDOW // 1_000
        assert not told.done()
        tab.clock.pass_(5)
        assert tab.follower.stuck_for() > 0
        tab.ack(generation)
        await tab.settle()
        assert told.done()
        assert tab.frames.count(answer) == 100


async def test_an_answer_larger_than_its_window_goes_alone():
    async with Tab() as tab:
        await asyncio.wait_for(tab.follower.tell("a" * 3 * CONTROL_WINDOW), 30)
        waiting = asyncio.create_task(tab.follower.tell("b"))
        await tab.settle()
        assert not waiting.done()
        tab.follower.acknowledge({})
        await waiting
        assert tab.frames[-1] == "b"


async def test_waiting_for_room_can_be_cancelled_and_leaves_nothing_counted():
    async with Tab() as tab:
        await tab.follower.tell("a" * CONTROL_WINDOW)
        waiting = asyncio.create_task(tab.follower.tell("b" * 500))
        await tab.settle()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        tab.follower.acknowledge({})
        await asyncio.wait_for(tab.follower.tell("c"), 30)
        assert [frame[0] for frame in tab.frames] == ["a", "c"]


async def _tell_often(follower, frame, times):
    for _ in range(times):
        await follower.tell(frame)


def test_the_size_of_a_frame_is_that_of_its_utf_8():
    assert [frame_size(text) for text in ("", "abc", "é", "😀")] == [0, 3, 2, 4]


# --- every order ------------------------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(["say", "checkpoint", "ack", "follow", "forget", "unfollow", "settle"]),
    max_size=40,
)


@settings(max_examples=150)
@given(STEPS, st.integers(200, 3_000))
def test_whatever_happens_in_whatever_order_the_client_ends_with_the_stored_text(steps, window):
    """R4, R6: no gap, nothing out of order, and the text of the database in the end."""
    asyncio.run(_walk(steps, window))


async def _walk(steps, window):
    async with Tab(window) as tab:
        walk = Walk(tab)
        for step in [*steps, "follow", "settle"]:
            getattr(walk, step)()
            await tab.settle()
            _check_order(tab.seen(walk.generation))
        tab.store(walk.generation, len(walk.texts), "".join(walk.texts), ended=True)
        tab.append(walk.generation, [finished(walk.generation, len(walk.texts) + 1)])
        for _ in range(200):
            await tab.settle()
            if walk.generation not in tab.follower.attached:
                break
            walk.ack()
            tab.follower.nudge()
        assert tab.seen(walk.generation)[-1]["type"] == "finished"
        assert text_of(tab.frames) == "".join(walk.texts)


class Walk:
    def __init__(self, tab):
        self.tab, self.generation, self.texts = tab, uuid4(), []
        tab.follower.follow(CONVERSATION, Begun(1))
        tab.follower.attach(CONVERSATION, self.generation, fresh=True)
        tab.store(self.generation, 0, "")

    def say(self):
        self.texts.append(f"{len(self.texts)}:{'y' * 90} ")
        self.tab.say(self.generation, self.texts[-1:], first=len(self.texts))

    def checkpoint(self):
        self.tab.store(self.generation, len(self.texts), "".join(self.texts))

    def ack(self):
        if self.tab.seen(self.generation):
            self.tab.ack(self.generation)

    def follow(self):
        self.tab.follower.follow(CONVERSATION, Begun(1))
        self.tab.follower.pause(CONVERSATION)
        shown = self.tab.numbers(self.generation)
        self.tab.follower.attach(CONVERSATION, self.generation, shown[-1] if shown else 0)

    def forget(self):
        log = self.tab.log._logs.get(self.generation)
        if log is not None:
            log.updates = log.updates[len(log.updates) // 2 :]

    def unfollow(self):
        self.tab.follower.unfollow(CONVERSATION)

    def settle(self):
        pass


def _check_order(seen):
    last = 0
    for update in seen:
        if update["type"] != "snapshot":
            assert update["seq"] == last + 1
        last = update["seq"]
