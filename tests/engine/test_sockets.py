"""Sockets and engine in one process, where what fails and what is lost can be chosen."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import OperationalError

from conversations.models import Conversation, Generation, Message
from streaming import desk, protocol, stored, visitors
from streaming.connection import WAITING_CHARACTERS
from streaming.layer import MemoryLayer
from streaming.localbedrock import Answer, Controlled
from tests.people import ask

DROPPING = {"default": {"BACKEND": "tests.engine.layers.DroppingLayer"}}


@pytest.fixture
def in_database():
    return database_sync_to_async


def failing(times, function):
    """Fails this often as if the database were away, then does what it should."""
    left = [None] * times

    def called(*args, **kwargs):
        if left:
            left.pop()
            raise OperationalError("away")
        return function(*args, **kwargs)

    return called


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  (what it waits for is no event)
            await asyncio.sleep(0.005)


# --- announcements that are lost --------------------------------------------------------------


async def test_with_every_announcement_lost_the_answer_and_other_tabs_turns_appear(
    open_tab, alice, model, settings
):
    """R3, guarantee 1: found by looking every two seconds."""
    settings.CHANNEL_LAYERS = DROPPING
    assert settings.FOLLOW_POLL_SECONDS <= 2
    mine, other = await open_tab(alice), await open_tab(alice)
    model.enqueue(Answer(text="First answer."))
    first = await mine.ask("First.")
    await mine.expect("finished", generation=first["generation"])
    assert mine.text(first["generation"]) == "First answer."
    await other.command("follow", conversation=first["conversation"])
    script = model.enqueue(Controlled(), match="Second")
    second = await mine.ask("Second.", conversation=first["conversation"])
    told = await other.expect("accepted", within=30)
    assert {**told, "ref": second["ref"]} == second
    script.emit("Both see it.")
    script.stop()
    await other.expect("finished", generation=second["generation"])
    assert other.text(second["generation"]) == "Both see it."


async def test_turns_of_other_tabs_are_told_in_order_before_the_own_one(
    open_tab, alice, model, settings
):
    """R36: though their announcement was lost, and the poll did not come in between."""
    settings.CHANNEL_LAYERS = DROPPING
    settings.FOLLOW_POLL_SECONDS = 3_600
    mine, other = await open_tab(alice), await open_tab(alice)
    first = await mine.ask("First.")
    await mine.expect("finished", generation=first["generation"])
    await other.command("follow", conversation=first["conversation"])
    await other.command("unfollow", conversation=first["conversation"])
    await other.command("follow", conversation=first["conversation"])
    second = await mine.ask("Second.", conversation=first["conversation"])
    await mine.expect("finished", generation=second["generation"])
    third = await other.ask("Third.", conversation=first["conversation"])
    accepted = [each["generation"] for each in other.seen if each["type"] == "accepted"]
    assert accepted == [second["generation"], third["generation"]]
    await other.expect("finished", generation=third["generation"])


async def test_announcements_carry_ids_and_no_text(
    open_tab, alice, model, monkeypatch, in_database
):
    """R55: neither what people write nor what models do, nor a title."""
    sent = []
    send = MemoryLayer.send

    async def remembered(self, channel, message):
        sent.append(message)
        await send(self, channel, message)

    monkeypatch.setattr(MemoryLayer, "send", remembered)
    mine, other = await open_tab(alice), await open_tab(alice)
    model.enqueue(Answer(text="Canary of the model"), operation="ConverseStream")
    model.enqueue(Answer(text="Canary of a title"), operation="Converse")
    accepted = await mine.ask("Canary of a person")
    await other.command("follow", conversation=accepted["conversation"])
    while (await mine.expect("conversation")).get("title") != "Canary of a title":
        pass
    model.enqueue(Answer(text="Canary again"), operation="ConverseStream")
    second = await other.ask("Canary of a person, again", conversation=accepted["conversation"])
    await mine.expect("finished", generation=second["generation"])
    assert {each["type"] for each in sent} == {"conversation.changed"}
    assert str(second["generation"]) in {each.get("began") for each in sent}
    assert "canary" not in str(sent).lower()


# --- following --------------------------------------------------------------------------------


async def test_following_twice_repeats_nothing_and_leaves_no_gap(open_tab, alice, model):
    """Guarantee 1: what comes behind the second `following` starts at its cursors."""
    tab = await open_tab(alice)
    script = model.enqueue(Controlled())
    accepted = await tab.ask("Go on.")
    generation = accepted["generation"]
    written = ""
    for number in range(20):
        script.emit(f"{number} ")
        written += f"{number} "
        while tab.text(generation) != written:
            await tab.receive()
        seen = tab.of(generation)[-1]["seq"]
        await tab.command(
            "follow", conversation=accepted["conversation"], cursors={generation: seen}
        )
    script.stop()
    await tab.expect("finished", generation=generation)
    numbers = [each["seq"] for each in tab.of(generation) if "seq" in each]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_nothing_that_a_client_typed_names_a_group(open_tab, alice, in_database):
    """R20, R54: groups for ids that a client made up would grow without bound."""
    tab = await open_tab(alice)
    own = str((await in_database(ask)(alice)).conversation.pk)
    assert (await tab.command("follow", conversation=own.upper()))["type"] == "following"
    for typed in (str(uuid4()), f"{{{uuid4()}}}", f"user.{uuid4().hex}", "x" * 200, "../"):
        refused = await tab.command("follow", conversation=typed)
        assert refused["code"] in {"not_found", "malformed"}
    assert set(get_channel_layer().groups) == {f"user.{alice.public_id.hex}"}


async def test_a_socket_that_closes_leaves_nothing_behind(open_tab, alice, model, engine):
    tab = await open_tab(alice)
    script = model.enqueue(Controlled())
    await tab.ask("Go on.")
    await tab.expect("started")
    await tab.close()
    await until(lambda: not engine.relay.sockets and not get_channel_layer().groups)
    assert engine.relay._followers == {}
    script.stop()
    await until(lambda: not engine.pump.running)


async def test_a_socket_whose_application_is_cancelled_leaves_nothing_behind(
    open_tab, alice, engine
):
    """As Daphne does with a handler that takes too long; disconnect() never runs then."""
    tab = await open_tab(alice)
    await tab.command("ping")
    tab.socket.future.cancel()
    await until(lambda: not engine.relay.sockets and not get_channel_layer().groups)


async def test_memberships_that_expired_are_renewed(open_tab, alice, in_database, settings):
    """R51: with an expiry of less than a second."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"group_expiry": 0.3},
        }
    }
    tab = await open_tab(alice)
    conversation = (await in_database(ask)(alice)).conversation
    await tab.command("follow", conversation=str(conversation.pk))
    groups = get_channel_layer().groups
    joined = set(groups)
    groups.clear()  # expired
    await until(lambda: set(groups) == joined)
    await in_database(conversation.rename)("Still told")
    while (await tab.expect("conversation")).get("title") != "Still told":
        pass


