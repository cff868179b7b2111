"""Review: who gets in, what is shown, and that nothing is shown which is not on record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import OperationalError, connection, transaction
from django.test import Client
from pytest_django import Settings

from conversations.models import Conversation, TranscriptRead, User
from conversations.models.journal import AppendOnly
from conversations.review.group import REVIEWERS
from conversations.turns import Turn
from tests.people import person, talk

pytestmark = pytest.mark.django_db

SECRET = "the moon and the heron"


@pytest.fixture
def turn(alice: User) -> Turn:
    """Alice's conversation, with text that nobody sees by accident."""
    turn = talk(alice, f"Tell me about {SECRET}", "By gravity.")
    Conversation.objects.filter(pk=turn.conversation.pk).update(
        title="Heron title", system_prompt="Heron prompt", summary="Heron summary"
    )
    return turn


@contextmanager
def failing(word: str) -> Iterator[None]:
    """A database that cannot write what the word stands in."""

    def execute(run: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("INSERT") and word in sql:
            raise OperationalError("disk full")
        return run(sql, *args)

    with connection.execute_wrapper(execute):
        yield


# --- who gets in --------------------------------------------------------------------------------


def test_to_people_without_the_permission_there_is_no_review(turn: Turn, as_bob: Client) -> None:
    """R84"""
    for path in ("/review/", "/review/?q=moon", f"/review/{turn.conversation.pk}/"):
        assert as_bob.get(path).status_code == 404
    assert not TranscriptRead.objects.exists()


def test_staff_without_the_permission_get_nothing(turn: Turn) -> None:
    """R84: looking after accounts gives no right to read."""
    staff = person("sam", is_staff=True)
    staff.user_permissions.set(
        Permission.objects.exclude(codename="review_transcripts").filter(
            content_type__app_label="conversations"
        )
    )
    client = Client()
    client.force_login(staff)
    assert client.get(f"/review/{turn.conversation.pk}/").status_code == 404


def test_an_owner_does_not_review_even_the_own_transcript(turn: Turn, as_alice: Client) -> None:
    assert as_alice.get(f"/review/{turn.conversation.pk}/").status_code == 404


def test_who_is_signed_out_is_sent_to_sign_in(turn: Turn, client: Client) -> None:
    response = client.get(f"/review/{turn.conversation.pk}/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


def test_losing_the_permission_counts_at_once(turn: Turn, carol: User, as_carol: Client) -> None:
    """R23"""
    assert as_carol.get("/review/").status_code == 200
    carol.groups.clear()
    assert as_carol.get(f"/review/{turn.conversation.pk}/").status_code == 404


def test_a_superuser_may_review(turn: Turn, as_dora: Client) -> None:
    assert SECRET in as_dora.get(f"/review/{turn.conversation.pk}/").text


def test_what_an_administrator_took_from_the_group_stays_taken(db: None) -> None:
    """The group is made once, not at each migration."""
    from django.apps import apps

    from conversations.review.group import make_group

    group = Group.objects.get(name=REVIEWERS)
    assert [each.codename for each in group.permissions.all()] == ["review_transcripts"]
    group.permissions.clear()
    make_group(apps.get_app_config("conversations"), using="default")
    assert not group.permissions.exists()


# --- on record, or not shown --------------------------------------------------------------------


def test_an_opening_is_on_record_with_all_there_is_to_know(
    turn: Turn, alice: User, carol: User, as_carol: Client
) -> None:
    """R35"""
    response = as_carol.get(f"/review/{turn.conversation.pk}/", REMOTE_ADDR="203.0.113.9")
    assert SECRET in response.text
    row = TranscriptRead.objects.get()
    assert (row.kind, row.reader, row.owner) == ("opened", carol, alice)
    assert (row.reader_name, row.owner_name) == ("carol", "alice")
    assert row.conversation == turn.conversation.pk
    assert row.address == "203.0.113.9"
    assert row.request_id == response.headers["X-Request-Id"]


def test_a_reading_is_in_the_log_too_without_any_text(
    turn: Turn, as_carol: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """R85, R105: whoever can change the table cannot change the log."""
    caplog.set_level("INFO", "conversations.review.journal")
    as_carol.get(f"/review/{turn.conversation.pk}/")
    as_carol.get("/review/?q=the+moon")
    with failing("transcriptread"):
        as_carol.get("/review/?q=the+moon")
    assert caplog.text.count("transcript_read") == 2
    assert "read_unrecorded" in caplog.text
    assert str(turn.conversation.pk) in caplog.text
    for text in ("moon", "eron"):
        assert text not in caplog.text


def test_each_opening_is_one_row(turn: Turn, as_carol: Client) -> None:
    """R35"""
    path = f"/review/{turn.conversation.pk}/"
    for at in ("", f"?at={turn.user_message.uuid}", ""):
        as_carol.get(path + at)
    assert TranscriptRead.objects.count() == 3


def test_what_cannot_be_put_on_record_is_not_shown(turn: Turn, as_carol: Client) -> None:
    """R35"""
    with failing("transcriptread"):
        opened = as_carol.get(f"/review/{turn.conversation.pk}/")
        searched = as_carol.get("/review/?q=moon")
    for response in (opened, searched):
        assert response.status_code == 503
        assert SECRET not in response.text
        assert "eron" not in response.text
    assert not TranscriptRead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_of_the_text_is_read_before_the_reading_is_committed(
    turn: Turn, as_carol: Client
) -> None:
    """R35"""
    statements: list[tuple[str, bool]] = []

    def note(run: Any, sql: str, *args: Any) -> Any:
        statements.append((sql, connection.in_atomic_block))
        return run(sql, *args)

    for path in (f"/review/{turn.conversation.pk}/", "/review/?q=moon"):
        statements.clear()
        with connection.execute_wrapper(note):
            assert SECRET.split()[-1] in as_carol.get(path).text
        places = [place for place, (sql, _) in enumerate(statements) if "INSERT" in sql]
        reads = [
            (place, in_transaction)
            for place, (sql, in_transaction) in enumerate(statements)
            if re.search(r'"(title|system_prompt|summary|text)"', sql.partition(" FROM ")[0])
            and "INSERT" not in sql
        ]
        assert reads
        assert all(place > max(places) and not open for place, open in reads)


def test_a_search_is_one_row_for_each_person_whose_text_it_shows(
    turn: Turn, alice: User, bob: User, carol: User, as_carol: Client
) -> None:
    """R35"""
    talk(alice, f"Again {SECRET}")
    talk(bob, f"Also {SECRET}")
    talk(bob, "Nothing of the kind")
    talk(carol, f"My own {SECRET}")
    response = as_carol.get("/review/", {"q": "the moon", "outcome": "complete"})
    assert response.text.count("<mark>the moon</mark>") == 4
    rows = TranscriptRead.objects.order_by("owner_name")
    assert [(row.kind, row.owner_name) for row in rows] == [
        ("searched", "alice"),
        ("searched", "bob"),
    ]
    assert rows[0].search == {"q": "the moon", "outcome": "complete"}


def test_a_search_that_shows_nothing_is_not_on_record(turn: Turn, as_carol: Client) -> None:
    assert "Nothing was found" in as_carol.get("/review/?q=unheard-of").text
    assert not TranscriptRead.objects.exists()


def test_the_list_without_a_search_shows_figures_only(turn: Turn, as_carol: Client) -> None:
    text = as_carol.get("/review/").text
    assert str(turn.conversation.pk) in text
    assert "alice" in text
    assert "eron" not in text
    assert not TranscriptRead.objects.exists()


def test_reading_the_own_transcript_is_no_reading_by_others(carol: User, as_carol: Client) -> None:
    own = talk(carol).conversation
    assert as_carol.get(f"/review/{own.pk}/").status_code == 200
    assert not TranscriptRead.objects.exists()


def test_the_owner_sees_who_read(turn: Turn, as_carol: Client, as_alice: Client) -> None:
    as_carol.get(f"/review/{turn.conversation.pk}/")
    text = as_alice.get("/settings/").text
    assert "carol" in text
    assert f'"/c/{turn.conversation.pk}/"' in text
    turn.conversation.delete_softly()
    text = as_alice.get("/settings/").text
    assert "carol" in text
    assert f'"/c/{turn.conversation.pk}/"' not in text


def test_the_address_is_that_behind_the_trusted_proxies(
    turn: Turn, as_carol: Client, settings: Settings
) -> None:
    """R87: what a stranger writes into X-Forwarded-For does not count."""
    path = f"/review/{turn.conversation.pk}/"
    forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
    as_carol.get(path, headers=forged, REMOTE_ADDR="10.0.0.1")
    settings.TRUSTED_PROXY_COUNT = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    as_carol.get(path, headers=forged, REMOTE_ADDR="10.0.0.1")
    addresses = TranscriptRead.objects.order_by("id").values_list("address", flat=True)
    assert list(addresses) == ["10.0.0.1", "203.0.113.5"]


def test_a_row_of_the_journal_can_be_neither_changed_nor_deleted(
    turn: Turn, as_carol: Client
) -> None:
    """R85"""
    as_carol.get(f"/review/{turn.conversation.pk}/")
    row = TranscriptRead.objects.get()
    row.reason = "other"
    with pytest.raises(AppendOnly):
        row.save()
    with pytest.raises(AppendOnly):
        row.delete()
    with pytest.raises(TypeError):
        TranscriptRead.objects.all().update(reason="other")
    with pytest.raises(TypeError):
        TranscriptRead.objects.all().delete()
    with pytest.raises(TypeError), transaction.atomic():
        TranscriptRead.objects.bulk_update([row], ["reason"])
    assert TranscriptRead.objects.get().reason == ""
