"""What the rest of the product hears of a change: one hook, called after commit.

``streaming`` connects to these signals and tells the sockets; this package knows no sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.dispatch import Signal

if TYPE_CHECKING:
    from uuid import UUID

    from conversations.models import Conversation, Generation

# conversation_changed: sender=Conversation, conversation, fields (names as in the wire contract),
# began (the id of the generation that has just begun in it, or None)
conversation_changed = Signal()
# stop_requested: sender=Generation, generation
stop_requested = Signal()


# Columns that are nobody's news.
UNTOLD = frozenset({"title_chosen", "expires_at"})


def announce(conversation: Conversation, *fields: str, began: UUID | None = None) -> None:
    """Tell, once the transaction is committed, which fields of a conversation changed.

    ``began``: the generation that began with this change.
    """
    told = [name for name in fields if name not in UNTOLD]
    transaction.on_commit(
        lambda: _send(conversation_changed, conversation=conversation, fields=told, began=began)
    )


def announce_stop(generation: Generation) -> None:
    transaction.on_commit(lambda: _send(stop_requested, generation=generation))


def _send(signal: Signal, **named: object) -> None:
    # Announcements are a convenience; what is committed must not fail by them. send_robust logs.
    signal.send_robust(sender=None, **named)
