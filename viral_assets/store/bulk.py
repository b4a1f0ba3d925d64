"""Many rows at once, fast and alike on both databases. Which rows, and why, is decided elsewhere.

Rows are turned into columns first and made ready for the driver a column at a time, which is several times faster
than one value at a time. SQLite then gets ``executemany``, PostgreSQL one array a column (``SELECT unnest(...)``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import repeat
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from viral_assets.store.tables import UtcDateTime
from viral_assets.text.cleaning import text_for_storage

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]

CHUNK_ROWS = 10_000
"""Rows a statement: few enough for the memory of array parameters, enough that round trips do not count."""


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    update: Sequence[str] | None = None,
    also: Mapping[str, sa.ColumnElement[Any]] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> int:
    """Insert rows; where the primary key exists already, update. Of rows with the same key the last one counts.

    Args:
        rows: all with the keys of the first one, which are names of columns; other columns get their default.
        update: columns to set where the key exists; None for all given ones that are not part of the key.
        also: columns to set where the key exists, to what comes of the existing row (``table.c``).
        where: on the existing row (``table.c``), the condition under which it is updated at all.

    Returns:
        How many rows were inserted or updated.
    """
    key = [column.name for column in table.primary_key]
    distinct = list({tuple(row[name] for name in key): row for row in rows}.values())
    return upsert_columns(connection, table, _columns(distinct), update=update, also=also, where=where)


def upsert_columns(
    connection: sa.Connection,
    table: sa.Table,
    columns: Columns,
    *,
    update: Sequence[str] | None = None,
    also: Mapping[str, sa.ColumnElement[Any]] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> int:
    """As :func:`upsert`, for rows with distinct keys that are given as equally long columns."""
    key = [column.name for column in table.primary_key]
    if update is None:
        update = [name for name in columns if name not in key]
    statement = _insert(connection, table)
    if update:
        changes = {name: statement.excluded[name] for name in update} | dict(also or {})
        statement = statement.on_conflict_do_update(index_elements=key, set_=changes, where=where)
    else:
        statement = statement.on_conflict_do_nothing()
    return _execute(connection, statement, columns)


def update_columns(connection: sa.Connection, table: sa.Table, columns: Columns) -> int:
    """Update the rows whose primary keys are given, to the other values given: equally long columns.

    Returns:
        How many rows were updated.
    """
    key = [column.name for column in table.primary_key]
    changed = [name for name in columns if name not in key]
    if connection.dialect.name == "sqlite":
        # A column to set takes its plain name.
        named = {f"key_{name}" if name in key else name: name for name in columns}
        same = [table.c[name] == sa.bindparam(f"key_{name}") for name in key]
        by_row = sa.update(table).where(*same).values({name: sa.bindparam(name) for name in changed})
        compiled = by_row.compile(dialect=connection.dialect)
        order = [named[name] for name in compiled.positiontup or ()]
        return sum(
            connection.exec_driver_sql(
                compiled.string, list(zip(*(ready[name] for name in order), strict=True))
            ).rowcount
            for ready in _chunks(table, columns, zone=False)
        )
    return sum(
        connection.execute(_update_from_arrays(table, key, changed, ready)).rowcount
        for ready in _chunks(table, columns, zone=True)
    )


def insert_ignore(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Insert the rows that break no unique key and leave what is there as it is.

    Returns:
        How many rows were inserted.
    """
    return insert_columns(connection, table, _columns(rows), ignore=True)


def insert_columns(connection: sa.Connection, table: sa.Table, columns: Columns, *, ignore: bool = False) -> int:
    """Insert rows that are given as equally long columns. Returns how many were inserted.

    Args:
        ignore: leave out rows that break a unique key instead of failing.
    """
    statement = _insert(connection, table)
    return _execute(connection, statement.on_conflict_do_nothing() if ignore else statement, columns)


