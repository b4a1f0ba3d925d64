"""Rows that go, or that would: counted and deleted by the same conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from viral_assets.store.bulk import in_parts
from viral_assets.upkeep.archive import Sink


@dataclass(frozen=True, slots=True)
class RowRemoval:
    """A transaction in which rows go: only counted in a dry run, and had by the sink where there is one."""

    connection: sa.Connection
    dry_run: bool
    sink: Sink | None

    def take_out(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        """See :func:`take_out`."""
        return take_out(self.connection, table, conditions, dry_run=self.dry_run, sink=self.sink)

    def take_out_of(
        self, table: sa.Table, column: sa.ColumnElement[str], values: Sequence[str], *also: sa.ColumnElement[bool]
    ) -> int:
        """See :func:`take_out_of`."""
        return take_out_of(self.connection, table, column, values, *also, dry_run=self.dry_run, sink=self.sink)


def take_out(
    connection: sa.Connection,
    table: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    *,
    dry_run: bool,
    sink: Sink | None = None,
) -> int:
    """How many rows meet the conditions; they are gone then, but for a dry run, and the sink has them."""
    if dry_run:
        return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0
    gone = sa.delete(table).where(*conditions)
    if sink is None:
        return connection.execute(gone).rowcount
    rows = connection.execute(gone.returning(table)).all()
    sink(table, rows)
    return len(rows)


def take_out_of(
    connection: sa.Connection,
    table: sa.Table,
    column: sa.ColumnElement[str],
    values: Sequence[str],
    *also: sa.ColumnElement[bool],
    dry_run: bool,
    sink: Sink | None = None,
) -> int:
    """The same for rows whose column has one of many values, and that meet the other conditions."""
    return sum(
        take_out(connection, table, [condition, *also], dry_run=dry_run, sink=sink)
        for condition in in_parts(connection, column, values)
    )
