"""Announcements over Redis: they may be lost, and nobody waits for them."""

from __future__ import annotations

import asyncio
import time

import pytest
from channels_redis.core import RedisChannelLayer
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from time_machine import travel

from chatsite import processes
from streaming.announcer import Announcer
from streaming.layer import PatientLayer
from tests.scale.processes import NOBODY
from tests.scraped import figure

pytestmark = [pytest.mark.redis, pytest.mark.nodb]


def layer(url):
    return PatientLayer(**processes.channel_layer(url)["CONFIG"])


def as_published(url):
    """What the library itself makes of what is announced."""
    return RedisChannelLayer(**processes.channel_layer(url)["CONFIG"])


async def test_a_layer_without_redis_fails_quietly_and_soon():
    """R14, R53: or each connecting, following and sending would be an error or a wait."""
    lost = figure("announcements_lost", reason="away")
    away = layer(NOBODY)
    channel = await away.new_channel()
    began = time.monotonic()
    for _ in range(20):
        await away.group_add("group", channel)
        await away.group_send("group", {"type": "x"})
        await away.group_discard("group", channel)
        await away.send(channel, {"type": "x"})
    assert time.monotonic() - began < 10
    assert figure("announcements_lost", reason="away") - lost == 80
    assert not await away.forgot()


async def test_a_layer_says_once_that_its_members_are_lost(redis):
    """R51."""
    ours = layer(redis.url)
    channel = await ours.new_channel()
    assert await ours.forgot()  # nothing is known of this process yet
    await ours.group_add("group", channel)
    assert not await ours.forgot()
    redis.client().flushall()
    assert await ours.forgot()
    assert not await ours.forgot()
    await ours.group_add("group", channel)
    other = layer(redis.url)
    await other.group_send("group", {"type": "news"})
    assert await ours.receive(channel) == {"type": "news"}
    await ours.close_pools()
    await other.close_pools()


async def test_what_a_full_channel_has_no_room_for_is_counted(redis):
    """R53: the library says it in a line of its log only, which nobody need have switched on."""
    described = processes.channel_layer(redis.url)["CONFIG"]
    ours = PatientLayer(**{**described, "capacity": 2})
    channel = await ours.new_channel()
    await ours.group_add("group", channel)
    before = figure("announcements_lost", reason="over_capacity")
    for _ in range(5):
        await ours.group_send("group", {"type": "news"})
    assert figure("announcements_lost", reason="over_capacity") == before + 3
    # What was taken from Redis for a socket that does not ask for it yet.
    for _ in range(4):
        ours.receive_buffer[channel].put_nowait({"type": "news"})
    assert figure("announcements_lost", reason="over_capacity") == before + 5
    await ours.close_pools()


async def test_what_redis_delivers_late_is_counted(redis):
    """R53: also by the clock of another machine; it arrives as it was sent."""
    here, there = layer(redis.url), layer(redis.url)
    channel = await here.new_channel()
    await here.group_add("group", channel)
    before = figure("announcements_late")
    await there.group_send("group", {"type": "in time"})
    assert await here.receive(channel) == {"type": "in time"}
    assert figure("announcements_late") == before
    with travel(time.time() - 5):
        await there.group_send("group", {"type": "late"})
    assert await here.receive(channel) == {"type": "late"}
    assert figure("announcements_late") == before + 1
    await here.close_pools()
    await there.close_pools()


async def test_a_socket_that_ends_while_its_layer_sends_waits_for_nothing_more(redis, monkeypatch):
    """R13: Python before 3.12 lost this cancellation; such a socket held its process up at the end.

    It comes in the moment in which the command is sent, which is when the library kept it.
    """
    ours = layer(redis.url)
    send = AbstractConnection._send_packed_command

    async def sent_and_cancelled(self, command):
        await send(self, command)
        if b"BZPOPMIN" in b"".join(command):
            receiving.cancel()

    monkeypatch.setattr(AbstractConnection, "_send_packed_command", sent_and_cancelled)
    receiving = asyncio.create_task(ours.receive(await ours.new_channel()))
    await asyncio.wait([receiving], timeout=30)
    assert receiving.cancelled()
    await ours.close_pools()
    await asyncio.sleep(0)  # the broken connection's transport closes with the next turn


