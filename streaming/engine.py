"""What one server process shares between its sockets, put together once."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any

from django.conf import settings

from streaming.announcer import Announcer
from streaming.livelog import LiveLog
from streaming.presence import Presence
from streaming.redislog import RedisLog
from streaming.relay import Relay
from streaming.works import Works, build_bedrock_client

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from streaming.following import Follower


class Engine(Works):
    """Made by whoever serves (``chatsite.asgi``), never by importing an app."""

    def __init__(self, client: BedrockRuntimeClient) -> None:
        self.livelog = LiveLog(settings.LIVE_LOG_KEPT_SECONDS)
        self._shared_log: RedisLog | None = None
        self._announcer: Announcer | None = None
        if settings.REDIS_URL:
            self._shared_log = RedisLog(settings.REDIS_URL, mirror=self.livelog)
            self._announcer = Announcer(settings.REDIS_URL)
        super().__init__(client, self._shared_log or self.livelog, self._tell)
        self.relay = Relay(
            self.livelog,
            self.pump,
            poll_every=settings.FOLLOW_POLL_SECONDS,
            sessions_every=settings.SESSION_CHECK_SECONDS,
            patience=settings.UNACKNOWLEDGED_SECONDS,
            elsewhere=lambda person: self.presence.elsewhere(person),
        )
        self.presence = Presence(
            settings.REDIS_URL, self.relay.people, settings.MAX_FRAMES_PER_PERSON
        )

    def start(self) -> None:
        if self._announcer is not None:
            self._announcer.start()
        if self._shared_log is not None:
            self._shared_log.start()
        self.presence.start()
        super().start()

    def stop(self) -> None:
        self.relay.close()
        self.presence.stop()
        super().stop()
        if self._shared_log is not None:
            self._shared_log.stop()

    def followers(self) -> list[Follower]:
        return [socket.follower for socket in self.relay.sockets]

    def _tell(self, group: str, message: dict[str, Any]) -> None:
        # In Redis the sockets may all be those of other processes; in memory they are the relay's.
        tell = self.relay.announce if self._announcer is None else self._announcer.announce
        tell(group, message)


def build_engine() -> Engine:
    """The engine of a server process, with the client of Bedrock that the settings describe."""
    engine = Engine(build_bedrock_client())
    # Every server, whatever it is called, ends through this; signals belong to the server.
    atexit.register(engine.stop)
    return engine
