"""What was accepted is never lost: closed tabs, late tabs, killed servers."""

from __future__ import annotations

import threading
import time

from conversations.models import Generation, Message
from conversations.turns import Send, begin_turn
from streaming.localbedrock import Controlled
from tests.socket.servers import ChatServer
from tests.socket.tab import Tab


def wait_for(condition, timeout=60.0):
    """Look at the database until something is so."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        pause.wait(0.05)


def test_an_answer_goes_on_when_every_tab_is_closed(tab, server, alice, model):
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Go on without me.")
    script.emit("Begun, ")
    mine.until_text(accepted["generation"], "Begun, ")
    mine.socket.close()
    script.emit("and finished.")
    script.stop()
    wait_for(lambda: Generation.objects.get(pk=accepted["generation"]).status == "complete")
    message = Message.objects.get(uuid=accepted["assistant_message"])
    assert message.text == "Begun, and finished."


def test_a_tab_resumes_after_every_update_without_a_gap_and_without_a_repetition(tab, alice, model):
    """R7: a cut at each boundary of the updates."""
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Count.")
    generation = accepted["generation"]
    for number in range(12):
        script.emit(f"{number} ")
        mine.until_text(generation, "".join(f"{n} " for n in range(number + 1)))
    numbered = [update for update in mine.of(generation) if "seq" in update]
    for cut in range(len(numbered) + 1):
        late = tab(alice)
        late.cursors[generation] = cut
        late.texts[generation] = "".join(
            update["text"] for update in numbered[:cut] if update["type"] == "delta"
        )
        answer = late.follow(accepted["conversation"], {generation: cut} if cut else None)
        assert [live["generation"] for live in answer["live"]] == [generation]
        late.until_text(generation, "0 1 2 3 4 5 6 7 8 9 10 11 ")
        late.socket.close()
    script.stop()
    mine.finish(generation)


def test_a_cursor_of_an_answer_that_ended_is_caught_up(tab, alice, model):
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("End while I am away.")
    generation = accepted["generation"]
    script.emit("Half")
    mine.until_text(generation, "Half")
    cursor = mine.cursors[generation]
    script.emit(" and whole.")
    script.stop()
    mine.finish(generation)
    late = tab(alice)
    late.cursors[generation], late.texts[generation] = cursor, "Half"
    assert late.follow(accepted["conversation"], {generation: cursor})["live"] == []
    assert late.finish(generation)["status"] == "complete"
    assert late.texts[generation] == "Half and whole."
    # Who has everything gets nothing.
    up_to_date = tab(alice)
    up_to_date.follow(accepted["conversation"], {generation: late.cursors[generation]})
    up_to_date.command("ping")
    assert not [update for update in up_to_date.seen if update["type"] in {"snapshot", "finished"}]


def test_a_long_backlog_is_told_by_one_snapshot(tab, alice, model):
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Write a lot.")
    generation = accepted["generation"]
    text = ""
    for _ in range(10):
        script.emit("x" * 10_000)
        text += "x" * 10_000
        mine.until_text(generation, text)
    wait_for(lambda: len(Message.objects.get(uuid=accepted["assistant_message"]).text) > 90_000)
    late = tab(alice)
    late.follow(accepted["conversation"])
    late.until_text(generation, text)
    assert len([update for update in late.seen if update["type"] == "snapshot"]) == 1
    script.stop()
    late.finish(generation)


def test_reasoning_is_streamed_apart_and_saved(tab, alice, model):
    """R70."""
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Think.")
    script.reason("Let me see. ")
    script.sign("c2lnbmVk")
    script.emit("Seen.")
    script.stop()
    mine.finish(accepted["generation"])
    message = Message.objects.get(uuid=accepted["assistant_message"])
    assert (message.reasoning, message.text) == ("Let me see. ", "Seen.")
    assert mine.reasonings[accepted["generation"]] == "Let me see. "
    signatures = [
        block["reasoningContent"]["reasoningText"]["signature"]
        for block in message.content
        if "reasoningContent" in block
    ]
    assert signatures == ["c2lnbmVk"]


def killed_in_mid_answer(own_server, alice, model):
    """An answer whose server was killed behind its last checkpoint, and a tab's last cursor."""
    script = model.enqueue(Controlled())
    with Tab(own_server, alice) as mine:
        accepted = mine.ask("Survive.")
        generation = accepted["generation"]
        script.emit("Kept text, ")
        mine.until_text(generation, "Kept text, ")
        wait_for(
            lambda: Message.objects.get(uuid=accepted["assistant_message"]).text == "Kept text, "
        )
        script.emit("lost at worst")
        mine.until_text(generation, "Kept text, lost at worst")
        own_server.kill()
        return accepted, mine.cursors[generation]