# --- a database that is away ------------------------------------------------------------------


async def test_a_snapshot_that_could_not_be_read_comes_a_little_later(
    open_tab, alice, engine, in_database, monkeypatch
):
    """R56: the task that sends does not end with the database's absence."""
    turn = await in_database(ask)(alice)
    await in_database(turn.generation.ask_to_stop)()
    tab = await open_tab(alice)
    monkeypatch.setattr(stored, "stored", failing(1, stored.stored))
    cursor = {str(turn.generation.pk): 5}
    await tab.command("follow", conversation=str(turn.conversation.pk), cursors=cursor)
    assert (await tab.expect("snapshot"))["status"] == "stopped"
    assert (await tab.expect("finished"))["status"] == "stopped"


async def test_an_announcement_that_could_not_be_read_is_told_a_little_later(
    open_tab, alice, in_database, monkeypatch
):
    """R56: and the socket answers commands meanwhile."""
    tab = await open_tab(alice)
    conversation = (await in_database(ask)(alice)).conversation
    monkeypatch.setattr(stored, "conversation_fields", failing(1, stored.conversation_fields))
    await in_database(conversation.rename)("A new name")
    assert (await tab.command("ping"))["type"] == "pong"
    while (await tab.expect("conversation")).get("title") != "A new name":
        pass


