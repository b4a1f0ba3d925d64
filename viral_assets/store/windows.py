"""Tables that are replaced hour by hour: scores, opportunities, and whatever else has a ``window_start``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import insert_columns, serialise_writers
from viral_assets.store.frames import read_frame


def replace_window(
    connection: sa.Connection,
    table: sa.Table,
    window: HourRange,
    rows: pd.DataFrame,
    *,
    projects: Sequence[str] | None = None,
) -> int:
    """Put ``rows`` in the place of everything ``table`` holds for ``window``, in the transaction of ``connection``.

    Args:
        rows: columns of the table, others are left out. May be empty.
        projects: replace only what belongs to these; None for all.

    Returns:
        How many rows there are now.

    Raises:
        ValueError: a row lies outside ``window``, or belongs to a project that is not replaced: it would stay behind
            when the window is replaced again.
    """
    if len(rows):
        hours = rows["window_start"]
        if hours.min() < window.start or hours.max() >= window.end:
            raise ValueError(f"rows of {hours.min()} to {hours.max()} do not belong to {window.start} to {window.end}")
        if projects is not None and (strange := set(rows["project"]) - set(projects)):
            raise ValueError(f"rows of {sorted(strange)} do not belong to {sorted(projects)}")
    # On PostgreSQL, two that replace one window at once would each miss the other's rows and then collide.
    serialise_writers(connection, table)
    old = sa.delete(table).where(*_within(table, window))
    connection.execute(old if projects is None else old.where(table.c.project.in_(projects)))
    columns = {name: _values(rows[name]) for name in table.c.keys() if name in rows.columns}  # noqa: SIM118
    return insert_columns(connection, table, columns)


def read_window(
    connection: sa.Connection, table: sa.Table, window: HourRange, *, project: str | None = None
) -> pd.DataFrame:
    """What ``table`` holds for ``window``, all columns, ordered by hour and then by key (dtypes: see ``frames``)."""
    query = sa.select(table).where(*_within(table, window))
    if project is not None:
        query = query.where(table.c.project == project)
    return read_frame(connection, query.order_by(table.c.window_start, *table.primary_key))


def counts_by_hour(connection: sa.Connection, table: sa.Table, window: HourRange) -> dict[datetime, int]:
    """How many rows ``table`` holds for each hour of ``window``, in order; 0 for an hour without any."""
    query = sa.select(table.c.window_start, sa.func.count()).where(*_within(table, window)).group_by("window_start")
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {hour: found.get(hour, 0) for hour in window}


def _within(table: sa.Table, window: HourRange) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.window_start >= window.start, table.c.window_start < window.end


def _values(column: pd.Series[Any]) -> list[Any]:
    """Built-in types, None for every kind of nothing pandas knows."""
    values: list[Any] = column.tolist()
    if column.hasnans:
        absent = column.isna().tolist()
        return [None if gone else value for value, gone in zip(values, absent, strict=True)]
    return values
