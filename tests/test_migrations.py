"""A new version's tables serve the version before as well, and keep what is in them (R100)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from tests import migrating
from tests.migrating import APP, Left, incompatible
from tests.test_repository import ROOT

pytestmark = pytest.mark.nodb

# What the check below finds and is safe all the same: its words, and why. Taking something away is
# safe one release after the code stopped to use it: name both releases.
ALLOWED: dict[str, str] = {}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def scratch(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any
) -> Iterator[str]:
    """An empty database of either kind."""
    with django_db_blocker.unblock():
        if request.param == "sqlite":
            with migrating.database(f"sqlite:///{tmp_path / 'scratch.sqlite3'}") as alias:
                yield alias
        else:
            server = request.getfixturevalue("postgres_url")
            with migrating.on_postgres(server) as url, migrating.database(url) as alias:
                yield alias


def brought_up_to_date() -> Left:
    """Step by step; at each one, the code of the version before writes into the new tables."""
    first, *later = migrating.names()
    old = migrating.migrate(first)
    left = Left()
    left.write(old, f"people-of-{first}")
    for name in later:
        new = migrating.migrate(name)
        left.write(old, f"before-{name}")
        assert left.missing(old) == []
        assert left.missing(new) == []
        left.write(new, f"people-of-{name}")
        old = new
    assert left.missing(old) == []
    return left


def test_every_migration_keeps_what_is_there_and_serves_the_version_before(scratch: str) -> None:
    """R100"""
    left = brought_up_to_date()
    tables = migrating.executor().loader.project_state([(APP, "0001_initial")]).apps
    assert left.models == {model.__name__ for model in tables.get_app_config(APP).get_models()}


def test_no_migration_takes_from_the_version_before_what_it_needs() -> None:
    """R100"""
    loader = MigrationLoader(None)
    found = [
        words
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app == APP and not migration.initial
        for words in incompatible(migration, loader.project_state((app, name), at_end=False))
    ]
    assert [words for words in found if words not in ALLOWED] == []
    assert [words for words in ALLOWED if words not in found] == [], "allowed, and not there"


def test_the_models_are_what_the_migrations_make(django_db_blocker: Any) -> None:
    """R100: or the first migration of somebody else would bring it along."""
    with django_db_blocker.unblock():
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)
        connection.close()


# --- guards the guards ----------------------------------------------------------------------------

MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "{after}")]
    operations = [migrations.{operation}]
"""
MOOD = 'AddField("message", "mood", models.CharField(max_length=9{more}))'


@pytest.fixture
def another(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Adds a migration to a copy of the product's own."""
    folder = tmp_path / "more_migrations"
    shutil.copytree(ROOT / APP / "migrations", folder)
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {APP: "more_migrations"}
    newest = sorted(path.stem for path in folder.glob("0*.py"))[-1]

    def add(operation: str) -> str:
        text = MIGRATION.format(after=newest, operation=operation)
        (folder / "9999_test.py").write_text(text)
        return "9999_test"

    yield add
    for name in [name for name in sys.modules if name.startswith("more_migrations")]:
        del sys.modules[name]


def test_a_migration_that_the_version_before_lives_with_is_found_good(
    another: Any, scratch: str
) -> None:
    another(MOOD.format(more=', db_default="calm"'))
    brought_up_to_date()


def test_a_column_that_the_version_before_does_not_fill_is_noticed(
    another: Any, scratch: str
) -> None:
    another(MOOD.format(more=', default="calm"'))
    with pytest.raises(IntegrityError):
        brought_up_to_date()


def test_a_row_that_does_not_survive_is_noticed(another: Any, scratch: str) -> None:
    another("RunSQL(\"UPDATE conversations_message SET text = ''\")")
    with pytest.raises(AssertionError, match="instead of"):
        brought_up_to_date()


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (MOOD.format(more=""), "writes rows without it"),
        (MOOD.format(more=', default="calm"'), "writes rows without it"),
        (MOOD.format(more=", null=True"), ""),
        (MOOD.format(more=', db_default="calm"'), ""),
        ('RemoveField("message", "reasoning")', "asks for it by its name"),
        ('RenameField("message", "text", "words")', "asks for it by its name"),
        ('DeleteModel("TranscriptRead")', "asks for it by its name"),
        ('RenameModel("TranscriptRead", "Reading")', "asks for it by its name"),
        ('AlterModelTable("Message", "messages")', "asks for it by its name"),
        (
            'AlterField("message", "content", models.JSONField(default=dict))',
            "may write null",
        ),
        ('AlterField("generation", "model", models.CharField(max_length=9))', "may write more"),
        ('AlterField("generation", "model", models.CharField(max_length=999))', ""),
        ('AlterField("generation", "key", models.UUIDField(unique=True))', "may write it twice"),
        ('AlterField("generation", "seq", models.TextField())', "reads another type"),
        (
            'AddConstraint("message", models.UniqueConstraint(fields=["text"], name="x"))',
            "may write what it forbids",
        ),
        ('RunSQL("DELETE FROM conversations_message")', "nobody can see what it does"),
        ('AddIndex("message", models.Index(fields=["role"], name="x"))', ""),
    ],
)
def test_what_the_version_before_does_not_survive_is_told(
    operation: str, words: str, another: Any
) -> None:
    name = another(operation)
    loader = MigrationLoader(None)
    before = loader.project_state((APP, name), at_end=False)
    found = "".join(incompatible(loader.disk_migrations[APP, name], before))
    assert words in found
    assert bool(found) == bool(words)
