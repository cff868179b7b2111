"""The list beside the chat: a person's conversations, the newest first, grouped by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conversations.models import Conversation
from conversations.paging import page

if TYPE_CHECKING:
    from conversations.models import User
    from conversations.querysets import ConversationQuerySet

LENGTH = 100
PAGE = 100


def newest(user: User) -> list[dict[str, Any]]:
    """Groups ``{"key", "label", "conversations"}`` of what the sidebar shows."""
    return grouped(list(_listed(user).newest_first()[:LENGTH]))


def is_full(groups: list[dict[str, Any]]) -> bool:
    """Whether there may be conversations that the sidebar does not show."""
    return sum(len(group["conversations"]) for group in groups) >= LENGTH


def older(user: User, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """One page of everything, in groups, and the cursor of the next page, if any."""
    found, following = page(_listed(user), cursor, PAGE)
    return grouped(found), following


def grouped(conversations: list[Conversation]) -> list[dict[str, Any]]:
    today = timezone.localdate()
    return [
        {"key": key, "label": label, "conversations": list(group)}
        for (key, label), group in groupby(conversations, lambda each: _group(each, today))
    ]


def _listed(user: User) -> ConversationQuerySet:
    return Conversation.objects.listed_for(user).filter(archived=False)


def _group(conversation: Conversation, today: date) -> tuple[str, str]:
    if conversation.pinned:
        return "pinned", _("Pinned")
    return day_group(conversation.updated_at, today)


def day_group(moment: datetime, today: date) -> tuple[str, str]:
    """A key, by which static/js/sidebar.js finds the group, and what it is called."""
    day = timezone.localdate(moment)
    if day >= today:
        return "today", _("Today")
    if day == today - timedelta(days=1):
        return "yesterday", _("Yesterday")
    if day > today - timedelta(days=8):
        return "week", _("Previous 7 days")
    return f"{day:%Y-%m}", date_format(day, "YEAR_MONTH_FORMAT")
