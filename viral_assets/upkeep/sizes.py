"""How large the tables are, what they hold, and by how much they grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import metadata, tweets

DAYS_OF_GROWTH = 7


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its indexes; the size is None where the database does not tell."""

    name: str
    rows: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class DatabaseSizes:
    """The whole database.

    Args:
        tables: the largest first.
        total_bytes: of the file, or of PostgreSQL's database.
        first_hour, last_hour: of stored tweets; None where there are none.
        tweets_a_day: over the last :data:`DAYS_OF_GROWTH` days.
    """

    tables: tuple[TableSize, ...]
    total_bytes: int
    first_hour: datetime | None
    last_hour: datetime | None
    tweets_a_day: float

    @property
    def bytes_a_day(self) -> float | None:
        """What comes in, if a tweet goes on to take what it took until now with all that belongs to it; None where
        there is no tweet to tell by.
        """
        stored = next(table.rows for table in self.tables if table.name == tweets.name)
        return self.total_bytes / stored * self.tweets_a_day if stored else None


def sizes(database: Database, now: datetime) -> DatabaseSizes:
    """Look at all tables. Reads the whole file of SQLite, seconds a gigabyte.

    Raises:
        DatabaseUnavailableError: it does not answer.
    """
    with database.read() as connection:
        taken = _bytes_by_table(connection)
        tables = [
            TableSize(
                table.name,
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0,
                None if taken is None else taken.get(table.name, 0),
            )
            for table in metadata.sorted_tables
        ]
        hour = tweets.c.window_start
        first, last = connection.execute(sa.select(sa.func.min(hour), sa.func.max(hour))).one()
        lately = sa.select(sa.func.count()).where(hour >= now - timedelta(days=DAYS_OF_GROWTH), hour < now)
        recent = connection.scalar(lately) or 0
        total = _total_bytes(connection, database)
    return DatabaseSizes(
        tuple(sorted(tables, key=lambda table: (-(table.bytes or 0), -table.rows, table.name))),
        total,
        first,
        last,
        recent / DAYS_OF_GROWTH,
    )


def _total_bytes(connection: sa.Connection, database: Database) -> int:
    if database.dialect == "postgresql":
        return int(connection.scalar(sa.select(sa.func.pg_database_size(sa.func.current_database()))) or 0)
    file = Path(database.url.database or "")
    return sum(part.stat().st_size for part in (file, file.with_name(f"{file.name}-wal")) if part.is_file())


def _bytes_by_table(connection: sa.Connection) -> Mapping[str, int] | None:
    """With the indexes of each; None where SQLite was built without the table that tells."""
    if connection.dialect.name == "postgresql":
        size = sa.func.pg_total_relation_size(sa.func.quote_ident(sa.bindparam("name")))
        return {
            table.name: int(connection.scalar(sa.select(size), {"name": table.name}) or 0)
            for table in metadata.sorted_tables
        }
    known = connection.scalar(sa.text("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'"))
    if not known:
        return None
    query = sa.text(
        "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) WHERE aggregate = TRUE "
        "GROUP BY tbl_name"
    )
    return {name: int(size) for name, size in connection.execute(query)}
