"""Which guardrail a conversation goes through, and what is said of one that intervened.

The closest one counts: the conversation's own, else that of a group of its owner's, else the
site's. Of several as close, the one that was made first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from conversations.models import Guardrail

if TYPE_CHECKING:
    from uuid import UUID

    from conversations.models import Conversation

# Asked before each answer, so it is spelled out; nearly every site has none or a few of these.
CLOSEST = """
SELECT g.*, EXISTS (
    SELECT 1 FROM conversations_guardrail_conversations c
    WHERE c.guardrail_id = g.id AND c.conversation_id = %s
) AS own
FROM conversations_guardrail g
WHERE EXISTS (
    SELECT 1 FROM conversations_guardrail_conversations c
    WHERE c.guardrail_id = g.id AND c.conversation_id = %s
) OR EXISTS (
    SELECT 1 FROM conversations_guardrail_groups m
    JOIN conversations_user_groups u ON u.group_id = m.group_id
    WHERE m.guardrail_id = g.id AND u.user_id = %s
)
ORDER BY own DESC, g.id LIMIT 1
"""


def guardrail_of(conversation: Conversation) -> Guardrail | None:
    """One that is not stored where it is the site's; None where there is none at all."""
    key = _key(conversation.pk)
    rows = Guardrail.objects.raw(CLOSEST, [key, key, conversation.owner_id])
    if (row := next(iter(rows), None)) is not None:
        return row
    if not settings.GUARDRAIL_ID:
        return None
    return Guardrail(
        identifier=settings.GUARDRAIL_ID,
        version=settings.GUARDRAIL_VERSION,
        mode=settings.GUARDRAIL_MODE,
    )


def _key(pk: UUID) -> Any:
    return Guardrail.conversations.through._meta.get_field(
        "conversation"
    ).target_field.get_db_prep_value(pk, connection)


# What a guardrail found, by the names that Bedrock's trace has for its policies.
REASONS: Mapping[str, Any] = {
    "topicPolicy": _("a topic that is not allowed here"),
    "contentPolicy": _("harmful content"),
    "wordPolicy": _("a word that is not allowed here"),
    "sensitiveInformationPolicy": _("personal data"),
    "contextualGroundingPolicy": _("a statement without a source"),
    "automatedReasoningPolicy": _("a statement that breaks a rule"),
}
_WITHDRAWN = _("A guardrail withdrew this answer after its beginning had been shown.")
_MASKED = _("A guardrail hid parts of this answer.")
_QUESTION = _("A guardrail blocked the question; what it says instead is shown.")
_ANSWER = _("A guardrail blocked the answer; what it says instead is shown.")
_SOMEHOW = _("A guardrail stopped or changed this answer.")


def explanation(found: Mapping[str, Any]) -> str:
    """A sentence or two: what a guardrail did, and why, as far as it said so.

    ``found``: ``action`` ("blocked", "masked" or ""), ``where`` ("input", "output" or ""),
    ``policies`` (names as above) and ``withdrawn``.
    """
    if found.get("withdrawn"):
        sentence = _WITHDRAWN
    elif found.get("action") == "masked":
        sentence = _MASKED
    elif found.get("action") == "blocked":
        sentence = _QUESTION if found.get("where") == "input" else _ANSWER
    else:
        sentence = _SOMEHOW
    reasons = [str(REASONS[name]) for name in found.get("policies", ()) if name in REASONS]
    if not reasons:
        return str(sentence)
    why = _("Reason: %(reasons)s.") % {"reasons": ", ".join(reasons)}
    return f"{sentence} {why}"