async def test_an_announcement_is_received_by_one_command(redis, monkeypatch):
    """Each web process pays for it three times per answer; the library asks for four."""
    here, there = layer(redis.url), layer(redis.url)
    channel = await here.new_channel()
    await there.send(channel, {"type": "news"})
    asked = []
    ask = Redis.execute_command

    def counted(self, *command, **how):
        asked.append(command[0])
        return ask(self, *command, **how)

    monkeypatch.setattr(Redis, "execute_command", counted)
    assert await here.receive(channel) == {"type": "news"}
    await here.wait_received()
    assert asked == ["BZPOPMIN"]
    await here.close_pools()
    await there.close_pools()


async def test_a_thread_tells_a_group_by_one_command(redis, settings):
    """R53: all members in all processes, in the words of the library."""
    settings.CHANNEL_LAYERS = {"default": processes.channel_layer(redis.url)}
    here, there, library = layer(redis.url), layer(redis.url), as_published(redis.url)
    members = [(each, await each.new_channel()) for each in (here, here, there, library)]
    for each, channel in members:
        await each.group_add("group", channel)
    stranger = await here.new_channel()
    client = redis.client()
    client.config_resetstat()
    announcer = Announcer(redis.url)
    announcer.send([("group", {"type": "news", "fields": [], "text": "é"})])
    assert client.info("commandstats")["cmdstat_eval"]["calls"] == 1
    async with asyncio.timeout(5):
        for each, channel in members:
            message = await each.receive(channel)
            message.pop("sent_at", None)  # which our own layer takes out
            assert message == {"type": "news", "fields": [], "text": "é"}
    assert not here.receive_buffer[stranger].qsize()
    announcer.send([("nobody", {"type": "news"})] * 2)
    for each in (here, there, library):
        await each.close_pools()


async def test_a_thread_counts_what_a_full_inbox_has_no_room_for(redis, settings):
    """R53"""
    described = processes.channel_layer(redis.url)
    described["CONFIG"]["capacity"] = 2
    settings.CHANNEL_LAYERS = {"default": described}
    ours = layer(redis.url)
    await ours.group_add("group", await ours.new_channel())
    before = figure("announcements_lost", reason="over_capacity")
    Announcer(redis.url).send([("group", {"type": "news"})] * 5)
    assert figure("announcements_lost", reason="over_capacity") == before + 3
    await ours.close_pools()


async def test_a_thread_announces_nothing_to_those_who_left_long_ago(redis, settings):
    """R51: as in the library, what no one took is gone after a minute, a member after a day."""
    settings.CHANNEL_LAYERS = {"default": processes.channel_layer(redis.url)}
    ours, announcer = layer(redis.url), Announcer(redis.url)
    early, late = await ours.new_channel(), await ours.new_channel()
    with travel(time.time() - 100_000):
        await ours.group_add("group", early)
    await ours.group_add("group", late)
    with travel(time.time() - 100):
        announcer.send([("group", {"type": "stale"})])
    announcer.send([("group", {"type": "news"})])
    assert await ours.receive(late) == {"type": "news"}
    assert not ours.receive_buffer[early].qsize()
    await ours.close_pools()


def test_a_thread_without_redis_announces_nothing_and_waits_for_nobody(settings):
    """R14, R53"""
    settings.CHANNEL_LAYERS = {"default": processes.channel_layer(NOBODY)}
    lost, announcer = figure("announcements_lost", reason="away"), Announcer(NOBODY)
    began = time.monotonic()
    for _ in range(20):
        announcer.send([("group", {"type": "news"})])
    assert time.monotonic() - began < 10
    assert figure("announcements_lost", reason="away") == lost + 20


async def test_a_socket_that_ends_takes_no_announcement_of_another_with_it(redis):
    """R53: one of a process's sockets reads for all of them."""
    here, there = layer(redis.url), layer(redis.url)
    going, staying = await here.new_channel(), await here.new_channel()
    reads = asyncio.create_task(here.receive(going))
    await asyncio.sleep(0)
    hears = asyncio.create_task(here.receive(staying))
    await asyncio.sleep(0)
    reads.cancel()
    await asyncio.wait([reads])
    await there.send(staying, {"type": "news"})
    async with asyncio.timeout(5):
        assert await hears == {"type": "news"}
    await here.close_pools()
    await there.close_pools()
