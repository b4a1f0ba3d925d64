"""Giving back to the disk what is free within a file of SQLite. PostgreSQL's autovacuum sees to its own tables.

What is deleted leaves room that the next rows take, so that nobody has to do this regularly: it is for a file that has
become much smaller than it was. A new database of ours is made so that its free pages can be given back step by step,
while others work with it. Any other file (Dagster's, a database from before) has to be written anew once, for which
its disk needs room; from then on it goes step by step, too.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from viral_assets.errors import ConfigurationError, DatabaseUnavailableError

PAGES_AT_ONCE = 1_000
"""Of 4 kB: a step takes some hundredths of a second, and others write between two."""

LOCK_TIMEOUT_SECONDS = 30.0

_STEP_BY_STEP = 2
_TEMPORARY = "SQLITE_TMPDIR"
"""The folder in which SQLite writes a file anew."""


@dataclass(frozen=True, slots=True)
class FreeRoom:
    """What could be given back of a file.

    Args:
        path: of the file.
        size_bytes: of it, and of its write-ahead log.
        free_bytes: within it.
        needed_bytes: of its disk, meanwhile; 0 where it goes step by step.
    """

    path: Path
    size_bytes: int
    free_bytes: int
    needed_bytes: int


def free_room(path: Path) -> FreeRoom:
    """Look at a file; nothing changes.

    Raises:
        DatabaseUnavailableError: it cannot be read.
    """
    with _opened(path) as connection:
        page, pages, free, mode = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count", "auto_vacuum")
        )
    kept = (pages - free) * page
    # Written anew into a file beside it, and from there through its write-ahead log.
    needed = 0 if mode == _STEP_BY_STEP or not free else 2 * kept
    return FreeRoom(path, _size(path), free * page, needed)


def give_back(path: Path, progress: Callable[[int], None] = lambda _bytes: None) -> int:
    """Give the free room of a file back. Others may read and write it: between two steps, or, where it has to be
    written anew, after that.

    Args:
        progress: told after each step how many bytes are left to be given back.

    Returns:
        By how many bytes the file is smaller already.

    Raises:
        ConfigurationError: the disk has too little room for writing it anew.
        DatabaseUnavailableError: another process keeps it locked.
    """
    room = free_room(path)
    if not room.free_bytes:
        return 0
    if room.needed_bytes > (left := shutil.disk_usage(path.parent).free):
        raise ConfigurationError(
            f"{path} has to be written anew, which takes {_mega(room.needed_bytes)} on its disk, and {_mega(left)} are "
            "free: make room, or leave it as it is, since new rows take what is free in it"
        )
    with _opened(path) as connection:
        if room.needed_bytes:
            with _temporary_files_beside(path):
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("VACUUM")
        else:
            while left := int(connection.execute("PRAGMA freelist_count").fetchone()[0]):
                # Each row that it gives is a page that it has freed.
                connection.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
                progress(left)
        # While somebody reads an older state this is left to whoever closes the file last.
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return max(0, room.size_bytes - _size(path))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise ConfigurationError(f"{path} is no file")
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise DatabaseUnavailableError(
            f"{path}: {error}; wait for whoever keeps it locked, or stop them, and free some space on its disk"
        ) from None


@contextmanager
def _temporary_files_beside(path: Path) -> Iterator[None]:
    """The usual place for temporary files may be a small disk, or memory."""
    before = os.environ.get(_TEMPORARY)
    os.environ[_TEMPORARY] = str(path.parent)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TEMPORARY]
        else:
            os.environ[_TEMPORARY] = before


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.is_file())


def _mega(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
