"""What was deleted goes by itself where there is no scheduler."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Conversation
from tests.people import talk
from tests.scale.processes import until


@pytest.fixture
def deleted(transactional_db, alice):
    """There before the engine starts."""
    conversation = talk(alice).conversation
    conversation.delete_softly()
    Conversation.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    return conversation


def test_a_server_without_celery_removes_what_was_deleted_long_ago(deleted, engine, bob):
    """R38, R83: at its start and every hour."""
    kept = talk(bob).conversation
    until(lambda: not Conversation.objects.filter(pk=deleted.pk).exists(), "it stays", seconds=30)
    assert Conversation.objects.get() == kept
    assert all(clock._thread.is_alive() for clock in engine._clocks)
