"""SQL statements are compiled once for all the databases that tests make, and not once for each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

MOST_STATEMENTS = 3000
"""More than this project and Dagster have together."""


def compile_statements_once() -> None:
    """Have all engines share what they have compiled, which SQLAlchemy keeps for each of them alone.

    A test has a database of its own and asks it each statement once or twice: to compile them takes a tenth of the time
    of such tests. What a statement becomes depends on its dialect, of which each engine has another object: here they
    are equal where they are of one kind and have found the same server.
    """
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg2):
        kind.__eq__ = _is_alike  # type: ignore[method-assign]
        kind.__hash__ = _hash  # type: ignore[assignment]
    sa.Engine._compiled_cache = _Shared()  # type: ignore[assignment]


class _Shared:
    """The attribute in which an engine keeps what it has compiled, if it does: here they all have the same."""

    def __init__(self) -> None:
        self._compiled: LRUCache[Any, Any] = LRUCache(MOST_STATEMENTS)

    def __get__(self, engine: sa.Engine, _kind: type) -> LRUCache[Any, Any] | None:
        return self._compiled if engine.__dict__["_compiled_cache"] is not None else None

    def __set__(self, engine: sa.Engine, own: LRUCache[Any, Any] | None) -> None:
        engine.__dict__["_compiled_cache"] = own


def _hash(dialect: Any) -> int:
    return hash((type(dialect), dialect.server_version_info))


def _is_alike(dialect: Any, other: Any) -> bool:
    return type(dialect) is type(other) and _settings(dialect) == _settings(other)


def _settings(dialect: Any) -> tuple[object, ...]:
    """Of those that tests differ in, what has a say in how a statement is written or its values are read."""
    return dialect.server_version_info, dialect._json_serializer, dialect._json_deserializer, dialect.paramstyle
