"""Channels' layers, in memory and over Redis, that count what they lose (R53).

Announcements are a convenience: what one of them was about is found again by looking. So the one
over Redis is made so that a Redis that is away closes no socket: sending and joining fail quietly
and soon, receiving waits until Redis is back, and ``forgot`` tells whoever keeps the sockets that
they have to join their groups once more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Coroutine
from functools import partial
from typing import Any

import structlog
from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer
from channels_redis.core import BoundedQueue, RedisChannelLayer
from channels_redis.utils import create_pool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroke

from streaming import metrics
from streaming.obedient import obedient
from streaming.streams import AWAY, Pause

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 1.0  # for anything but receiving
LATE_SECONDS = 2.0  # what an announcement was about has been found by looking then
SENT = "sent_at"  # by the clock of the sender's machine

# What `group_send` of channels-redis does in four rounds: members and messages that are too old go,
# and the message goes to each process that has members of the group, with their names, if its
# inbox has room. Returns how many inboxes had none.
TELL = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[2])
local inboxes = {}
for _, channel in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local inbox = ARGV[6] .. (string.match(channel, '^[^!]*!') or channel)
    inboxes[inbox] = inboxes[inbox] or {}
    table.insert(inboxes[inbox], channel)
end
local full = 0
for inbox, channels in pairs(inboxes) do
    redis.call('ZREMRANGEBYSCORE', inbox, 0, ARGV[3])
    if redis.call('ZCARD', inbox) < tonumber(ARGV[5]) then
        redis.call('ZADD', inbox, ARGV[1], ARGV[7] .. cmsgpack.pack(channels))
        redis.call('EXPIRE', inbox, ARGV[4])
    else
        full = full + 1
    end
end
return full
"""


def _stamped(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, SENT: time.time()}


def _arrived(message: dict[str, Any]) -> dict[str, Any]:
    sent = message.pop(SENT, None)  # a process of the version before sends none
    if sent is not None and time.time() - sent > LATE_SECONDS:
        metrics.ANNOUNCEMENTS_LATE.inc()
    return message


def _lost(reason: str, count: int = 1) -> None:
    metrics.ANNOUNCEMENTS_LOST.labels(reason).inc(count)


class MemoryLayer(InMemoryChannelLayer):  # type: ignore[misc]  # published without types
    """For one process. Its base forgets silently what a full channel has no room for."""

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        try:
            await super().send(channel, message)
        except ChannelFull:
            _lost("over_capacity")
            raise

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send(group, _stamped(message))

    async def receive(self, channel: str) -> dict[str, Any]:
        return _arrived(await super().receive(channel))


class _Inbox(BoundedQueue):  # type: ignore[misc]  # published without types
    """What arrived for one socket and was not taken yet; when full, the oldest goes."""

    def put_nowait(self, item: Any) -> None:
        if self.full():
            _lost("over_capacity")
        super().put_nowait(item)


class _OverCapacity(logging.Filter):
    """The library tells of a group's full channels by a line of its log, and in no other way."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "over capacity" not in record.msg or not isinstance(record.args, tuple):
            return True
        channels, of, _ = record.args
        _lost("over_capacity", int(str(channels)))
        log.warning("announcement_dropped", cause="over capacity", channels=channels, of=of)
        return False


_library = logging.getLogger("channels_redis.core")
_library.setLevel(logging.INFO)  # or the line would not be made, whatever LOG_LEVEL is
_library.addFilter(_OverCapacity())


class PatientLayer(RedisChannelLayer):  # type: ignore[misc]  # published without types
    """``hosts`` and the rest as for its base."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.receive_buffer: defaultdict[str, _Inbox] = defaultdict(partial(_Inbox, self.capacity))
        self._pause = Pause()
        self._missed = False

    def create_pool(self, index: int) -> Any:
        # A connection that broke is made anew once; the library's own default waits for seconds.
        retry = Retry(NoBackoff(), 1, supported_errors=(ConnectionBroke,))
        pool = create_pool({**self.hosts[index], "retry": retry})
        pool.connection_class = obedient(pool.connection_class)
        return pool

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._attempt(super().send(channel, message))

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._attempt(super().group_send(group, _stamped(message)))

    async def group_add(self, group: str, channel: str) -> None:
        if not await self._attempt(super().group_add(group, channel)):
            self._missed = True

    async def group_discard(self, group: str, channel: str) -> None:
        await self._attempt(super().group_discard(group, channel))

    def telling(self, group: str, message: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of EVAL that tell a group, for whoever has a connection of its own."""
        now = time.time()
        # Packed with nothing in the place of the names of members, which come last.
        packed = self.serialize({**_stamped(message), "__asgi_channel__": None})
        return (
            *(TELL, 1, self._group_key(group)),
            *(now, int(now) - self.group_expiry, int(now) - self.expiry, self.expiry),
            *(self.capacity, self.prefix, packed[:-1]),
        )

    async def receive_single(self, channel: str) -> Any:
        pause = Pause()
        while True:
            try:
                arrived, message = await super().receive_single(channel)
                return arrived, _arrived(message)
            except AWAY as error:
                self._missed = True
                log.warning("channel_layer_away", cause=repr(error))
                await asyncio.sleep(pause.begin())

    async def forgot(self) -> bool:
        """Whether the members of groups may be lost: Redis was emptied, or away when they joined.

        Says so once; whoever asks has all members join again.
        """
        key = f"{self.prefix}:here:{self.client_prefix}"
        connection = self.connection(0)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                known = await connection.set(key, b"1", ex=self.group_expiry, get=True)
        except (*AWAY, TimeoutError):
            self._missed = True
            return False
        self._pause.end()
        missed, self._missed = self._missed, False
        return missed or known is None

    async def _attempt(self, call: Coroutine[Any, Any, None]) -> bool:
        if not self._pause.over:
            call.close()
            _lost("away")
            return False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await call
        except ChannelFull:
            _lost("over_capacity")
            return False
        except (*AWAY, TimeoutError) as error:
            _lost("away")
            log.warning("announcement_dropped", cause=repr(error), pause=self._pause.begin())
            return False
        self._pause.end()
        return True

    # The library keeps what it took in a second place until it has told that it has it, which is
    # three more commands for each message, and no safer: nothing waits between the two.

    async def _brpop_with_clean(self, index: int, channel: str, timeout: int) -> Any:  # noqa: ASYNC109
        taken = await self.connection(index).bzpopmin(channel, timeout=timeout)
        return taken and taken[1]

    async def _clean_receive_backup(self, index: int, channel: str) -> None:
        pass
