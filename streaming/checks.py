"""What `manage.py check` says about settings that work by themselves and not together."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connection

from streaming.addresses import on_this_machine


@register()
def redis_outlasts_a_blocking_read(**_: Any) -> list[CheckMessage]:
    """R39: an idle connection must not look broken to the client library."""
    layer = get_channel_layer()
    if not hasattr(layer, "brpop_timeout"):
        return []
    hosts: list[dict[str, Any]] = layer.hosts
    if all((host.get("socket_timeout") or 0) > layer.brpop_timeout for host in hosts):
        return []
    return [
        Error(
            "Idle sockets would be closed: the channel layer waits longer for news than its "
            "connections to Redis wait for an answer.",
            hint=f"Set socket_timeout of each host above {layer.brpop_timeout} seconds.",
            id="streaming.E001",
        )
    ]


@register()
def a_broker_needs_a_live_log(**_: Any) -> list[CheckMessage]:
    if not settings.CELERY_BROKER_URL or settings.REDIS_URL:
        return []
    return [
        Error(
            "CELERY_BROKER_URL is set and REDIS_URL is not: no page would see what workers write.",
            id="streaming.E002",
        )
    ]


@register()
def several_processes_want_a_server_for_their_database(**_: Any) -> list[CheckMessage]:
    """R113."""
    if not settings.REDIS_URL or connection.vendor != "sqlite":
        return []
    return [
        Warning(
            "Several processes share an SQLite file: they wait for each other's writes, and all "
            "of them have to be on this machine.",
            hint="Name a PostgreSQL database in DATABASE_URL.",
            id="streaming.W001",
        )
    ]


@register()
def redis_elsewhere_is_protected(**_: Any) -> list[CheckMessage]:
    """R55: running answers are in it; a name without a dot is a neighbour on a network of ours."""
    found: list[CheckMessage] = []
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        address: str = getattr(settings, name)
        if not address or on_this_machine(address):
            continue
        url = urlsplit(address)
        host = url.hostname or ""
        missing = [] if url.password else ["password"]
        if url.scheme != "rediss" and ("." in host or ":" in host):
            missing.append("TLS")
        if missing:
            words = (
                f"The Redis of {name} is on another machine and has no {' and no '.join(missing)}."
            )
            hint = "Name it as rediss://:password@host:6379/0."
            found.append(Warning(words, hint=hint, id="streaming.W003"))
    return found


@register()
def a_message_outlasts_its_answer(**_: Any) -> list[CheckMessage]:
    """R79: or the broker would hand it to a second worker while the first is at work."""
    options: dict[str, Any] = settings.CELERY_BROKER_TRANSPORT_OPTIONS  # type: ignore[misc]
    visibility = options["visibility_timeout"]
    if not settings.CELERY_BROKER_URL or visibility > settings.MAX_GENERATION_SECONDS:
        return []
    return [
        Error(
            "An answer may take longer than the broker waits before it hands its message to "
            "another worker.",
            hint=f"Set MAX_GENERATION_SECONDS below {visibility} seconds.",
            id="streaming.E003",
        )
    ]


@register()
def one_person_leaves_room_for_others(**_: Any) -> list[CheckMessage]:
    """R66."""
    shared = (settings.MAX_RUNNING_EVERYWHERE, settings.MAX_RUNNING_PER_MODEL)
    if all(limit > settings.MAX_RUNNING_PER_PERSON for limit in shared if limit):
        return []
    return [
        Warning(
            "One person alone can fill all places for running answers, and everybody else waits.",
            hint="Set MAX_RUNNING_PER_PERSON below MAX_RUNNING_EVERYWHERE and "
            "MAX_RUNNING_PER_MODEL.",
            id="streaming.W002",
        )
    ]
