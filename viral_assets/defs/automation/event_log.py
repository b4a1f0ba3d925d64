"""Dagster's event log: fast enough on SQLite for runs over many hours, and what goes wrong with it told in one line.
Runs, and what they log, are elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import sqlalchemy as sa

from viral_assets.defs.dagster_internals import (
    SqliteEventLogStorage,
    connecting_instead,
    connecting_lock,
    replace_connecting,
)
from viral_assets.errors import DatabaseUnavailableError

INDEX = "index"
"""The file that has the events of all runs by asset."""

BUSY_TIMEOUT_SECONDS = 30
"""How long a writer waits for another one, as in Dagster itself."""


@contextmanager
def kept_open(instance: dg.DagsterInstance, file: str) -> Iterator[None]:
    """Keep connections to a file of the event log: :data:`INDEX`, or that of a run, by its id.

    For each event Dagster makes several engines, which compile the same statements anew, and opens and closes several
    connections; whenever the last one closes, SQLite moves its write-ahead log into the file and waits for the disk.
    A run over a day has hundreds of events. With one engine that keeps its connections, an event takes less than half
    as long. On other storages this does nothing. Inside another one for the same file it does nothing either.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        yield
        return
    connections = _OpenFiles.of(storage)
    if file in connections.engines:
        yield
        return
    with connections.kept_open(file):
        yield


@contextmanager
def explained(instance: dg.DagsterInstance) -> Iterator[None]:
    """What keeps Dagster from writing down what it does, as one line.

    Raises:
        DatabaseUnavailableError: its disk is full, or its database has gone.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
        where = getattr(instance, "root_directory", "DAGSTER_HOME")
        raise DatabaseUnavailableError(
            f"Dagster's own tables, see {where}: {said}; what was saved is kept: "
            "free some space or start their database, and run it again"
        ) from error


class _OpenFiles:
    """Connects in place of a storage: through the engine of a file that is kept open, else as the storage
    does.
    """

    def __init__(self, storage: SqliteEventLogStorage) -> None:
        self._storage = storage
        self._lock = connecting_lock(storage)
        self._tables: set[str] = set()
        self.engines: dict[str, sa.Engine] = {}
        self._own_connect, self._own_has_table = replace_connecting(
            storage, connect=self.connect, has_table=self.has_table
        )

    @classmethod
    def of(cls, storage: SqliteEventLogStorage) -> _OpenFiles:
        """The one of the storage, which it gets when it is asked for first."""
        present = connecting_instead(storage)
        return present if isinstance(present, cls) else cls(storage)

    @contextmanager
    def kept_open(self, file: str) -> Iterator[None]:
        with self._own_connect(file):
            # Creates the file and its tables, where they are not there yet.
            pass
        engine = sa.create_engine(
            self._storage.conn_string_for_shard(file),
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", _prepare)
        self.engines[file] = engine
        try:
            with engine.connect() as connection:
                # A connection that has read nothing does not keep the write-ahead log from being moved.
                connection.execute(sa.text("SELECT count(*) FROM sqlite_master")).all()
            yield
        finally:
            del self.engines[file]
            engine.dispose()

    @contextmanager
    def connect(self, shard: str) -> Iterator[sa.Connection]:
        """A transaction, as the storage makes it."""
        engine = self.engines.get(shard)
        if engine is None:
            with self._own_connect(shard) as connection:
                yield connection
            return
        with self._lock, engine.begin() as connection:
            yield connection

    def has_table(self, name: str) -> bool:
        """What the storage says, asked until it is there: it asks before each check that it writes down."""
        if name not in self._tables and self._own_has_table(name):
            self._tables.add(name)
        return name in self._tables


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # With a write-ahead log, what is committed outlives the process without waiting for the disk each time.
    connection.execute("PRAGMA synchronous = NORMAL")
