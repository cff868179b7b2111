"""How several processes work together: what the settings say of channel layer, cache and Celery."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from streaming.addresses import on_this_machine

# redis-py 8 gives up an answer after 5 seconds by default, which is how long the channel layer and
# Celery wait for news: each idle socket would be closed (R39). Not None: half-open connections.
SOCKET_SECONDS = 15
HEALTH_SECONDS = 10
# Longer than any answer takes: a message that comes again finds its row taken, and costs only that.
VISIBILITY_SECONDS = 2 * 3_600


def refuse_what_cannot_work(redis_url: str, broker_url: str, database: dict[str, Any]) -> None:
    """Combinations of which each part would be fine by itself (R113)."""
    if broker_url and not redis_url:
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL needs REDIS_URL: without it no page would see what workers write."
        )
    if not database["ENGINE"].endswith("sqlite"):
        return
    for name, url in (("REDIS_URL", redis_url), ("CELERY_BROKER_URL", broker_url)):
        # Whoever shares a Redis of this machine is on this machine.
        if url and not on_this_machine(url):
            raise ImproperlyConfigured(
                f"SQLite is a file of one machine, and {name} is for several: name a PostgreSQL "
                "database in DATABASE_URL."
            )


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Announcements: over Redis, or in memory."""
    if not redis_url:
        return {
            "BACKEND": "streaming.layer.MemoryLayer",
            "CONFIG": {"capacity": 1_000},
        }
    host = {
        "address": redis_url,
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_SECONDS,
    }
    return {
        "BACKEND": "streaming.layer.PatientLayer",
        "CONFIG": {
            "hosts": [host],
            "prefix": "chat:layer",
            # Of all sockets of a process together, and announcements carry ids only.
            "capacity": 10_000,
            "expiry": 60,
            "group_expiry": 86_400,
        },
    }


def cache(redis_url: str) -> dict[str, Any]:
    """Limits that count for all processes."""
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {
        "BACKEND": "chatsite.cache.PatientRedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "chat",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }


CELERY: dict[str, Any] = {
    # Late acknowledgement, so that a worker that dies leaves its message, and no more taken than
    # run, so that no worker hoards them. But the row decides, and the reaper recovers (R79, R82).
    "CELERY_TASK_ACKS_LATE": True,
    "CELERY_TASK_REJECT_ON_WORKER_LOST": True,
    "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
    "CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS": False,
    "CELERY_TASK_IGNORE_RESULT": True,
    "CELERY_TASK_SERIALIZER": "json",
    "CELERY_ACCEPT_CONTENT": ["json"],
    "CELERY_TASK_DEFAULT_QUEUE": "background",
    "CELERY_TASK_ROUTES": {"streaming.tasks.run_generation": {"queue": "generations"}},
    # A broker that is away is found out soon and not waited for: what is pending is offered again.
    "CELERY_TASK_PUBLISH_RETRY": False,
    "CELERY_BROKER_CONNECTION_TIMEOUT": 2,
    "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": True,
    "CELERY_BROKER_CONNECTION_MAX_RETRIES": None,
    "CELERY_BROKER_TRANSPORT_OPTIONS": {
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_connect_timeout": 2,
        "socket_timeout": SOCKET_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_SECONDS,
    },
    "CELERY_TIMEZONE": "UTC",
}


def schedule(sync_models_hours: int) -> dict[str, dict[str, Any]]:
    """What the scheduler asks the workers for, and how often in seconds."""
    asked = {"sweep": 10.0, "purge": 3_600.0, "sync_models": sync_models_hours * 3_600.0}
    return {
        name: {"task": f"streaming.tasks.{name}", "schedule": every}
        for name, every in asked.items()
        if every
    }
