"""Rows that a statement is given, as a table to join with: one parameter, however many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def given_rows(
    connection: sa.Connection, like: sa.Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> sa.Subquery:
    """The rows as a table.

    Args:
        like: a table with columns of these names, whose types are theirs: texts that a database can hold, and whole
            numbers.
        rows: of each, the values in the order of the names.
    """
    text = sa.literal(json.dumps(rows), sa.Text())
    kinds = {name: like.c[name].type for name in names}
    if connection.dialect.name == "postgresql":
        row = sa.func.json_array_elements(sa.cast(text, sa.JSON)).table_valued("value").c.value
        found = [sa.cast(row.op("->>")(at), kind).label(name) for at, (name, kind) in enumerate(kinds.items())]
    else:
        row = sa.func.json_each(text).table_valued("value").c.value
        found = [
            sa.func.json_extract(row, f"$[{at}]", type_=kind).label(name)
            for at, (name, kind) in enumerate(kinds.items())
        ]
    return sa.select(*found).subquery("given")
