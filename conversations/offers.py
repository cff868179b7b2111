"""Pending generations as an outbox: which are to be offered to a worker, and who offers them.

The row is the promise; a message to a worker only says that it is there, and may be lost with the
broker. So what stays pending is offered again, by one of all the processes that look. Until a
worker claims it, ``lease_until`` says how long the last offer stands (R15, R82).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from conversations import admission
from conversations.models import Generation
from conversations.writing import write

# Whoever begins a turn tells a worker at once; this long it is trusted that the message arrives.
FIRST_OFFER = timedelta(seconds=4)
SHORTEST_OFFER = timedelta(seconds=10)

NEGLECTED = (
    "SELECT 1 FROM conversations_generation WHERE status IN ('pending', 'streaming') "
    "AND (status = 'pending' OR lease_until < %s) LIMIT 1"
)


def neglected() -> bool:
    """Whether anything is pending, or may have lost its runner: usually nothing, and that is known
    by one cheap question, which each process asks every other second.
    """
    with connection.cursor() as cursor:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(NEGLECTED, [now])
        return cursor.fetchone() is not None


def waiting() -> list[UUID]:
    """What may run and was not offered lately, whoever comes first first."""
    may = admission.up_next()
    now = timezone.now()
    rows = Generation.objects.pending().filter(_free(), created_at__lt=now - FIRST_OFFER)
    free = set(rows.filter(pk__in=may).values_list("pk", flat=True))
    return [generation_id for generation_id in may if generation_id in free]


def take(generation_id: UUID) -> bool:
    """Take it on to tell a worker; False when somebody else just did, or a worker has it.

    Each offer stands as long as the generation has waited, so that a long queue is not filled with
    messages about what it holds already.
    """
    now = timezone.now()
    with write():
        free = Generation.objects.pending().filter(_free(), pk=generation_id)
        asked_at = free.values_list("created_at", flat=True).first()
        if asked_at is None:
            return False
        return bool(free.update(lease_until=now + max(SHORTEST_OFFER, now - asked_at)))


def withdraw(generation_id: UUID) -> None:
    """The worker could not be told."""
    with write():
        Generation.objects.pending().filter(pk=generation_id).update(lease_until=None)


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=timezone.now())
