"""What a load balancer asks: alive, and able to serve. Neither tells anything but that (R108)."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = structlog.get_logger(__name__)

REDIS_SECONDS = 2


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """503 without the database. The log says who is away.

    Without Redis or the broker people still read and send, and all processes are without them at
    the same time: to send nobody to any of them would make an outage of a delay.
    """
    if not _database():
        log.warning("not_ready", missing="database")
        return HttpResponse("not ready\n", status=503, content_type="text/plain")
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        if not _answers(getattr(settings, name, "")):
            log.warning("degraded", missing=name)
    return HttpResponse("ready\n", content_type="text/plain")


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return False
    return True


def _answers(url: str) -> bool:
    if not url:
        return True
    from redis import Redis, RedisError

    with Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    ) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False
