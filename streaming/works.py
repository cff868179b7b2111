"""What every process has that writes answers, or looks after those that do.

A server process and a Celery worker share this; ``engine`` and ``worker`` add what makes them one
or the other. Where Redis and Celery are not configured, everything happens in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, connections

from conversations.changes import conversation_changed, stop_requested
from conversations.models import Conversation, Generation
from conversations.purge import deadline, purge
from streaming import summaries, titles
from streaming.bedrock.client import build_client
from streaming.bedrock.counting import PATIENCE, Counter
from streaming.doorbell import Doorbell
from streaming.figures import Figures
from streaming.limits import Seats
from streaming.pump import Log, Pace, Pump
from streaming.reaper import Reaper, announce_end
from streaming.runner import Runner
from streaming.syncing import sync_quietly
from streaming.threads import Pool, Repetition
from streaming.workbench import Workbench

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from streaming.dispatch import Dispatcher
    from streaming.following import Follower

log = structlog.get_logger(__name__)

BACKGROUND_THREADS = 4
PURGE_SECONDS = 3_600.0
SYNC_WAIT_SECONDS = 600.0  # a server that has just started has other things to do

Announce = Callable[[str, dict[str, Any]], None]  # a group and a message


class Works:
    """``livelog`` takes the updates of what runs here, ``announce`` tells a group of sockets."""

    def __init__(self, client: BedrockRuntimeClient, livelog: Log, announce: Announce) -> None:
        self.client = client
        self._announce = announce
        self.draining = False
        self.pump = Pump(
            livelog,
            Pace(
                window=settings.FLUSH_WINDOW_MS / 1000,
                checkpoint=settings.CHECKPOINT_MS / 1000,
                slow=settings.MODEL_SLOW_NOTICE_SECONDS,
                longest=settings.MAX_GENERATION_SECONDS,
            ),
        )
        self.bench = Workbench(
            client,
            self.pump,
            Seats(settings.MAX_RUNNING_GENERATIONS),
            is_open=lambda: not self.draining,
            after=self._after_generation,
            pause=settings.MODEL_RETRY_SECONDS,
            counter=Counter(_build_counting_client),
        )
        self._background = Pool("background", BACKGROUND_THREADS, leave=connections.close_all)
        self._generations = Pool("generation", settings.GENERATION_THREADS)
        self._dispatcher = _dispatcher(self.pump) if settings.CELERY_BROKER_URL else None
        self.runner = self._dispatcher or Runner(self.bench, self._generations)
        self._reaper = Reaper(self.runner, self.pump, settings.REAPER_SECONDS)
        # With Celery it is the scheduler's.
        self._clocks = [] if self._dispatcher else _clocks()
        url = settings.REDIS_URL
        self._figures = Figures(self.pump, self.followers)
        self._doorbell = Doorbell(url, self.pump.abort) if url else None
        self._stopped = False

    def start(self) -> None:
        conversation_changed.connect(self._tell_sockets, dispatch_uid=id(self))
        stop_requested.connect(self._stop_wherever_it_runs, dispatch_uid=id(self))
        if self._doorbell is not None:
            self._doorbell.start()
        self.pump.start()
        self._reaper.start()
        for clock in self._clocks:
            clock.start()
        self._figures.show()

    def close_door(self) -> None:
        """Begin nothing new here; what waits is left to another process, what runs goes on."""
        self.draining = True
        self._reaper.stop()
        for clock in self._clocks:
            clock.stop()
        self._generations.close()

    @property
    def busy(self) -> bool:
        """Whether something runs here that is worth waiting for."""
        return bool(self.pump.running) or self._background.busy

    def stop(self) -> None:
        """Leave everything so that another process can go on with it. Once is enough."""
        if self._stopped:
            return
        self._stopped = True
        self._figures.hide()
        conversation_changed.disconnect(dispatch_uid=id(self))
        stop_requested.disconnect(dispatch_uid=id(self))
        self.close_door()
        self._background.close()
        if self._doorbell is not None:
            self._doorbell.stop()
        try:
            self.pump.stop()
        except DatabaseError:
            log.exception("last_checkpoint_failed")

    def followers(self) -> Iterable[Follower]:
        """Of the sockets of this process, which has none unless it serves some."""
        return ()

    def _after_generation(self, generation: Generation) -> None:
        if titles.wanted(generation):
            if self._dispatcher is not None:
                self._dispatcher.suggest_title(generation.pk)
            else:
                self._background.submit(lambda: titles.suggest(generation, self.client))
        if summaries.wanted(generation):
            if self._dispatcher is not None:
                self._dispatcher.summarize(generation.pk)
            else:
                self._background.submit(lambda: summaries.renew(generation.pk, self.client))

    def _tell_sockets(
        self, conversation: Conversation, fields: list[str], began: UUID | None, **_: Any
    ) -> None:
        if conversation._state.adding:  # whoever changed it knew no more than its id
            conversation = Conversation.objects.select_related("owner").get(pk=conversation.pk)
        message: dict[str, Any] = {
            "type": "conversation.changed",
            "conversation": str(conversation.pk),
            "fields": fields,
        }
        if began is not None:
            message["began"] = str(began)
        self._announce(f"user.{conversation.owner.public_id.hex}", message)

    def _stop_wherever_it_runs(self, generation: Generation, **_: Any) -> None:
        if not generation.is_live:
            announce_end(self.pump, generation, calls=generation.attempt - 1)
        elif not self.runner.stop(generation.pk) and self._doorbell is not None:
            self._doorbell.ring(generation.pk)


def _clocks() -> list[Repetition]:
    """What happens by itself, besides answers."""
    clocks = [Repetition("purging", _purge, PURGE_SECONDS)]
    if hours := settings.SYNC_MODELS_HOURS:
        clocks.append(Repetition("syncing", _sync_models, hours * 3_600.0, SYNC_WAIT_SECONDS))
    return clocks


def _purge() -> None:
    with closing(connection):
        purge(deadline())


def _sync_models() -> None:
    with closing(connection):
        sync_quietly()


def _dispatcher(pump: Pump) -> Dispatcher:
    # Celery is not loaded where nothing is given to it.
    from streaming.dispatch import Dispatcher

    return Dispatcher(pump)


def _build_counting_client() -> BedrockRuntimeClient:
    """One of its own: a model may be silent for minutes, a count is worth seconds."""
    return build_client(
        region=settings.AWS_REGION or "us-east-1", connect_timeout=PATIENCE, read_timeout=PATIENCE
    )


def build_bedrock_client() -> BedrockRuntimeClient:
    """The client of Bedrock that the settings describe.

    Building it costs 90-140 ms, which the first person would wait for otherwise.
    """
    return build_client(
        region=settings.AWS_REGION or "us-east-1",
        pool_size=settings.GENERATION_THREADS + BACKGROUND_THREADS,
        connect_timeout=settings.MODEL_CONNECT_TIMEOUT_SECONDS,
        read_timeout=settings.MODEL_READ_TIMEOUT_SECONDS,
    )
