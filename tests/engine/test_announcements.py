"""Which sockets look for a turn that was announced to their person."""

from __future__ import annotations

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from conversations.models import Conversation
from streaming import commands, stored
from tests.people import ask


@pytest.fixture(autouse=True)
def no_poll(settings):
    """What was not announced is not found."""
    settings.FOLLOW_POLL_SECONDS = 3_600


@pytest.fixture
def looked(monkeypatch):
    """Conversations whose new turns were read."""
    seen = []
    read = stored.turns_after

    def remembered(visitor, conversation, told):
        seen.append(str(conversation))
        return read(visitor, conversation, told)

    monkeypatch.setattr(stored, "turns_after", remembered)
    return seen


async def test_a_turn_of_ones_own_or_of_what_is_not_followed_is_not_looked_up(
    open_tab, alice, model, looked
):
    """Whoever has ten tabs open would otherwise pay for each question ten times."""
    mine, other = await open_tab(alice), await open_tab(alice)
    first = await mine.ask("First.")
    await mine.expect("finished", generation=first["generation"])
    second = await mine.ask("Second.", conversation=first["conversation"])
    await mine.expect("finished", generation=second["generation"])
    conversation = await Conversation.objects.aget(pk=first["conversation"])
    await database_sync_to_async(conversation.rename)("Told last")
    for tab in (mine, other):
        while (await tab.expect("conversation")).get("title") != "Told last":
            pass
    assert looked == []
    assert [each for each in other.seen if each["type"] == "accepted"] == []


async def test_a_turn_that_begins_while_its_conversation_is_read_is_told(
    open_tab, alice, model, monkeypatch
):
    """R36: its announcement waits behind the command."""
    turn = await database_sync_to_async(ask)(alice)
    await database_sync_to_async(turn.generation.ask_to_stop)()
    begun = []
    read = commands.follow

    def overtaken(*args):
        found = read(*args)
        begun.append(ask(alice, conversation=turn.conversation))
        return found

    monkeypatch.setattr(commands, "follow", overtaken)
    tab = await open_tab(alice)
    await tab.command("follow", conversation=str(turn.conversation.pk))
    told = await tab.expect("accepted", within=30)
    assert told["generation"] == str(begun[0].generation.pk)


async def test_an_announcement_of_the_version_before_tells_what_it_says(open_tab, alice):
    """R99: without the turn, which is found by the next look, or in a message of its own."""
    turn = await database_sync_to_async(ask)(alice)
    tab = await open_tab(alice)
    conversation = str(turn.conversation.pk)
    group, layer = f"user.{alice.public_id.hex}", get_channel_layer()
    began = {"conversation": conversation, "generation": str(turn.generation.pk)}
    await layer.group_send(group, {"type": "turn.began", **began})
    changed = {"type": "conversation.changed", "conversation": conversation}
    await layer.group_send(group, {**changed, "fields": ["running"]})
    assert (await tab.expect("conversation"))["running"] is True
