"""A checkpoint, as it is written for each running generation each second, in SQL.

Putting these two together as querysets would take ten times as long as the database does.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from conversations.models.progress import Checkpoint

HOLD = (
    "UPDATE conversations_generation SET seq = %s, lease_until = %s, attempt = %s "
    "WHERE id = %s AND fence = %s AND status = 'streaming' AND NOT stop_requested"
)
KEEP = "UPDATE conversations_message SET text = %s, reasoning = %s WHERE id = %s"


def hold(table: type[models.Model], checkpoints: list[Checkpoint]) -> set[uuid.UUID]:
    """Renew the leases and keep the texts; which leases are no longer there to be renewed."""
    lease = connection.ops.adapt_datetimefield_value(
        timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    )
    gone = set()
    with connection.cursor() as cursor:
        for point in checkpoints:
            key = table._meta.pk.get_db_prep_value(point.generation_id, connection)
            cursor.execute(HOLD, [point.seq, lease, point.attempt, key, point.fence])
            if cursor.rowcount:
                cursor.execute(KEEP, [point.text, point.reasoning, point.message_id])
            else:
                gone.add(point.generation_id)
    return gone
