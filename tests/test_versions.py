"""Two versions live side by side while processes are exchanged: what one writes the other reads.

The samples are what the first version wrote; they are not to be changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from celery import current_app
from celery.utils.functional import head_from_fun

from streaming import dispatch, protocol, tasks
from streaming.doorbell import GENERATION, Doorbell
from streaming.livelog import LiveLog
from streaming.protocol import Update
from streaming.redislog import RedisLog, packed, unpacked

pytestmark = pytest.mark.nodb

SAMPLES = Path(__file__).parent / "samples"
LOG = json.loads((SAMPLES / "livelog-1.json").read_text("utf-8"))
CELERY = json.loads((SAMPLES / "celery-1.json").read_text("utf-8"))
UPDATES = [Update(**fields) for fields in LOG["updates"]]
GENERATION_ID = UUID(LOG["generation"])
NOBODY = "redis://127.0.0.1:9/0"  # that port is closed


def entry(**more: str) -> dict[bytes, bytes]:
    fields = {**LOG["entry"], **more}
    return {bytes.fromhex(name): value.encode() for name, value in fields.items()}


def read(fields: dict[bytes, bytes]) -> list[Update] | None:
    """What a web process of today has of an entry."""
    mirror = LiveLog(kept=60)
    RedisLog(NOBODY, mirror)._hear([(b"1-0", fields)])
    return mirror.read(GENERATION_ID, 0)


# --- the live log ---------------------------------------------------------------------------------


def test_an_entry_of_the_first_version_is_read() -> None:
    """R99"""
    assert read(entry()) == UPDATES


def test_an_entry_of_today_is_one_that_the_first_version_reads() -> None:
    """R99"""
    assert packed(UPDATES) == entry()[GENERATION_ID.bytes]


def test_fields_that_only_a_newer_version_writes_are_left_alone() -> None:
    """R99: of an entry, and of a line."""
    assert read(entry(**{b"compressed".hex(): "yes"})) == UPDATES
    longer = "\n".join(f"{line}\tmore\t" for line in packed(UPDATES).decode().split("\n"))
    assert unpacked(longer.encode()) == UPDATES


def test_a_bell_of_a_newer_version_is_heard() -> None:
    """R99"""
    heard: list[UUID] = []
    ring = {GENERATION: GENERATION_ID.bytes, b"why": b"somebody asked"}
    Doorbell(NOBODY, heard.append)._hear([(b"1-0", ring)])
    assert heard == [GENERATION_ID]


# --- Celery ---------------------------------------------------------------------------------------


def test_a_message_of_today_is_one_that_a_worker_of_the_first_version_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R99: the same name and arguments."""
    sent: list[tuple[str, list[str]]] = []

    class Producers:
        @contextmanager
        def acquire(self, block: bool) -> Iterator[Any]:
            yield self

        def publish(self, body: Any, headers: dict[str, Any], **how: Any) -> None:
            assert how["exchange"] == ""  # straight into the queue
            assert body[1] == {}
            sent.append((headers["task"], list(body[0])))

    monkeypatch.setattr(current_app.amqp, "_producer_pool", Producers())
    dispatcher = dispatch.Dispatcher(SimpleNamespace())  # type: ignore[arg-type]
    assert dispatcher._publish(dispatch.RUN, GENERATION_ID)
    arguments, named, _ = CELERY["body"]
    assert named == {}
    ours = [arguments[0].replace("GENERATION", str(GENERATION_ID))]
    assert sent == [(CELERY["message"]["headers"]["task"], ours)]


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        (tasks.run_generation, ["id"]),
        (tasks.suggest_title, ["id"]),
        (tasks.summarize, ["id"]),
        (tasks.sweep, []),
        (tasks.purge, []),
    ],
)
def test_a_task_leaves_alone_what_only_a_newer_version_says(task, arguments) -> None:
    """R99"""
    head_from_fun(task.run)(*arguments)
    head_from_fun(task.run)(*arguments, priority=3)


# --- what a client says of itself -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "spoken"),
    [
        (b"", True),
        (b"protocol=1", True),
        (b"lang=de&protocol=1", True),
        (b"protocol=2", False),
        (b"protocol=1&protocol=2", False),
        (b"protocol=one", False),
        (b"protocol=\xff", False),
        (b"&&==%", True),
    ],
)
def test_a_client_may_state_the_version_that_it_speaks(query: bytes, spoken: bool) -> None:
    """R99"""
    assert protocol.is_spoken(query) is spoken
