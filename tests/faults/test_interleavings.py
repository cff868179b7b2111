"""A live answer while its log loses, repeats and reorders, and its runners die and come back.

Real parts: runs, packed entries, the mirrored log, a follower. The row is a few fields with the
same guards as in `conversations/models/generation.py`; the network is a list.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from conversations.models import Generation, Message
from conversations.models.progress import ATTEMPTS, RECOVERY_GAP
from streaming.following import Follower
from streaming.live import LiveRun
from streaming.livelog import LiveLog
from streaming.protocol import Update
from streaming.redislog import packed, unpacked
from streaming.stored import Begun, Progress, Stored
from tests.engine.parts import CONVERSATION, MESSAGE, Clock, encoder, hear

STEPS = 12  # turns of the event loop in which a follower has said what it has to say
pytestmark = [pytest.mark.faults, pytest.mark.nodb]


@dataclass
class Row:
    """What the database holds of the one generation."""

    text: str = ""
    seq: int = 0
    fence: int = 1
    attempt: int = 1
    has_ended: bool = False


class Client:
    """As docs/protocol.md has it: numbers follow each other, a snapshot sets them anew."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self.ends: set[int] = set()
        self.is_out_of_order = False

    def take(self, frame: str) -> None:
        update: dict[str, Any] = json.loads(frame)
        seq = update["seq"]
        if update["type"] == "snapshot":
            self.text, self.cursor = update["text"], seq
            return
        if seq != self.cursor + 1:
            self.is_out_of_order = True
            return
        self.cursor = seq
        if update["type"] == "delta":
            self.text += update["text"]
        elif update["type"] == "finished":
            self.ends.add(seq)


class Interleavings(RuleBasedStateMachine):
    """R4 R6 R11 R12"""

    @initialize()
    def begin(self) -> None:
        self.id = uuid4()
        self.clock = Clock()
        self.row = Row()
        self.runs: list[LiveRun] = []
        self.network: list[bytes] = []
        self.words = 0
        self.before: Progress | None = None
        self.mirror = LiveLog(kept=60, clock=self.clock)
        self.loop = asyncio.new_event_loop()
        self.client = Client()
        self.connect(0)
        self.claim()

    # --- the runners --------------------------------------------------------------------------

    def claim(self) -> None:
        generation = Generation(
            pk=self.id, fence=self.row.fence, seq=self.row.seq, attempt=self.row.attempt
        )
        generation.message = Message(id=1, uuid=MESSAGE, text=self.row.text)
        run = LiveRun(generation, encoder(self.id), self.clock)
        if self.row.attempt == 1:
            run.start("a-model")
        else:
            run.notice("retrying", "Another one goes on.")
        self.runs.append(run)

    @rule(which=st.integers(0, 9), fate=st.sampled_from(("waits", "sent", "lost", "arrives")))
    def the_model_speaks(self, which: int, fate: str) -> None:
        """To any of the runs: one that lost its lease does not know yet."""
        self.words += 1
        hear(self.runs[which % len(self.runs)], f"w{self.words} ")
        if fate == "waits":
            return
        self.tick(which)
        if fate == "lost" and self.network:
            self.network.pop()
        if fate == "arrives" and self.network:
            self.an_entry_arrives(-1, twice=False)

    @rule(which=st.integers(0, 9))
    def tick(self, which: int) -> None:
        """As the pump does with what is due: one entry for the network."""
        if due := self.runs[which % len(self.runs)].collect():
            self.network.append(packed(due))

    @rule(which=st.integers(0, 9))
    def checkpoint(self, which: int) -> None:
        point = self.runs[which % len(self.runs)].checkpoint()
        if point is not None and point.fence == self.row.fence and not self.row.has_ended:
            self.row.text, self.row.seq = point.text, point.seq

    @precondition(lambda self: not self.row.has_ended and self.row.attempt < ATTEMPTS)
    @rule()
    def another_takes_over(self) -> None:
        """The lease ran out. Whether the old one is dead or only slow, nobody knows."""
        self.row.fence += 1
        self.row.attempt += 1
        self.row.seq += RECOVERY_GAP
        self.claim()

    @rule(which=st.integers(0, 9))
    def the_answer_ends(self, which: int) -> None:
        """One wins; whoever has lost says nothing."""
        run = self.runs[which % len(self.runs)]
        seq, written = run.close()
        if run.fence == self.row.fence and not self.row.has_ended:
            self.row.text, self.row.seq, self.row.has_ended = written.text, seq + 1, True
            run.finish({"status": "complete"})

    # --- the network --------------------------------------------------------------------------

    @precondition(lambda self: self.network)
    @rule(which=st.integers(0, 9), twice=st.booleans())
    def an_entry_arrives(self, which: int, twice: bool) -> None:
        entry = self.network.pop(which % len(self.network))
        for _ in range(1 + twice):
            self.mirror.append({self.id: unpacked(entry)})
        self.follower.nudge()
        self.turn()

    @precondition(lambda self: self.network)
    @rule(which=st.integers(0, 9))
    def an_entry_is_lost(self, which: int) -> None:
        self.network.pop(which % len(self.network))

    # --- the client ---------------------------------------------------------------------------

    def connect(self, cursor: int) -> None:
        self.follower = Follower(
            send=self._send, load=self._load, livelog=self.mirror, window=20_000, clock=self.clock
        )
        self.follower.follow(CONVERSATION, Begun(1))
        self.follower.attach(CONVERSATION, self.id, cursor)
        self.running = self.loop.create_task(self.follower.run())

    @rule(forgets=st.booleans())
    def the_client_comes_back(self, forgets: bool) -> None:
        self.running.cancel()
        self.turn()
        if forgets:
            self.client = Client()
        self.client.is_out_of_order = False
        self.connect(self.client.cursor)
        self.turn()

    @rule()
    def acknowledge(self) -> None:
        self.follower.acknowledge({self.id: self.client.cursor})
        self.turn()

    @rule()
    def the_relay_looks(self) -> None:
        """As `Relay._tell_overdue`: what the record had a look ago, and the log still has not."""
        before, self.before = self.before, Progress(self.row.seq, self.row.has_ended)
        if before is not None and (before.ended or before.seq > self.mirror.last(self.id)):
            self.follower.tell_stored(self.id)
        else:
            self.follower.nudge()
        self.turn()

    # --- what must hold -----------------------------------------------------------------------

    def teardown(self) -> None:
        """All quiet: the runner ends, what is on its way is lost, the relay has looked twice."""
        if not hasattr(self, "row"):
            return
        if not self.row.has_ended:
            self.the_answer_ends(len(self.runs) - 1)
        for _ in range(3):
            self.the_relay_looks()
            self.acknowledge()
        try:
            assert not self.client.is_out_of_order
            assert self.client.text == self.row.text
            assert self.client.ends == {self.row.seq}
        finally:
            self.running.cancel()
            self.turn()
            self.loop.close()

    def turn(self) -> None:
        async def wait() -> None:
            for _ in range(STEPS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(wait())

    async def _send(self, frame: str) -> None:
        self.client.take(frame)

    async def _load(self, _: object) -> Stored:
        made, row = encoder(self.id), self.row
        end: Update | None = None
        seq = row.seq
        if row.has_ended:
            end = made.finished(seq, {"status": "complete"})
            seq -= 1
        status = "complete" if row.has_ended else "streaming"
        return Stored(made.snapshot(seq, text=row.text, reasoning="", status=status), end)


Interleavings.TestCase.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestInterleavings: Any = Interleavings.TestCase
