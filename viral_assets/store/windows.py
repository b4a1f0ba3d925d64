"""Tables that are replaced hour by hour: scores, opportunities, and whatever else has a ``window_start``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import insert_columns, serialise_writers
from viral_assets.store.conditions import FoundByHour, within
from viral_assets.store.forgotten import forgotten_tweets
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
        rows: columns of the table, others are left out. May be empty. Tweets that are to be forgotten are passed over.
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
    old = sa.delete(table).where(*within(table, window))
    connection.execute(old if projects is None else old.where(FoundByHour(table.c.project).in_(projects)))
    if "tweet_id" in table.c and len(rows) and (forgotten := forgotten_tweets(connection, rows["tweet_id"])):
        rows = rows[~rows["tweet_id"].isin(forgotten)]
    columns = {name: _values(rows[name]) for name in table.c.keys() if name in rows.columns}  # noqa: SIM118
    return insert_columns(connection, table, columns)


def read_window(
    connection: sa.Connection,
    table: sa.Table,
    window: HourRange,
    *,
    project: str | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """What ``table`` holds for ``window``, ordered by hour and then by key (dtypes: see ``frames``).

    Args:
        project: only its own rows; None for all.
        columns: only these; None for all.
    """
    selected = table.c if columns is None else [table.c[name] for name in columns]
    query = sa.select(*selected).where(*within(table, window, project))
    return read_frame(connection, query.order_by(table.c.window_start, *table.primary_key))


def read_window_as_stored(connection: sa.Connection, table: sa.Table, window: HourRange) -> pd.DataFrame:
    """All columns with the values as the database gives them: a frame with declared types could not hold what is
    wrong."""
    untyped: list[Any] = [sa.type_coerce(column, sa.types.NULLTYPE).label(column.name) for column in table.c]
    return read_frame(connection, sa.select(*untyped).where(*within(table, window)))


def _values(column: pd.Series[Any]) -> list[Any]:
    """Built-in types, None for every kind of nothing pandas knows."""
    values: list[Any] = column.tolist()
    if column.hasnans:
        absent = column.isna().tolist()
        return [None if gone else value for value, gone in zip(values, absent, strict=True)]
    return values