async def test_a_command_that_meets_no_database_is_refused_and_can_be_sent_again(
    open_tab, alice, model, monkeypatch
):
    """R48, R56: the same key again."""
    tab = await open_tab(alice)
    key = str(uuid4())
    monkeypatch.setattr(visitors, "require", failing(1, visitors.require))
    refused = await tab.ask("Hello.", key=key)
    assert (refused["code"], refused["retry_after"]) == ("internal", 1.0)
    accepted = await tab.ask("Hello.", key=key)
    assert accepted["type"] == "accepted"
    await tab.expect("finished", generation=accepted["generation"])


async def test_a_handshake_that_meets_no_database_is_sent_away_for_later(
    open_tab, alice, monkeypatch
):
    """R49: 4013 and not a server error, so the client comes back."""
    monkeypatch.setattr(visitors, "admit", failing(1, visitors.admit))
    tab = await open_tab(alice)
    assert await tab.close_code() == protocol.TRY_LATER


async def test_an_announcement_that_only_a_newer_version_makes_does_no_harm(open_tab, alice):
    """R99"""
    mine = await open_tab(alice)
    layer = get_channel_layer()
    group = f"user.{alice.public_id.hex}"
    await layer.group_send(group, {"type": "mood.changed", "mood": "blue"})
    news = {"type": "conversation.changed", "conversation": str(uuid4())}
    await layer.group_send(group, {**news, "fields": ["mood"], "by": "somebody"})
    assert (await mine.command("ping"))["type"] == "pong"


async def test_a_client_of_another_version_is_told_ours_and_sent_elsewhere(open_tab, alice):
    """R99: another process may speak its version already, or still."""
    theirs = await open_tab(alice, query="protocol=2")
    assert (await theirs.receive())["protocol"] == protocol.VERSION
    assert await theirs.close_code() == protocol.TRY_LATER
    mine = await open_tab(alice, query="protocol=1")
    assert (await mine.command("ping"))["type"] == "pong"


async def test_a_task_of_a_socket_that_fails_closes_it_instead_of_making_it_mute(
    open_tab, alice, engine, monkeypatch
):
    """R48: the client comes back and resumes."""
    tab = await open_tab(alice)
    await tab.command("ping")
    (socket,) = engine.relay.sockets

    async def fail():
        raise RuntimeError("as if by a mistake of ours")

    monkeypatch.setattr(socket.follower, "_round", fail)
    socket.follower.nudge()
    assert await tab.close_code() == protocol.TRY_LATER
    await until(lambda: not engine.relay.sockets)


# --- stopping ---------------------------------------------------------------------------------


async def test_the_end_never_overtakes_the_last_words(open_tab, alice, model, in_database):
    """Guarantee 1: a stop that comes when the end is stored and not yet told."""
    tab = await open_tab(alice)
    script = model.enqueue(Controlled())
    accepted = await tab.ask("Speak.")
    script.emit("All of it.")
    script.stop("end_turn", metadata=False)  # the usage is waited for, the end is stored
    ended = Generation.objects.filter(pk=accepted["generation"], status="complete")
    while not await in_database(ended.exists)():  # noqa: ASYNC110  (a row is no event)
        await asyncio.sleep(0.01)
    await tab.say(type="stop", message=accepted["assistant_message"])
    await tab.expect("finished")
    mine = tab.of(accepted["generation"])
    numbers = [each["seq"] for each in mine if "seq" in each]
    assert numbers == list(range(1, len(numbers) + 1))
    assert tab.text(accepted["generation"]) == "All of it."


async def test_what_is_stopped_before_anybody_runs_it_ends_and_calls_no_model(
    open_tab, alice, model, engine, in_database, monkeypatch
):
    """R12."""
    monkeypatch.setattr(engine.runner, "start", lambda generation_id, begun: None)
    tab = await open_tab(alice)
    accepted = await tab.ask("Never mind.")
    await tab.say(type="stop", message=accepted["assistant_message"])
    assert (await tab.expect("finished"))["status"] == "stopped"
    await in_database(engine._reaper.sweep)()
    assert not [call for call in model.history if call.operation == "ConverseStream"]


async def test_deleting_the_conversation_ends_its_answer_and_nothing_comes_back(
    open_tab, alice, model, in_database
):
    """R38."""
    tab = await open_tab(alice)
    script = model.enqueue(Controlled())
    accepted = await tab.ask("Soon gone.")
    script.emit("Some text.")
    while tab.text(accepted["generation"]) != "Some text.":
        await tab.receive()
    conversation = await in_database(Conversation.objects.get)(pk=accepted["conversation"])
    await in_database(conversation.delete_softly)()
    assert (await tab.expect("finished"))["status"] == "stopped"
    assert await in_database(script.disconnected.wait)(5)
    again = await tab.command("follow", conversation=accepted["conversation"])
    assert again["code"] == "not_found"


