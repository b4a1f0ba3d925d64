"""Rows that go, or that would: counted and deleted by the same conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from viral_assets.store.bulk import one_of

_AT_ONCE = 5_000


def take_out(
    connection: sa.Connection, table: sa.Table, conditions: Sequence[sa.ColumnElement[bool]], *, dry_run: bool
) -> int:
    """How many rows meet the conditions; they are gone then, but for a dry run."""
    if dry_run:
        return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0
    return connection.execute(sa.delete(table).where(*conditions)).rowcount


def take_out_of(
    connection: sa.Connection,
    table: sa.Table,
    column: sa.ColumnElement[str],
    values: Sequence[str],
    *also: sa.ColumnElement[bool],
    dry_run: bool,
) -> int:
    """The same for rows whose column has one of many values, and that meet the other conditions."""
    return sum(
        take_out(connection, table, [condition, *also], dry_run=dry_run)
        for condition in in_parts(connection, column, values)
    )


def in_parts(
    connection: sa.Connection, column: sa.ColumnElement[str], values: Sequence[str]
) -> Iterator[sa.ColumnElement[bool]]:
    """The condition that a column has one of many values, for some thousands of them at a time."""
    for at in range(0, len(values), _AT_ONCE):
        yield one_of(connection, column, values[at : at + _AT_ONCE])
