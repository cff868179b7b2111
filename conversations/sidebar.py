"""The list beside the chat: a person's conversations, the newest first, grouped by day."""

from __future__ import annotations

from dataclasses import dataclass
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

LENGTH = 50  # as the API's pages, by which the script reads what comes behind
PINNED = 200
PAGE = 100
SHOWN = ("title", "title_chosen", "expires_at", "pinned", "archived", "unread", "updated_at")


@dataclass(frozen=True, slots=True)
class Listed:
    """Groups ``{"key", "label", "conversations"}``, and the cursor of what is behind, if any."""

    groups: list[dict[str, Any]]
    following: str | None


def newest(user: User) -> Listed:
    """What the sidebar shows first: all that is pinned, and the newest."""
    rows = _rows(user, archived=False).with_running()
    pinned = rows.filter(pinned=True).order_by("-updated_at", "-id")[:PINNED]
    others, following = page(rows.filter(pinned=False), None, LENGTH)
    return Listed(grouped([*pinned, *others]), following)


def older(user: User, cursor: str | None, *, archived: bool = False) -> Listed:
    """One page of everything."""
    found, following = page(_rows(user, archived=archived), cursor, PAGE)
    return Listed(grouped(found), following)


def grouped(conversations: list[Conversation]) -> list[dict[str, Any]]:
    today = timezone.localdate()
    return [
        {"key": key, "label": label, "conversations": list(group)}
        for (key, label), group in groupby(conversations, lambda each: _group(each, today))
    ]


def _rows(user: User, *, archived: bool) -> ConversationQuerySet:
    return Conversation.objects.listed_for(user).filter(archived=archived).only(*SHOWN)


def _group(conversation: Conversation, today: date) -> tuple[str, str]:
    if conversation.pinned:
        return "pinned", _("Pinned")
    return day_group(conversation.updated_at, today)


def day_group(moment: datetime, today: date) -> tuple[str, str]:
    """Its key and its label. Mirror of static/js/days.js, which knows the person's time zone."""
    day = timezone.localdate(moment)
    if day >= today:
        return "today", _("Today")
    if day == today - timedelta(days=1):
        return "yesterday", _("Yesterday")
    if day > today - timedelta(days=8):
        return "week", _("Previous 7 days")
    return f"{day:%Y-%m}", date_format(day, "YEAR_MONTH_FORMAT")
