"""Work that only one process at a time may do on a database, while all others read and write as ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from filelock import BaseFileLock, FileLock, Timeout

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.store.engine import Database

PATIENCE_SECONDS = 600.0
"""Another run that looks up what its tweets answer may take minutes; one that takes longer than this hangs."""

_LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def exclusively(database: Database, work: str, *, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Have some kind of work to oneself among all who use the database, and wait for who does it already.

    The lock belongs to the system (beside a SQLite file), or to a transaction of PostgreSQL: either is released however
    its owner ends.

    Args:
        work: its name, a word that may stand in the name of a file.

    Raises:
        DatabaseUnavailableError: the database does not answer, or another process did not come to an end.
    """
    busy = f"another run has been at {work} for {patience_seconds:g} seconds; see that it ends, and try again"
    if database.dialect == "sqlite":
        lock = _acquired(f"{database.url.database}.{work}.lock", patience_seconds, busy)
        try:
            yield
        finally:
            lock.release()
    else:
        with database.begin() as connection:
            _lock_in_transaction(connection, work, patience_seconds, busy)
            yield


def _acquired(path: str, patience_seconds: float, busy: str) -> BaseFileLock:
    lock = FileLock(path, timeout=patience_seconds)
    try:
        lock.acquire()
    except Timeout:
        raise DatabaseUnavailableError(busy) from None
    except OSError as error:
        raise DatabaseUnavailableError(f"{path}: {error.strerror or error}") from None
    return lock


def _lock_in_transaction(connection: sa.Connection, work: str, patience_seconds: float, busy: str) -> None:
    # The first eight bytes, as PostgreSQL names such a lock by a number of that size.
    key = int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], signed=True)
    wait = f"{patience_seconds * 1000:.0f}ms"
    connection.execute(sa.select(sa.func.set_config("lock_timeout", wait, True)))
    try:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise DatabaseUnavailableError(busy) from None
