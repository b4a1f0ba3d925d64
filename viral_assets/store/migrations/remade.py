"""What SQLite cannot alter: a table is made anew, as it is by then but for one change of its description."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from alembic import op


def change_check(name: str, table: str, old: str, new: str, values: Mapping[str, str] | None = None) -> None:
    """Let rows have other values.

    Args:
        name: of the constraint.
        old: what it demands, word for word.
        new: what it is to demand.
        values: expressions for columns whose rows on SQLite change on the way.

    Raises:
        RuntimeError: the table is not described as expected.
    """

    def changed(definition: str) -> str:
        if old not in definition:
            raise RuntimeError(f"the constraint {name} is not described as expected: {definition}")
        return definition.replace(old, new)

    if op.get_bind().dialect.name == "sqlite":
        make_anew(table, changed, values)
        return
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, new)


def make_anew(table: str, changed: Callable[[str], str], values: Mapping[str, str] | None = None) -> None:
    """Make a table of SQLite anew, with its rows, indexes and triggers.

    Args:
        changed: from the statement that made the table to the one that makes it now.
        values: expressions for columns whose rows change on the way.
    """
    connection, expressions = op.get_bind(), values or {}
    described = sa.text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    parts = connection.execute(described, {"table": table}).all()
    (definition,) = (part.sql for part in parts if part.type == "table")
    making, others = changed(definition), [part for part in parts if part.type != "table"]
    for each in others:
        op.execute(f"DROP {each.type} {each.name}")
    before = f"{table}_before"
    op.rename_table(table, before)
    connection.exec_driver_sql(making)
    columns = [column["name"] for column in sa.inspect(connection).get_columns(before)]
    names = ", ".join(f'"{column}"' for column in columns)
    moved = ", ".join(expressions.get(column, f'"{column}"') for column in columns)
    op.execute(f"INSERT INTO {table} ({names}) SELECT {moved} FROM {before}")
    op.drop_table(before)
    for each in others:
        connection.exec_driver_sql(each.sql)
