"""Databases that are brought up to date step by step, with what people have left in them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections, models
from django.db.migrations import Migration, operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps

from chatsite import env

APP = "conversations"
ALIAS = "scratch"
AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


# --- a database of its own ------------------------------------------------------------------------


@contextmanager
def database(url: str) -> Iterator[str]:
    """An empty one with this address; the alias by which Django knows it meanwhile."""
    os.environ["SCRATCH_URL"] = url
    try:
        described = env.database("SCRATCH_URL", Path("unused.sqlite3"))
    finally:
        del os.environ["SCRATCH_URL"]
    described["OPTIONS"].pop("pool", None)
    defaults: dict[str, Any] = {
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "TIME_ZONE": None,
        "TEST": {},
    }
    connections.databases[ALIAS] = {**connections["default"].settings_dict, **defaults, **described}
    try:
        yield ALIAS
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.databases[ALIAS]


@contextmanager
def on_postgres(server: str) -> Iterator[str]:
    """The address of a database that is dropped afterwards."""
    name = f"test_migrating_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


# --- migrations -----------------------------------------------------------------------------------


def executor() -> MigrationExecutor:
    return MigrationExecutor(connections[ALIAS])


def names() -> list[str]:
    """Of the product's migrations, in order."""
    graph = executor().loader.graph
    (leaf,) = graph.leaf_nodes(APP)
    return [name for app, name in graph.forwards_plan(leaf) if app == APP]


def migrate(name: str) -> StateApps:
    """Returns the models as the code of that version has them."""
    executor().migrate([(APP, name)])
    return executor().loader.project_state([(APP, name)]).apps


# --- what people have left ------------------------------------------------------------------------


class Left:
    """Rows of every table of the first version, written by the code of whichever version."""

    def __init__(self) -> None:
        self._written: list[tuple[str, Any, dict[str, Any]]] = []

    def write(self, apps: StateApps, mark: str) -> None:
        def put(table: str, /, **fields: Any) -> Any:
            row = apps.get_model(APP, table)._default_manager.using(ALIAS).create(**fields)
            self._written.append((table, row.pk, fields))
            return row.pk

        limits = {"context_window": 1_000, "max_output_tokens": 100, "prices": {"input": "0.1"}}
        put("BedrockModel", id=f"model.{mark}", name="Model", capabilities={"a": [1]}, **limits)
        alice = put("User", username=mark, email=f"{mark}@example.com", password="!")
        settings = {"options": {"top_p": 1}, "system_prompt": "Briefly.", "deleted_at": AT}
        talk = put("Conversation", owner_id=alice, title=f"Grüße {mark}", model="m", **settings)
        question = put("Message", conversation_id=talk, role="user", text="How? 👩")
        said = {"text": "So.\n", "reasoning": "Hm.", "content": [{"text": "So.\n"}]}
        place = {"conversation_id": talk, "parent_id": question}
        told = put("Message", role="assistant", **place, **said)
        about = {"conversation_id": talk, "message_id": told, "asked_by_id": alice}
        what = {"key": uuid.uuid5(uuid.NAMESPACE_OID, mark), "command": "send", "digest": "0" * 64}
        cost = {"cost": Decimal("0.00000012"), "input_tokens": 7}
        put("Generation", model="m", status="complete", seq=3, **about, **what, **cost)
        people = {"owner_id": alice, "reader_id": alice, "reader_name": "carol"}
        why = {"kind": "opened", "reason": "Asked.", "request_id": "r", "address": "127.0.0.1"}
        put("TranscriptRead", owner_name=mark, **people, **why)

    @property
    def models(self) -> set[str]:
        return {model for model, _, _ in self._written}

    def missing(self, apps: StateApps) -> list[str]:
        """What is not there as it was written, read by the code of this version."""
        wrong = []
        for name, pk, fields in self._written:
            rows = apps.get_model(APP, name)._default_manager.using(ALIAS).filter(pk=pk)
            found = rows.values(*fields).first()
            if found != fields:
                wrong.append(f"{name} {pk}: {found} instead of {fields}")
        return wrong


# --- what the version before does not survive -----------------------------------------------------


def incompatible(migration: Migration, before: Any) -> Iterator[str]:
    """Operations after which code of the version before fails; ``before`` is the state it knows."""
    state = before.clone()
    for operation in migration.operations:
        if reason := _harm(operation, state):
            yield f"{migration.name}: {operation.describe()}: {reason}"
        operation.state_forwards(APP, state)


_TAKES_AWAY = (
    operations.RemoveField,
    operations.RenameField,
    operations.DeleteModel,
    operations.RenameModel,
    operations.AlterModelTable,
)


def _harm(operation: Operation, state: Any) -> str:
    match operation:
        case operation if isinstance(operation, _TAKES_AWAY):
            return "the version before asks for it by its name"
        case operations.AddField(field=field) if _must_be_named(field):
            return (
                "the version before writes rows without it: give it db_default, or let it be null"
            )
        case operations.AlterField():
            return _narrowing(operation, state)
        case operations.AddConstraint():
            return "the version before may write what it forbids"
        case operations.RunSQL() | operations.RunPython() | operations.SeparateDatabaseAndState():
            return "nobody can see what it does: say in ALLOWED why it is safe"
    return ""


def _must_be_named(field: models.Field[Any, Any]) -> bool:
    return not (field.null or field.many_to_many or _has_db_default(field))


def _has_db_default(field: models.Field[Any, Any]) -> bool:
    return field.db_default is not models.NOT_PROVIDED


def _narrowing(operation: operations.AlterField, state: Any) -> str:
    old = state.models[APP, operation.model_name_lower].fields[operation.name]
    new = operation.field
    if old.null and not new.null:
        return "the version before may write null"
    if new.unique and not old.unique:
        return "the version before may write it twice"
    if _has_db_default(old) and not _has_db_default(new):
        return "the version before relies on its db_default"
    if type(old) is not type(new):
        return "the version before reads another type"
    if (old.max_length or 0) > (new.max_length or old.max_length or 0):
        return "the version before may write more"
    return ""
