"""Tells whoever follows a generation that it waits for its turn, and behind how many."""

from __future__ import annotations

from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations import admission
from conversations.models import Generation
from conversations.models.whole import whole
from streaming.live import LiveRun
from streaming.protocol import Encoder
from streaming.pump import Pump

WAITS = _("Other answers come first; this one waits for its turn.")
AHEAD = _("Other answers come first; this one waits for its turn. Ahead of it: {ahead}.")


def tell(generation_id: UUID, pump: Pump) -> None:
    """Once for each: a number is used up, and whoever runs it counts on from there."""
    row = whole(generation_id)
    if row is None or row.status != Generation.Status.PENDING or row.seq:
        return
    if row.message is None or row.conversation_id is None:
        return
    ahead = admission.ahead_of(row)
    run = LiveRun(
        row,
        Encoder(conversation=row.conversation_id, message=row.message.uuid, generation=row.pk),
    )
    run.start(row.model)
    run.notice("waiting", format_lazy(AHEAD, ahead=ahead) if ahead else WAITS, ahead=ahead)
    updates = run.collect()
    if row.note_waiting(updates[-1].seq):
        pump.publish(row.pk, updates)
