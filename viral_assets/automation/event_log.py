"""Making Dagster's event log on SQLite fast enough for runs over many hours. Runs, and what they log, are elsewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage

INDEX = "index"
"""The file that has the events of all runs by asset."""


@contextmanager
def kept_open(instance: dg.DagsterInstance, file: str) -> Iterator[None]:
    """Hold one connection to a file of the event log: :data:`INDEX`, or that of a run, by its id.

    Dagster opens and closes a connection for each event, and a run over a day has hundreds. Whenever the last
    connection closes, SQLite moves its write-ahead log into the file and waits for the disk several times; with another
    one open, an event takes less than half as long. On other storages this does nothing.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        yield
        return
    with closing(sqlite3.connect(storage.path_for_shard(file), isolation_level=None)) as connection:
        # A connection that has read nothing does not count as one.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield
