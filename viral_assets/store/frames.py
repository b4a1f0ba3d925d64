"""Query results as DataFrames with a declared type for every column, whatever the database and the pandas version.

| column type | dtype |
|---|---|
| text | object, None where absent |
| time | datetime64[us, UTC], NaT where absent |
| integer | int64; Int64 when the column may be absent |
| float | float64, NaN where absent |
| boolean | bool |
| anything else | object |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from viral_assets.store.tables import UtcDateTime

_FETCH_ROWS = 10_000


def read_frame(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    """Run ``query``, whose columns are those of tables or labelled expressions with a type."""
    columns = list(query.selected_columns)
    if connection.dialect.name == "sqlite":
        # A time stays the text it is stored as: numpy reads a column of them many times faster than the driver.
        query = query.with_only_columns(
            *(sa.type_coerce(c, sa.Text).label(c.name) if isinstance(c.type, UtcDateTime) else c for c in columns),
            maintain_column_froms=True,
        )
    values: list[list[Any]] = [[] for _ in columns]
    # Rows are bigger than the columns made of them: never hold all of them at once.
    for rows in connection.execute(query).partitions(_FETCH_ROWS):
        for column, part in zip(values, zip(*rows, strict=True), strict=True):
            column.extend(part)
    return pd.DataFrame({c.name: _series(c, v) for c, v in zip(columns, values, strict=True)})


def _series(column: sa.ColumnElement[Any], values: Sequence[Any]) -> pd.Series[Any] | pd.DatetimeIndex:
    kind = column.type
    if isinstance(kind, UtcDateTime):
        if any(isinstance(value, datetime) for value in values):
            return pd.DatetimeIndex(pd.to_datetime(values, utc=True)).as_unit("us")
        return pd.DatetimeIndex(np.array(values, dtype="datetime64[us]")).tz_localize("UTC")
    if isinstance(kind, sa.Boolean):
        return pd.Series(values, dtype=bool)
    if isinstance(kind, sa.Integer):
        named = column.element if isinstance(column, sa.Label) else column
        return pd.Series(values, dtype="Int64" if getattr(named, "nullable", False) else "int64")
    if isinstance(kind, sa.Float):
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype=object)