async def test_deleting_the_rows_under_a_running_answer_breaks_nothing(
    open_tab, alice, model, in_database, engine
):
    """R38: the record of what was spent stays."""
    tab = await open_tab(alice)
    script = model.enqueue(Controlled())
    accepted = await tab.ask("Soon gone.")
    script.emit("Some text.")
    await tab.expect("delta")
    await in_database(Conversation.objects.filter(pk=accepted["conversation"]).delete)()
    script.stop()
    await until(lambda: not engine.pump.running)
    row = await in_database(Generation.objects.get)(pk=accepted["generation"])
    assert (row.status, row.message_id, row.output_tokens is None) == ("complete", None, False)
    assert not await in_database(Message.objects.exists)()


# --- keys -------------------------------------------------------------------------------------


async def test_the_same_key_on_the_same_socket_replays_the_answer_that_is_being_written(
    open_tab, alice, model
):
    """R2: as a follow without a cursor does."""
    tab = await open_tab(alice)
    script = model.enqueue(Controlled())
    key = str(uuid4())
    first = await tab.ask("Once.", key=key)
    script.emit("One ")
    while tab.text(first["generation"]) != "One ":
        await tab.receive()
    again = await tab.ask("Once.", key=key)
    assert {**again, "ref": ""} == {**first, "ref": ""}
    del tab.seen[:-1]
    script.emit("two.")
    script.stop()
    await tab.expect("finished")
    numbers = [each["seq"] for each in tab.of(first["generation"]) if "seq" in each]
    assert numbers == list(range(1, len(numbers) + 1))
    assert tab.text(first["generation"]) == "One two."


async def test_one_key_from_many_sockets_into_one_conversation_is_one_turn(open_tab, alice, model):
    """R2: nobody is told that his own answer is in the way."""
    tabs = [await open_tab(alice) for _ in range(5)]
    first = await tabs[0].ask("Begin.")
    await tabs[0].expect("finished", generation=first["generation"])
    script = model.enqueue(Controlled(), match="Once")
    key = str(uuid4())
    where = {"key": key, "conversation": first["conversation"]}
    answers = await asyncio.gather(*(tab.ask("Once.", **where) for tab in tabs))
    assert {answer["type"] for answer in answers} == {"accepted"}
    assert len({answer["generation"] for answer in answers}) == 1
    again = await asyncio.gather(
        *(
            tab.command("regenerate", key=key, message=first["assistant_message"])
            for tab in tabs[:2]
        )
    )
    assert {answer["code"] for answer in again} == {"malformed"}
    script.stop()
    await tabs[0].expect("finished", generation=answers[0]["generation"])


async def test_an_answer_is_started_though_its_socket_closed_while_it_was_accepted(
    open_tab, alice, model, monkeypatch
):
    """R1: at once, not when the reaper comes by."""
    tab = await open_tab(alice)
    begin, script = desk.commands.send, model.enqueue(Controlled())

    def slowly(*args):
        turn = begin(*args)
        loop.call_soon_threadsafe(gone.set)
        return turn

    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr(desk.commands, "send", slowly)
    await tab.say(type="send", key=str(uuid4()), text="Hello.")
    await gone.wait()
    tab.socket.future.cancel()
    assert await database_sync_to_async(script.started.wait)(1.5)
    script.stop()


async def test_long_commands_that_wait_in_line_are_no_more_than_a_few(
    open_tab, alice, engine, monkeypatch
):
    """R42: a hundred of the longest would be 25 MB of one client."""
    tab = await open_tab(alice)
    go_on = asyncio.Event()
    (connection,) = engine.relay.sockets
    monkeypatch.setattr(connection.desk, "carry_out", lambda *_: go_on.wait())
    for number in range(10):
        await tab.say(type="send", key=str(uuid4()), text="x" * 200_000, conversation=str(uuid4()))
        assert connection._waiting <= WAITING_CHARACTERS, number
    assert await tab.close_code() == protocol.TRY_LATER
