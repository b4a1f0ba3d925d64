"""What takes long to make in a database, made once: all tables, by the migrations, and the rows that many tests begin
with.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import hour_changes, metadata

Rows = Mapping[sa.Table, list[dict[str, Any]]]


def make_tables(path: Path) -> None:
    """Give a file that is not there yet all tables, without a row in them."""
    path.write_bytes(_migrated())


def rows_made_by(make: Callable[[Database], None]) -> Rows:
    """What it writes into tables that are empty before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "viral_assets.db"
        make_tables(path)
        database = Database(f"sqlite:///{path}")
        before = _rows_of(database)
        make(database)
        # The database notes by itself which hours the rows are of, wherever they are put.
        left_out = {*before, hour_changes}
        rows = {table: found for table, found in _rows_of(database).items() if table not in left_out}
        database.dispose()
    return rows


def put_rows(database: Database, rows: Rows) -> None:
    """Write what :func:`rows_made_by` gave."""
    with database.begin() as connection:
        for table, found in rows.items():
            connection.execute(sa.insert(table), found)


def _rows_of(database: Database) -> Rows:
    with database.read() as connection:
        found = {table: connection.execute(sa.select(table)).mappings().all() for table in metadata.sorted_tables}
    return {table: [dict(row) for row in rows] for table, rows in found.items() if rows}


@cache
def _migrated() -> bytes:
    """What such a file holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "viral_assets.db"
        database = Database(f"sqlite:///{path}")
        database.upgrade()
        database.dispose()
        # What is still in its write-ahead log belongs to it.
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()
