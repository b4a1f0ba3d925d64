"""Statements that run for every request: built and compiled once for each database, then handed to the driver.

Building and compiling a statement takes ten times as long as SQLite takes to execute it for a few rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import distinct, upserting
from viral_assets.store.driver_values import Row, array_text, chunks, columns_of, constant


class Prepared:
    """A statement with parameters (``sa.bindparam``), for values as the driver takes them.

    Args:
        build: makes it for a dialect, by its name.
    """

    def __init__(self, build: Callable[[str], sa.ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}
        self._lock = threading.Lock()

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
        compiled = self.compiled(connection.dialect)
        return connection.exec_driver_sql(compiled.text, compiled.parameters(values))

    def compiled(self, dialect: sa.Dialect) -> _Compiled:
        """What the driver gets."""
        key = f"{dialect.name}+{dialect.driver}"
        if key not in self._compiled:
            with self._lock:
                self._compiled[key] = _Compiled(self._build(dialect.name), dialect)
        return self._compiled[key]


class PreparedUpsert:
    """As :func:`~viral_assets.store.bulk.upsert`, for rows that always have the same columns.

    Args:
        columns: names, each row's keys.
    """

    def __init__(
        self,
        table: sa.Table,
        columns: Sequence[str],
        *,
        update: Sequence[str],
        also: Mapping[str, sa.ColumnElement[Any]] | None = None,
        where: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self._table, self._columns, self._update = table, columns, update
        self._also, self._where = also, where
        self._statement = Prepared(self._build)

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> int:
        """Insert or update; of rows with the same key the last one counts.

        Returns:
            How many rows were inserted or updated.
        """
        compiled = self._statement.compiled(connection.dialect)
        on_sqlite = connection.dialect.name == "sqlite"
        saved = 0
        for columns in chunks(self._table, columns_of(distinct(self._table, rows)), zone=not on_sqlite):
            parameters: Any = (
                compiled.many(columns)
                if on_sqlite
                else compiled.parameters({name: array_text(values) for name, values in columns.items()})
            )
            saved += connection.exec_driver_sql(compiled.text, parameters).rowcount
        return saved

    def _build(self, dialect: str) -> sa.ClauseElement:
        statement = upserting(dialect, self._table, update=self._update, also=self._also, where=self._where)
        if dialect == "sqlite":
            return statement.values({name: sa.bindparam(name) for name in self._columns})  # type: ignore[no-any-return]
        arrays = [
            sa.func.unnest(sa.cast(sa.bindparam(name, type_=sa.Text()), sa.ARRAY(self._table.c[name].type)))
            for name in self._columns
        ]
        return statement.from_select(  # type: ignore[no-any-return]
            list(self._columns), sa.select(*arrays), include_defaults=False
        )


class _Compiled:
    """The text, and the values that are part of the statement."""

    def __init__(self, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.text: str = compiled.string
        self._order: list[str] | None = compiled.positiontup
        # A name of SQLAlchemy 2.0 may hold a dot (of ``excluded.outcome``), which it does not write into every text.
        written: Mapping[str, str] = compiled.escaped_bind_names
        self._constants = {
            name_in_text: constant(parameter, dialect)
            for name, parameter in compiled.binds.items()
            if parameter.value is not None or parameter.callable
            for name_in_text in {name, written.get(name, name)}
        }

    def parameters(self, values: Mapping[str, Any]) -> Any:
        together = {**self._constants, **values}
        return together if self._order is None else tuple(together[name] for name in self._order)

    def many(self, columns: Mapping[str, Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Of equally long columns, a tuple a row."""
        parts = (columns[name] if name in columns else repeat(self._constants[name]) for name in self._order or ())
        return list(zip(*parts, strict=False))
