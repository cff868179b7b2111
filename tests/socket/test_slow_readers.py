"""A client that does not read or does not acknowledge costs little and loses nothing."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from streaming import protocol
from streaming.localbedrock import Controlled
from tests.socket.servers import PACE
from tests.socket.test_resume import wait_for

pytestmark = pytest.mark.matrix

WINDOW = int(PACE["UNACKNOWLEDGED_BYTES"])


def test_what_is_not_acknowledged_is_held_back_and_given_afterwards(tab, alice, model):
    """R41, guarantee 5."""
    script = model.enqueue(Controlled())
    slow = tab(alice, acks=False)
    accepted = slow.ask("A lot.")
    generation = accepted["generation"]
    quick = tab(alice)
    quick.follow(accepted["conversation"])
    text = ""
    for _ in range(12):
        script.emit("y" * 8_000)
        text += "y" * 8_000
        quick.until_text(generation, text)
    slow.command("ping")  # passes, whatever is held back
    received = sum(len(str(update)) for update in slow.of(generation))
    assert received < WINDOW + 8_000
    assert len(slow.texts[generation]) < len(text)
    slow.acks = True
    slow.say(type="ack", cursors={generation: slow.cursors[generation]})
    slow.until_text(generation, text)
    script.stop()
    assert slow.finish(generation) == quick.finish(generation)


def test_a_client_without_progress_is_closed_and_can_resume(tab, alice, model):
    """R41: 4013, and what was held back is not lost."""
    script = model.enqueue(Controlled())
    slow = tab(alice, acks=False)
    accepted = slow.ask("A lot.")
    generation = accepted["generation"]
    script.emit("z")
    slow.until_text(generation, "z")
    script.emit("z" * 95_999)
    assert slow.close_code() == protocol.TRY_LATER
    again = tab(alice)
    again.cursors[generation] = slow.cursors[generation]
    again.texts[generation] = slow.texts[generation]
    again.follow(accepted["conversation"], {generation: slow.cursors[generation]})
    again.until_text(generation, "z" * 96_000)
    script.stop()
    again.finish(generation)


def test_answers_to_commands_wait_too_when_nothing_is_acknowledged(tab, alice, model):
    slow = tab(alice, acks=False)
    # As many as a socket may send at once, so that all are answered, however fast this machine is.
    for number in range(460):
        slow.say(type="ping", ref=f"{number:064}")
        slow.expect("pong")
    # With these it is more than 64 KiB, even where none is refused for having come too fast.
    for number in range(350):
        slow.say(type="ping", ref=f"{number:064}")
    assert slow.close_code() == protocol.TRY_LATER


def test_a_flood_of_commands_closes_the_socket_and_nobody_else_notices(tab, alice, bob, model):
    """R42."""
    flooding, other = tab(alice), tab(bob)
    script = model.enqueue(Controlled())
    accepted = other.ask("Meanwhile.")
    with suppress(ConnectionClosed):
        for number in range(5_000):
            flooding.say(type="follow", ref=str(number), conversation=accepted["conversation"])
    assert flooding.close_code() == protocol.TRY_LATER
    script.emit("Undisturbed.")
    other.until_text(accepted["generation"], "Undisturbed.")
    script.stop()
    other.finish(accepted["generation"])


def test_a_flood_of_long_commands_costs_little_memory(tab, server, alice, bob):
    """R42: of a client that reads no answer, so that they would wait in its line."""
    long = {"type": "send", "text": "x" * 200_000, "conversation": str(uuid4())}

    def flood(who, frames):
        flooding = tab(who, acks=False)
        with suppress(ConnectionClosed):
            for number in range(frames):
                flooding.say(**long, ref=f"{number:064}", key=str(uuid4()))
        assert flooding.close_code() == protocol.TRY_LATER

    flood(alice, 600)  # whatever a process takes once and keeps
    memory = psutil.Process(server.pid).memory_info
    before = memory().rss
    flood(bob, 1_200)
    assert memory().rss - before < 5_000_000


def test_a_stuck_tab_does_not_hold_up_another(tab, alice, bob, model):
    """R44, R52."""
    loud = model.enqueue(Controlled(), match="Loud")
    calm = model.enqueue(Controlled(), match="Calm")
    stuck, other = tab(alice, acks=False), tab(bob)
    one = stuck.ask("Loud.")
    two = other.ask("Calm.")
    for _ in range(12):
        loud.emit("w" * 8_000)
    calm.emit("Here.")
    other.until_text(two["generation"], "Here.")
    loud.stop()
    calm.stop()
    other.finish(two["generation"])
    wait_for(lambda: one["conversation"] != two["conversation"])
