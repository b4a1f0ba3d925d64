"""SQLite files with all tables, made by the migrations once for each process of the suite."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from viral_assets.store.engine import Database


def make_tables(path: Path) -> None:
    """Give a file that is not there yet all tables, without a row in them."""
    path.write_bytes(_migrated())


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
