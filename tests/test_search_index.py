"""The index of words beside migrations: old versions write into it, tables are made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, models

from conversations.search import index
from tests import migrating
from tests.migrating import ALIAS, APP, Left

pytestmark = pytest.mark.nodb


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def scratch(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any
) -> Iterator[str]:
    """A database of either kind, as the version before search left it."""
    with django_db_blocker.unblock():
        if request.param == "sqlite":
            with migrating.database(f"sqlite:///{tmp_path / 'scratch.sqlite3'}") as alias:
                yield alias
        else:
            server = request.getfixturevalue("postgres_url")
            with migrating.on_postgres(server) as url, migrating.database(url) as alias:
                yield alias


def texts() -> int:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM conversations_searchable")
        count: int = cursor.fetchone()[0]
        return count


def found(word: str) -> int:
    with connections[ALIAS].cursor() as cursor:
        if connections[ALIAS].vendor == "sqlite":
            cursor.execute("SELECT COUNT(*) FROM conversations_words(%s)", [f'"{word}"'])
        else:
            cursor.execute(
                "SELECT COUNT(*) FROM conversations_searchable "
                "WHERE words @@ to_tsquery('simple', %s)",
                [word],
            )
        count: int = cursor.fetchone()[0]
        return count


def test_what_earlier_versions_wrote_and_write_is_indexed(scratch: str) -> None:
    """R100"""
    before = next(name for name in migrating.names() if name.endswith("_search"))
    names = migrating.names()
    old = migrating.migrate(names[names.index(before) - 1])
    left = Left()
    left.write(old, "alice")
    migrating.migrate(names[-1])
    index.after_migration(None, using=ALIAS)
    assert (texts(), found("alice"), found("how")) == (3, 1, 1)
    left.write(old, "bob")
    assert (texts(), found("bob"), found("how")) == (6, 1, 2)
    old.get_model(APP, "Message").objects.using(ALIAS).all().delete()
    assert (texts(), found("how"), found("gruße")) == (2, 0, 2)


def test_a_table_that_is_made_anew_is_still_indexed(scratch: str) -> None:
    """SQLite: Django copies a table to change it, and the triggers of the old one go with it."""
    apps = migrating.migrate(migrating.names()[-1])
    index.after_migration(None, using=ALIAS)
    Left().write(apps, "alice")
    message, conversation = (apps.get_model(APP, name) for name in ("Message", "Conversation"))
    pinned = conversation._meta.get_field("pinned")
    index.before_migration(None, using=ALIAS, plan=["something"])
    with connections[ALIAS].schema_editor() as editor:
        editor.add_field(message, _column(message, "mood", models.IntegerField(db_default=0)))
        changed = _column(conversation, "pinned", models.BooleanField(null=True))
        editor.alter_field(conversation, pinned, changed)
    index.after_migration(None, using=ALIAS)
    assert texts() == 3
    message.objects.using(ALIAS).filter(role="user").update(text="Tides?")
    assert (texts(), found("how"), found("tides")) == (3, 0, 1)


def _column(model: Any, name: str, field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    field.set_attributes_from_name(name)
    field.model = model
    return field