def test_after_a_kill_another_attempt_goes_on_with_the_answer(own_server, alice, model):
    """R8, R10: the same generation, under a new fencing token."""
    accepted, cursor = killed_in_mid_answer(own_server, alice, model)
    generation = accepted["generation"]
    script = model.enqueue(Controlled())
    own_server.start()
    with Tab(own_server, alice) as mine:
        mine.cursors[generation], mine.texts[generation] = cursor, "Kept text, lost at worst"
        mine.follow(accepted["conversation"], {generation: cursor})
        # By `restarted`, or by a snapshot where it had begun anew before this tab followed.
        mine.until_text(generation, "")
        script.emit("Whole again.")
        script.stop()
        assert mine.finish(generation)["status"] == "complete"
        assert mine.texts[generation] == "Whole again."
    row = Generation.objects.get(pk=generation)
    assert (row.attempt, row.message.text) == (2, "Whole again.")


def test_after_the_last_attempt_a_kill_leaves_the_text_and_says_interrupted(
    own_server, alice, model
):
    """R8, R10."""
    accepted, cursor = killed_in_mid_answer(own_server, alice, model)
    generation = accepted["generation"]
    Generation.objects.filter(pk=generation).update(attempt=3)
    own_server.start()
    with Tab(own_server, alice) as mine:
        mine.cursors[generation] = cursor
        mine.follow(accepted["conversation"], {generation: cursor})
        finished = mine.finish(generation)
        assert (finished["status"], finished["error"]["code"]) == ("interrupted", "worker_lost")
        assert finished["error"]["retryable"] is True
        assert {"retry", "continue"} <= set(finished["actions"])
        stored = Message.objects.get(uuid=accepted["assistant_message"]).text
        assert stored.startswith("Kept text, ")
        assert mine.texts[generation] == stored


def test_what_was_pending_is_started_after_a_restart(own_server: ChatServer, alice, model):
    """R1, R15, R82: the row is the promise."""
    own_server.kill()
    turn = begin_turn(
        alice,
        Send(
            key="9e107d9d-372b-4826-8b1d-05dd3e0f4a01",  # type: ignore[arg-type]
            text="Begin later.",
            digest="0" * 64,
            model="local.demonstration-v1:0",
        ),
    )
    script = model.enqueue(Controlled())
    own_server.start()
    assert script.started.wait(60)
    with Tab(own_server, alice) as mine:
        mine.follow(str(turn.conversation.pk))
        script.emit("Begun at last.")
        script.stop()
        assert mine.finish(str(turn.generation.pk))["status"] == "complete"


def test_an_orderly_end_of_the_server_loses_no_text(own_server: ChatServer, alice, model):
    script = model.enqueue(Controlled())
    with Tab(own_server, alice) as mine:
        accepted = mine.ask("Before the restart.")
        script.emit("Every word so far.")
        mine.until_text(accepted["generation"], "Every word so far.")
        own_server.stop()
    assert Message.objects.get(uuid=accepted["assistant_message"]).text == "Every word so far."


def test_when_the_log_is_gone_what_is_stored_is_told(running_model, alice, model):
    quick = ChatServer("daphne", running_model.url, LIVE_LOG_KEPT_SECONDS="0")
    quick.start()
    try:
        with Tab(quick, alice) as mine:
            first = mine.ask("One.")
            mine.finish(first["generation"])
            # The next answer's updates push the ended log out.
            second = mine.ask("Two.", conversation=first["conversation"])
            mine.finish(second["generation"])
        with Tab(quick, alice) as late:
            late.follow(first["conversation"], {first["generation"]: 1})
            late.finish(first["generation"])
            stored = Message.objects.get(uuid=first["assistant_message"]).text
            assert late.texts[first["generation"]] == stored
    finally:
        quick.stop()
