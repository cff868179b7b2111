"""One response over HTTP by itself: its framing, its limits, and who must not hold it open."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async

from streaming import sse, visitors
from streaming.protocol import encode
from streaming.sse import Line, event_of, last_seen
from tests.engine.parts import updates
from tests.engine.tabs import _session_of


@pytest.fixture
async def visitor(alice):
    session = await database_sync_to_async(_session_of)(alice)
    return await database_sync_to_async(visitors.admit)(session)


def test_an_event_is_one_line_whatever_is_in_its_text():
    generation = uuid4()
    event = event_of(updates(generation, ["a\n\rb\n\ndata: c ä"])[0].frame)
    lines = event.encode().decode().split("\n")
    assert lines[:2] == [f"id: {generation}:1", "event: delta"]
    assert lines[2].startswith("data: {")
    assert lines[3:] == ["", ""]


def test_what_has_no_number_has_no_id():
    assert event_of(encode("conversation", title="x")).id == ""
    assert event_of(encode("accepted", generation="g")).id == "g:0"


@pytest.mark.parametrize("said", ["", ":", "x:1", f"{uuid4()}", f"{uuid4()}:-1", f"{uuid4()}:9e9"])
def test_an_id_that_is_none_of_ours_is_none(said):
    assert last_seen(said) is None


async def test_a_line_that_ends_leaves_nothing_behind(engine, visitor):
    line = await Line.open(engine, visitor, seconds=0.05)
    await line.connection.greet()
    line.connection.start()
    got = b"".join([part async for part in line.body()])
    assert b"event: ready" in got
    assert engine.relay.sockets == set()


async def test_a_client_that_never_reads_is_let_go(engine, visitor, monkeypatch):
    """R41: a server that waits for it would keep the response for ever."""
    monkeypatch.setattr(sse, "PATIENCE_SECONDS", 0.05)
    line = await Line.open(engine, visitor, seconds=0.05)
    await line.connection.greet()
    never = asyncio.Event()

    async def respond():
        async for _ in line.body():
            await never.wait()  # as a server whose buffers are full

    sending = asyncio.create_task(respond())
    done, _ = await asyncio.wait([sending], timeout=30)
    assert done
    assert sending.cancelled()
    assert engine.relay.sockets == set()


async def test_silence_is_broken_by_comments(engine, visitor, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.01)
    line = await Line.open(engine, visitor, seconds=0.2)
    parts = [part async for part in line.body()]
    assert parts.count(b":\n\n") > 1
