"""What is looked up when Prometheus asks: how much there is of everything at this moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from conversations.models import Generation
from conversations.querysets import LIVE

if TYPE_CHECKING:
    from streaming.following import Follower
    from streaming.pump import Pump

log = structlog.get_logger(__name__)

POOL = {
    "pool_size": ("size", "Connections to the database that this process has"),
    "pool_available": ("available", "Of these, how many are free"),
    "requests_waiting": ("waiting", "Threads that wait for a connection"),
    "requests_errors": (
        "refusals",
        "Threads that waited in vain, since the start",
    ),
}


class Figures(Collector):
    """Of one process. ``followers``: of the sockets that it has, if any."""

    def __init__(self, pump: Pump, followers: Callable[[], Iterable[Follower]]) -> None:
        self._pump = pump
        self._followers = followers

    def show(self) -> None:
        REGISTRY.register(self)

    def hide(self) -> None:
        REGISTRY.unregister(self)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []  # or registering would look everything up, the database included

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _gauge("running_here", "Answers that this process writes", self._pump.running)
        held = [follower.unacknowledged for follower in self._followers()]
        yield _gauge("sockets", "Open sockets of this process", len(held))
        told = "Bytes sent to sockets of this process without acknowledgement"
        yield _gauge("unacknowledged_bytes", told, sum(held))
        told = "Of these, those of the one socket that has the most"
        yield _gauge("unacknowledged_bytes_max", told, max(held, default=0))
        yield from _of_the_database()


def _of_the_database() -> Iterator[GaugeMetricFamily]:
    """What all processes tell alike, and this one's connections."""
    yield from _of_the_pool()
    told = "Whether the database answered this question"
    try:
        found = list(_live())
    except (DatabaseError, InterfaceError):
        log.warning("database_away", look="metrics")
        yield _gauge("database_up", told, 0)
        return
    yield _gauge("database_up", told, 1)
    yield from found


def _live() -> Iterator[GaugeMetricFamily]:
    rows = Generation.objects.live().order_by().values_list("status")
    counted = {status: (count, oldest) for status, count, oldest in rows.annotate(
        Count("pk"), Min("created_at"))}  # fmt: skip
    family = GaugeMetricFamily("chat_generations", "Live answers, all processes", labels=["status"])
    for status in LIVE:
        count, _ = counted.get(status, (0, None))
        family.add_metric([status], count)
    yield family
    _, oldest = counted.get(Generation.Status.PENDING, (0, None))
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield _gauge("queue_age_seconds", "Age of the oldest answer that nobody has begun", age)


def _of_the_pool() -> Iterator[GaugeMetricFamily]:
    pool = getattr(connection, "pool", None)
    if pool is None:
        return
    stats = pool.get_stats()
    for key, (name, told) in POOL.items():
        yield _gauge(f"database_pool_{name}", told, stats.get(key, 0))


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"chat_{name}", told, value=value)
