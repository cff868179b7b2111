"""What `celery -A chatsite` starts, and through what web processes tell workers of their work."""

from __future__ import annotations

import os
import threading
from typing import Any

from celery import Celery, signals
from kombu.transport import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")


class _PatientChannel(redis.Channel):
    """Says of a connection that was given up that it is gone, as an error that a worker survives.

    The library would trip over what it has taken apart already, and end the worker, when a broker
    goes away while an answer is being written: as it gives messages back, and as it acknowledges
    them later. Neither is needed: the row of the answer keeps the promise (R15).
    """

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("the connection of this message is gone")
        return super()._connparams(asynchronous)  # type: ignore[misc]  # not in the types

    _commands: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        """One client for all commands: to make one took longer than what it was made for."""
        if asynchronous:
            return super()._create_client(asynchronous)  # type: ignore[misc]  # as above
        if self._commands is None or self._commands.connection_pool is not self.pool:
            self._commands = super()._create_client()  # type: ignore[misc]  # as above
        return self._commands


redis.Transport.Channel = _PatientChannel

app = Celery("chatsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves the logging to Django's settings."""


@signals.worker_init.connect
def _start_in_threads(sender: Any, **_: Any) -> None:
    # Where it forks, each child starts its own: threads and connections survive no fork.
    if "prefork" not in sender.pool_cls.__module__:
        from streaming.scraping import serve

        _start()
        serve()


@signals.worker_process_init.connect
def _start(**_: Any) -> None:
    from streaming.worker import the_worker

    # Before the first task: the client of Bedrock takes a tenth of a second to build.
    the_worker()


@signals.worker_shutting_down.connect
def _drain(**_: Any) -> None:
    from streaming.worker import the_worker

    # Beside Celery's own waiting for tasks, which has no end: after the grace they are handed over.
    threading.Thread(target=the_worker().drain, name="draining", daemon=True).start()
