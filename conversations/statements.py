"""Statements that every answer needs: said in SQL, because putting a query together as a queryset
takes several times as long as the database takes to carry it out.

Values go through the fields of the model, as with a queryset; ``%(name)s`` in a condition is the
value of the field of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, models

Model = type[models.Model]


def read(sql: str, values: Sequence[Any], **tables: Model) -> list[list[Any]]:
    """The rows that a SELECT finds. ``{name}`` in it stands for all columns of a table, and must
    come before any other column; its alias is that name.

    A row is a list: for each table, in order, its model's row, or None where an outer join found
    none; then what else was selected, as the database has it. Values are given as it wants them.
    """
    here = connections[DEFAULT_DB_ALIAS]
    parts = [_selection(table, name, here.vendor) for name, table in tables.items()]
    columns = {name: part.columns for name, part in zip(tables, parts, strict=True)}
    with here.cursor() as cursor:
        cursor.execute(sql.format(**columns), values)
        return [_joined(row, parts, here) for row in cursor.fetchall()]


def key_of(row: Model, value: Any) -> Any:
    """A primary key as the database wants it."""
    return row._meta.pk.get_db_prep_value(value, connections[DEFAULT_DB_ALIAS])


def insert(row: models.Model) -> None:
    """Store a new row, and give it the key that the database chose if it has none."""
    here = connections[DEFAULT_DB_ALIAS]
    fields, sql = _insertion(type(row), here.vendor)
    values = [field.get_db_prep_save(field.pre_save(row, True), here) for field in fields]
    with here.cursor() as cursor:
        cursor.execute(sql, values)
        if row.pk is None:
            # SQLite can return columns since 3.35 only, and this always.
            row.pk = cursor.lastrowid if here.vendor == "sqlite" else cursor.fetchone()[0]
    row._state.adding, row._state.db = False, here.alias


def update(table: Model, fields: Mapping[str, Any], where: str, **values: Any) -> int:
    """Set fields of the rows that fulfil a condition; returns how many there are."""
    assignments = ", ".join(f"{_column(table, name)} = %({name})s" for name in fields)
    return execute(table, f"SET {assignments} WHERE {where}", **fields, **values)


def execute(table: Model, change: str, **values: Any) -> int:
    """UPDATE the table of a model by what follows its name; returns how many rows changed."""
    here = connections[DEFAULT_DB_ALIAS]
    prepared = {
        name: table._meta.get_field(name).get_db_prep_save(value, here)  # type: ignore[union-attr]
        for name, value in values.items()
    }
    with here.cursor() as cursor:
        cursor.execute(f"UPDATE {table._meta.db_table} {change}", prepared)
        return int(cursor.rowcount)


class _Selection(NamedTuple):
    table: Model
    columns: str  # as in SQL
    names: list[str]  # of the attributes
    key: int  # which of them is the primary key
    converters: list[tuple[int, Callable[..., Any], Any]]


@cache
def _selection(table: Model, alias: str, vendor: str) -> _Selection:
    # Converters belong to the connection that was asked, and are told which one reads.
    here = connections[DEFAULT_DB_ALIAS]
    fields = table._meta.concrete_fields
    columns = [field.get_col(alias) for field in fields]
    return _Selection(
        table,
        ", ".join(f"{alias}.{field.column}" for field in fields),
        [field.attname for field in fields],
        next(number for number, field in enumerate(fields) if field.primary_key),
        [
            (number, convert, column)
            for number, column in enumerate(columns)
            for convert in (
                *here.ops.get_db_converters(column),
                *column.get_db_converters(here),
            )
        ],
    )


def _joined(row: Sequence[Any], parts: list[_Selection], here: Any) -> list[Any]:
    found: list[Any] = []
    start = 0
    for part in parts:
        values = list(row[start : start + len(part.names)])
        start += len(part.names)
        if values[part.key] is None:
            found.append(None)
            continue
        for number, convert, column in part.converters:
            values[number] = convert(values[number], column, here)
        found.append(part.table.from_db(here.alias, part.names, values))
    return [*found, *row[start:]]


def _column(model: Model, name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]


@cache
def _insertion(model: Model, vendor: str) -> tuple[list[models.Field[Any, Any]], str]:
    key = model._meta.pk
    chosen_there = isinstance(key, models.AutoField)
    fields = [each for each in model._meta.concrete_fields if each is not key or not chosen_there]
    columns = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})"  # noqa: S608 (names)
    if chosen_there and vendor != "sqlite":
        sql += f" RETURNING {key.column}"
    return fields, sql
