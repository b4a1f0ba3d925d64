"""Rows that a statement is given, as a table to join with: one parameter, however many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa


def given_rows(connection: sa.Connection, like: sa.Table, rows: Sequence[Mapping[str, Any]]) -> sa.Subquery:
    """The rows as a table.

    Args:
        like: a table with columns of these names, whose types are theirs: texts that a database can hold, and whole
            numbers.
        rows: at least one, all with the same names.
    """
    columns = [sa.column(name, like.c[name].type) for name in rows[0]]
    text = sa.literal(json.dumps(list(rows)), sa.Text())
    if connection.dialect.name == "postgresql":
        records = sa.func.json_to_recordset(sa.cast(text, sa.JSON))
        return sa.select(records.table_valued(*columns, name="record").render_derived(with_types=True)).subquery(
            "given"
        )
    row = sa.func.json_each(text).table_valued("value").c.value
    found = [sa.func.json_extract(row, f"$.{each.name}", type_=each.type).label(each.name) for each in columns]
    return sa.select(*found).subquery("given")
