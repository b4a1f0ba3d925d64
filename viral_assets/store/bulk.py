"""Many rows at once, fast and alike on both databases. Which rows, and why, is decided elsewhere.

Rows are turned into columns first and made ready for the driver a column at a time, which is several times faster
than one value at a time. SQLite then gets ``executemany``, PostgreSQL one array a column (``SELECT unnest(...)``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.dml import Insert

from viral_assets.store.driver_values import (
    Columns,
    Row,
    all_storable,
    array_text,
    chunks,
    columns_of,
    constant,
)
from viral_assets.text.cleaning import text_for_storage

VALUES_AT_ONCE = 5_000
"""Of a column that :func:`in_parts` asks for."""


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
    columns = columns_of(distinct(table, rows))
    return upsert_columns(connection, table, columns, update=update, also=also, where=where)


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
    if update is None:
        key = [column.name for column in table.primary_key]
        update = [name for name in columns if name not in key]
    if update:
        statement = upserting(connection.dialect.name, table, update=update, also=also, where=where)
    else:
        statement = inserting(connection.dialect.name, table).on_conflict_do_nothing()
    return _execute(connection, statement, columns)


def distinct(table: sa.Table, rows: Sequence[Row]) -> list[Row]:
    """The last one of the rows with each key."""
    key = itemgetter(*[column.name for column in table.primary_key])
    return list({key(row): row for row in rows}.values())


def inserting(dialect: str, table: sa.Table) -> Any:
    """The insertion into a table that can say what becomes of rows whose keys exist."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def upserting(
    dialect: str,
    table: sa.Table,
    *,
    update: Sequence[str],
    also: Mapping[str, sa.ColumnElement[Any]] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> Any:
    """The statement of :func:`upsert`, without its values."""
    statement = inserting(dialect, table)
    changes = {name: statement.excluded[name] for name in update} | dict(also or {})
    key = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(index_elements=key, set_=changes, where=where)


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
            for ready in chunks(table, columns, zone=False)
        )
    return sum(
        connection.execute(_update_from_arrays(table, key, changed, ready)).rowcount
        for ready in chunks(table, columns, zone=True)
    )


def insert_ignore(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Insert the rows that break no unique key and leave what is there as it is.

    Returns:
        How many rows were inserted.
    """
    return insert_columns(connection, table, columns_of(rows), ignore=True)


def insert_columns(connection: sa.Connection, table: sa.Table, columns: Columns, *, ignore: bool = False) -> int:
    """Insert rows that are given as equally long columns. Returns how many were inserted.

    Args:
        ignore: leave out rows that break a unique key instead of failing.
    """
    statement = inserting(connection.dialect.name, table)
    return _execute(connection, statement.on_conflict_do_nothing() if ignore else statement, columns)


def one_of(connection: sa.Connection, column: sa.ColumnElement[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """The condition that a text column has one of many values, as one parameter however many there are."""
    dialect = connection.dialect.name
    return _is_one_of(dialect, column, sa.bindparam(None, list_parameter(dialect, values), _AsIs()))


def in_parts(
    connection: sa.Connection, column: sa.ColumnElement[str], values: Sequence[str]
) -> Iterator[sa.ColumnElement[bool]]:
    """The condition that a text column has one of many values, for some thousands of them at a time."""
    for at in range(0, len(values), VALUES_AT_ONCE):
        yield one_of(connection, column, values[at : at + VALUES_AT_ONCE])


def values_of(
    connection: sa.Connection, column: sa.ColumnElement[str], *conditions: sa.ColumnElement[bool]
) -> Iterator[str]:
    """The different values of an indexed text column, but the empty one, in order: each is looked up in the index, and
    nothing between them is read."""
    query = sa.select(sa.func.min(column)).where(*conditions, column > sa.bindparam("last"))
    last = ""
    while (found := connection.scalar(query, {"last": last})) is not None:
        yield found
        last = found


def one_of_parameter(dialect: str, column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """As :func:`one_of`, with the values as a parameter by name: what :func:`list_parameter` makes of them."""
    return _is_one_of(dialect, column, sa.bindparam(name, type_=sa.Text()))


def list_parameter(dialect: str, values: Sequence[str]) -> str:
    """Many texts as one value for the driver."""
    if not all_storable(values):
        values = [text_for_storage(value) for value in values]
    return json.dumps(values) if dialect == "sqlite" else array_text(values)


def serialise_writers(connection: sa.Connection, table: sa.Table) -> None:
    """Until the transaction ends, nobody else writes to ``table``; reading goes on. SQLite has one writer anyway.

    For what is decided from rows that were just read: two of those at once would overwrite each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE'))


class _AsIs(sa.types.UserDefinedType[Any]):
    """A parameter handed to the driver untouched."""

    cache_ok = True


def _is_one_of(dialect: str, column: sa.ColumnElement[str], texts: sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    if dialect == "sqlite":
        return column.in_(sa.select(sa.func.json_each(texts).table_valued("value").c.value))
    return column == sa.any_(sa.cast(texts, sa.ARRAY(sa.Text())))


def _execute(connection: sa.Connection, statement: Insert, columns: Columns) -> int:
    run, zone = (_on_sqlite, False) if connection.dialect.name == "sqlite" else (_on_postgresql, True)
    return sum(run(connection, statement, ready) for ready in chunks(statement.table, columns, zone=zone))


def _on_sqlite(connection: sa.Connection, statement: Insert, columns: Columns) -> int:
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    # Parameters that are no columns are constants of the statement's own conditions.
    parameters = [
        columns[name] if name in columns else repeat(constant(compiled.binds[name], connection.dialect))
        for name in compiled.positiontup or ()
    ]
    return connection.exec_driver_sql(compiled.string, list(zip(*parameters, strict=False))).rowcount


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
    return sa.cast(sa.bindparam(None, array_text(values), _AsIs()), sa.ARRAY(kind))
