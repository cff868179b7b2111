"""What is said in SQL does what the same querysets would."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import models
from django.forms.models import model_to_dict

from conversations.models import Conversation, Generation, Message, User
from conversations.models.whole import whole
from conversations.statements import execute, insert, key_of, read, update
from tests.people import MODEL, ask

pytestmark = pytest.mark.django_db


def test_what_is_inserted_is_what_is_read(alice: User) -> None:
    """Keys that the database chooses and keys of our own, JSON, nulls, times."""
    conversation = Conversation(owner=alice, model=MODEL, options={"temperature": 0.5})
    question = Message(conversation=conversation, role="user", text="How?", content=[{"a": "é"}])
    generation = Generation(
        conversation=conversation, message=question, key=uuid.uuid4(), model=MODEL
    )
    rows: list[models.Model] = [conversation, question, generation]
    for row in rows:
        insert(row)
        read = type(row)._default_manager.get(pk=row.pk)
        for field in row._meta.concrete_fields:
            assert getattr(read, field.attname) == getattr(row, field.attname), field
        assert not row._state.adding
    assert conversation.created_at.tzinfo is UTC


def test_only_rows_that_fulfil_the_condition_are_changed(alice: User) -> None:
    first, second = ask(alice).generation, ask(alice).generation
    before = model_to_dict(second)
    fields = {"extra": {"unknown": {"x": 1}}, "ended_at": datetime(2026, 1, 2, tzinfo=UTC)}
    wrong = update(Generation, fields, "id = %(id)s AND fence = %(fence)s", id=first.pk, fence=7)
    assert wrong == 0
    assert update(Generation, fields, "id = %(id)s AND fence = %(fence)s", id=first.pk, fence=0)
    first.refresh_from_db()
    assert {name: getattr(first, name) for name in fields} == fields
    assert execute(Generation, "SET fence = fence + 1 WHERE id = %(id)s", id=first.pk) == 1
    first.refresh_from_db()
    assert first.fence == 1
    second.refresh_from_db()
    assert model_to_dict(second) == before


def test_what_is_read_is_what_a_queryset_reads(alice: User) -> None:
    """JSON, keys, times, nulls; of several tables at once, with what is asked besides."""
    asked = ask(alice, options={"temperature": 0.5}).conversation
    sql = (
        "SELECT {c}, {g}, {m}, 7 FROM conversations_conversation c "
        "JOIN conversations_generation g ON g.conversation_id = c.id "
        "LEFT JOIN conversations_message m ON m.id = -1 WHERE c.id = %s"
    )
    ((conversation, generation, message, seven),) = read(
        sql, [key_of(Conversation, asked.pk)], c=Conversation, g=Generation, m=Message
    )
    for row in (conversation, generation):
        same = type(row)._default_manager.get(pk=row.pk)
        for field in row._meta.concrete_fields:
            assert getattr(row, field.attname) == getattr(same, field.attname), field
        assert not row._state.adding
    assert (message, seven) == (None, 7)


def test_a_generation_is_read_whole(alice: User, django_assert_num_queries: Any) -> None:
    turn = ask(alice)
    with django_assert_num_queries(1):
        row = whole(turn.generation.pk)
        assert row is not None
        assert row.message == turn.assistant_message
        assert row.message is not None
        assert row.message.parent == turn.user_message
        assert row.conversation == turn.conversation
        assert row.conversation is not None
        assert row.conversation.owner == alice


def test_of_a_generation_remains_what_was_spent_when_its_conversation_is_gone(alice: User) -> None:
    turn = ask(alice)
    Generation.objects.update(conversation=None, message=None)
    row = whole(turn.generation.pk)
    assert row is not None
    assert (row.conversation, row.message) == (None, None)
    assert whole(uuid.uuid4()) is None
