"""Connections and transactions on a SQLite file.

A transaction begins where SQLAlchemy begins it, as what :data:`PURPOSE` says it is: one that reads cannot write, and
one that writes has the file's write lock from its start, so that no other writer can make it fail half-way.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from viral_assets.errors import DatabaseUnavailableError

PURPOSE = "viral_assets_purpose"
"""An execution option: ``read`` or ``write``."""

_WRITES_AHEAD = "viral_assets_writes_ahead"

_LOCK_CHECK_SECONDS = 0.25
"""How often a writer that waits for another one looks whether it still may."""


def create_sqlite_engine(url: sa.URL, *, lock_timeout_seconds: float, patience: Callable[[], float]) -> sa.Engine:
    """An engine for a file, which is made with its folder where there is none.

    Args:
        url: of a file, see :func:`~viral_assets.store.database_url.normalise_url`.
        lock_timeout_seconds: how long whoever needs a lock waits for it.
        patience: the same for a transaction that writes, asked again while it waits.

    Raises:
        DatabaseUnavailableError: the folder cannot be made.
    """
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailableError(
            f"the folder {folder} of the database cannot be made ({error.strerror}); choose another place for it"
        ) from error
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        max_overflow=-1,
        connect_args={"timeout": lock_timeout_seconds, "check_same_thread": False},
    )
    connections = _Connections(Path(url.database or ""), lock_timeout_seconds, patience)
    event.listen(engine, "connect", connections.prepare)
    event.listen(engine, "begin", connections.begin)
    return engine


class _Connections:
    def __init__(self, file: Path, lock_timeout_seconds: float, patience: Callable[[], float]) -> None:
        self._file = file
        self._lock_timeout_seconds = lock_timeout_seconds
        self._patience = patience

    def prepare(self, connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        # Transactions begin where SQLAlchemy begins them (see begin), not where the driver guesses.
        connection.isolation_level = None
        if not self._file.is_file() or not self._file.stat().st_size:
            # Only while nothing is in it: the free pages of the file can be given back step by step.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # In the write-ahead log NORMAL would be enough for a file that is never damaged, and could lose what was said
        # to be saved: answers are paid for.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
        # 16 MB of pages for each connection: what a long run reads would stay in its memory up to this.
        connection.execute("PRAGMA cache_size = -16384")
        record.info[_WRITES_AHEAD] = _use_write_ahead_log(connection, self._lock_timeout_seconds)

    def begin(self, connection: sa.Connection) -> None:
        purpose = connection.get_execution_options().get(PURPOSE)
        if connection.info.get(PURPOSE) != purpose:
            connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if purpose == 'read' else 'OFF'}")
            if connection.info.get(_WRITES_AHEAD):
                # Then a write transaction waits for others where it begins, and nowhere else.
                seconds = min(_LOCK_CHECK_SECONDS, self._lock_timeout_seconds)
                seconds = seconds if purpose == "write" else self._lock_timeout_seconds
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
            connection.info[PURPOSE] = purpose
        if purpose == "write":
            self._begin_to_write(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    def _begin_to_write(self, connection: sa.Connection) -> None:
        began = time.monotonic()
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except sa.exc.OperationalError as error:
                name = getattr(error.orig, "sqlite_errorname", None) or ""
                if not name.startswith("SQLITE_BUSY") or time.monotonic() - began >= self._patience():
                    raise
            else:
                return


def _use_write_ahead_log(connection: sqlite3.Connection, timeout_seconds: float) -> bool:
    """WAL lets readers and one writer work at once. The mode stays with the file, so this is needed only once; and
    SQLite does not wait for a lock there, so several first users have to take turns by themselves. A file system
    that cannot do it keeps the journal it has, which is slower and as safe.

    Returns:
        Whether the file is in that mode.
    """
    deadline = time.monotonic() + timeout_seconds
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")
