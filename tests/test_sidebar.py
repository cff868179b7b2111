"""The list beside the chat, and the pages behind it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from conversations import sidebar
from conversations.models import Conversation, User
from tests.people import talk

pytestmark = pytest.mark.django_db


def test_conversations_are_grouped_by_day(alice: User) -> None:
    now = timezone.now().replace(year=2026, month=3, day=20, hour=12)
    for days, label in ((0, "a"), (1, "b"), (2, "c"), (7, "d"), (8, "e"), (40, "f"), (400, "g")):
        row = talk(alice, label).conversation
        Conversation.objects.filter(pk=row.pk).update(
            title=label, updated_at=now - timedelta(days=days)
        )
    Conversation.objects.filter(title="g").update(pinned=True)
    with time_machine.travel(now, tick=False):
        groups = sidebar.newest(alice).groups
    shown = {group["label"]: [row.title for row in group["conversations"]] for group in groups}
    assert shown == {
        "Pinned": ["g"],
        "Today": ["a"],
        "Yesterday": ["b"],
        "Previous 7 days": ["c", "d"],
        "March 2026": ["e"],
        "February 2026": ["f"],
    }


def test_what_the_sidebar_has_no_room_for_is_found_page_by_page(
    alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidebar, "PAGE", 4)
    rows = [
        Conversation(owner=alice, title=f"number {number}", model="m", updated_at=timezone.now())
        for number in range(11)
    ]
    # Moments that tie must neither skip nor double anybody.
    for row in rows[3:9]:
        row.updated_at = rows[3].updated_at
    Conversation.objects.bulk_create(rows)
    seen: list[str] = []
    path: str | None = "/conversations/"
    while path:
        response = as_alice.get(path)
        seen += re.findall(r"number \d+", response.text)
        found = re.search(r'href="[^"]*\?after=([^"]+)"', response.text)
        path = f"/conversations/?after={found[1]}" if found else None
    assert sorted(seen) == sorted(row.title for row in rows)


@pytest.mark.parametrize("cursor", ["x", "eA==", "MjAyNi0wMS0wMSB4", "é"])
def test_a_cursor_of_ones_own_making_is_404(as_alice: Client, cursor: str) -> None:
    assert as_alice.get("/conversations/", {"after": cursor}).status_code == 404