def one_of(connection: sa.Connection, column: sa.ColumnElement[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """The condition that a text column has one of many values, as one parameter however many there are."""
    values = [text_for_storage(value) for value in values]
    if connection.dialect.name == "sqlite":
        return column.in_(sa.select(sa.func.json_each(json.dumps(values)).table_valued("value").c.value))
    return column == sa.any_(_array(values, sa.Text()))


def serialise_writers(connection: sa.Connection, table: sa.Table) -> None:
    """Until the transaction ends, nobody else writes to ``table``; reading goes on. SQLite has one writer anyway.

    For what is decided from rows that were just read: two of those at once would overwrite each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE'))


def all_storable(texts: Iterable[str | None]) -> bool:
    """Whether every text can be stored as it is; much faster than cleaning each."""
    together = "".join([text for text in texts if text])
    return "\x00" not in together and text_for_storage(together) == together


class _AsIs(sa.types.UserDefinedType[Any]):
    """A parameter handed to the driver untouched."""

    cache_ok = True


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def _columns(rows: Sequence[Row]) -> Columns:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _execute(connection: sa.Connection, statement: Insert, columns: Columns) -> int:
    run, zone = (_on_sqlite, False) if connection.dialect.name == "sqlite" else (_on_postgresql, True)
    return sum(run(connection, statement, ready) for ready in _chunks(statement.table, columns, zone=zone))


def _chunks(table: sa.TableClause, columns: Columns, *, zone: bool) -> Iterator[dict[str, list[Any]]]:
    count = len(next(iter(columns.values()), ()))
    kinds = {name: table.c[name].type for name in columns}
    for at in range(0, count, CHUNK_ROWS):
        yield {name: _ready(kinds[name], values[at : at + CHUNK_ROWS], zone=zone) for name, values in columns.items()}


def _on_sqlite(connection: sa.Connection, statement: Insert, columns: Columns) -> int:
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    # Parameters that are no columns are constants of the statement's own conditions.
    parameters = [
        columns[name] if name in columns else repeat(_constant(compiled.binds[name], connection.dialect))
        for name in compiled.positiontup or ()
    ]
    return connection.exec_driver_sql(compiled.string, list(zip(*parameters, strict=False))).rowcount


def _constant(parameter: sa.BindParameter[Any], dialect: sa.Dialect) -> Any:
    process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return process(parameter.value) if process else parameter.value


def _on_postgresql(connection: sa.Connection, statement: Insert, columns: Columns) -> int:
    arrays = [sa.func.unnest(_array(values, statement.table.c[name].type)) for name, values in columns.items()]
    from_arrays = statement.from_select(list(columns), sa.select(*arrays), include_defaults=False)
    return connection.execute(from_arrays).rowcount


def _update_from_arrays(table: sa.Table, key: Sequence[str], changed: Sequence[str], columns: Columns) -> sa.Update:
    arrays = [
        sa.func.unnest(_array(values, table.c[name].type), type_=table.c[name].type).label(name)
        for name, values in columns.items()
    ]
    given = sa.select(*arrays).subquery("given")
    return (
        sa.update(table)
        .where(*(table.c[name] == given.c[name] for name in key))
        .values({name: given.c[name] for name in changed})
    )


def _array(values: Sequence[Any], kind: sa.types.TypeEngine[Any]) -> sa.Cast[Any]:
    """An array in PostgreSQL's text form, which the server reads several times faster than ``ARRAY[...]``."""
    text = "{" + ",".join(map(_array_element, values)) + "}"
    return sa.cast(sa.bindparam(None, text, _AsIs()), postgresql.ARRAY(kind))


def _array_element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else str(value)


def _ready(kind: sa.types.TypeEngine[Any], values: Sequence[Any], *, zone: bool) -> list[Any]:
    """A column's values as both drivers take them: built-in types, text without what cannot be stored."""
    if isinstance(kind, UtcDateTime):
        return _ready_times(values, zone=zone)
    if isinstance(kind, sa.JSON):
        return [None if value is None else json.dumps(value) for value in values]
    if isinstance(kind, sa.String) or isinstance(getattr(kind, "impl", None), sa.String):
        return _ready_texts(values)
    for types, make in ((sa.Boolean, bool), (sa.Integer, int), (sa.Float, float)):
        if isinstance(kind, types):
            # NaN, pandas' word for nothing, is NULL everywhere: SQLite would make it so, PostgreSQL would not.
            plain = {make, type(None)} - {float}
            return list(values) if set(map(type, values)) <= plain else [_plain(make, value) for value in values]
    return list(values)


def _plain(make: type, value: Any) -> Any:
    return None if value is None or value != value else make(value)


def _ready_texts(values: Sequence[Any]) -> list[Any]:
    return list(values) if all_storable(values) else [value and text_for_storage(value) for value in values]


def _ready_times(values: Sequence[datetime | None], *, zone: bool) -> list[str | None]:
    """ISO text in UTC, which SQLite stores without a zone (see ``tables``) and PostgreSQL reads with one."""
    texts = [None if value is None else _utc_text(value) for value in values]
    return texts if zone else [text and text[:-6] for text in texts]


@lru_cache(maxsize=20_000)
def _utc_text(value: datetime) -> str:
    """Cached, because most columns of times hold few different ones, and a tweet's are written to two tables."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(UTC).isoformat(" ", "microseconds")
