"""Copies of the embedded database: made while others write, and put back whole or not at all.

Both ways go through SQLite's own backup, in one step: the copy is the state of one moment, and a process that has the
database open sees the old state or the new one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError, DatabaseUnavailableError, ViralAssetsError
from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import forgotten
from viral_assets.store.notifications import note_told, told_since
from viral_assets.store.tables import quota_runners
from viral_assets.text.amounts import how_many
from viral_assets.upkeep.forget import forget_again
from viral_assets.whole_files import replacing

LOCK_TIMEOUT_SECONDS = 30.0

IN_USE_SECONDS = 15.0
"""A run that was seen within so many seconds is under way; each says so more often."""

REMEMBERED = timedelta(days=30)
"""Longer than any tweet is news."""

_HEADER = b"SQLite format 3\x00"
_REVISION = str(sa.select(sa.column("version_num")).select_from(sa.table(migrations.VERSION_TABLE)))


class NotABackupError(ConfigurationError):
    """A file is no copy of the tables, is damaged, or is newer than this version."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file with all tables, and how large it is."""

    path: Path
    size_bytes: int
    revision: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What the database holds now, and where the state before is (None: there was none)."""

    revision: str
    before: BackupFile | None


def back_up(database: Database, target: Path, *, replace: bool = False) -> BackupFile:
    """Write all tables into one file, which is there whole or not at all. Runs may go on meanwhile.

    Args:
        replace: whether a file that is there already may be replaced.

    Raises:
        ConfigurationError: the database is PostgreSQL, there is none yet, or the file exists or cannot be written.
        DatabaseUnavailableError: another process keeps it locked.
    """
    source = _file_of(database)
    if not source.is_file():
        raise ConfigurationError(f"there is no database at {source} yet: nothing to copy")
    if target.exists() and (not replace or not target.is_file() or target.samefile(source)):
        raise ConfigurationError(f"{target} exists; choose another name, or replace a file with --replace")
    with replacing(target) as temporary, _without_its_logs(temporary):
        _copy(source, temporary)
        shutil.copymode(source, temporary)
        revision = _checked(temporary, of=source)
        _reach_the_disk(temporary)
    return BackupFile(target, target.stat().st_size, revision)


def restore(database: Database, source: Path, now: datetime) -> Restored:
    """Put a copy in the place of what the tables hold, in one transaction, and bring it up to this version.

    The state before is copied first, beside the database. What was forgotten since the copy was made is forgotten
    again, and whoever was told of a tweet stays told.

    Args:
        now: names that copy, and tells which runs are under way.

    Raises:
        ConfigurationError: the database is PostgreSQL, or a run is under way.
        NotABackupError: the file is not what :func:`back_up` wrote, or a newer version wrote it.
        DatabaseUnavailableError: another process keeps the database locked.
    """
    target = _file_of(database)
    if not source.is_file():
        raise NotABackupError(f"{source} is no file; give one that `viral-assets backup` wrote")
    if target.exists() and source.samefile(target):
        raise NotABackupError(f"{source} is the database itself; give a copy of it")
    _checked(source)
    before, noted, told = None, [], []
    if target.is_file():
        refuse_while_in_use(database, now)
        noted = _still_true(database, forgotten)
        told = _still_true(database, partial(told_since, since=now - REMEMBERED))
        before = _set_aside(database, target, now)
    database.dispose()
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy(source, target)
    database.upgrade()
    if told:
        with database.begin() as connection:
            note_told(connection, told)
    forget_again(database, noted, now)
    return Restored(migrations.HEAD, before)


def _file_of(database: Database) -> Path:
    if database.dialect != "sqlite":
        raise ConfigurationError(
            f"{database.url_for_people} is copied by PostgreSQL's own pg_dump, and put back by pg_restore; "
            "see Backup in docs/deployment.md"
        )
    return Path(database.url.database or "")


def refuse_while_in_use(database: Database, now: datetime) -> None:
    """For what runs would have to wait for too long.

    Raises:
        ConfigurationError: a run was seen lately; each says every few seconds that it is there.
    """
    try:
        with database.read() as connection:
            recent = sa.select(sa.func.count()).where(quota_runners.c.seen_at > now.timestamp() - IN_USE_SECONDS)
            runs = connection.scalar(recent)
    except ViralAssetsError:
        return  # it is damaged or from another version: that is what is mended here
    if runs:
        raise ConfigurationError(
            f"{how_many(runs, 'run is', 'runs are')} under way: let what runs end, or stop it, and do this again"
        )


def _still_true(database: Database, read: Callable[[sa.Connection], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows that an older state does not undo; none where the tables cannot be read."""
    try:
        with database.read() as connection:
            return read(connection)
    except ViralAssetsError:
        return []


def _set_aside(database: Database, path: Path, now: datetime) -> BackupFile | None:
    """A copy of the state before; where that is damaged, the file itself is moved away, as it is."""
    aside = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%SZ}")
    try:
        return back_up(database, aside, replace=True)
    except NotABackupError:
        database.dispose()
        for suffix in ("-wal", "-shm", ""):
            beside = path.with_name(path.name + suffix)
            if beside.is_file():
                beside.replace(aside.with_name(aside.name + suffix))
        return BackupFile(aside, aside.stat().st_size, "unknown")


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reader,
            closing(sqlite3.connect(target, timeout=LOCK_TIMEOUT_SECONDS)) as writer,
        ):
            # All pages in one step: between two, somebody's write would make it begin anew.
            reader.backup(writer, pages=-1)
    except sqlite3.DatabaseError as error:
        raise _why_not(source, target, error) from None


def _why_not(source: Path, target: Path, error: sqlite3.DatabaseError) -> ViralAssetsError:
    if error.sqlite_errorname in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return NotABackupError(f"{source} is damaged ({error}); give another copy")
    return DatabaseUnavailableError(
        f"{source} cannot be copied to {target}: {error}; free space, or wait for whoever keeps it locked"
    )


def _checked(path: Path, of: Path | None = None) -> str:
    """The revision of a copy that is whole.

    Args:
        of: the database that it was made of just now; else the copy is spoken of.

    Raises:
        NotABackupError: it is not.
    """
    name = of or path
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            raise NotABackupError(f"{name} is no SQLite database; give a file that `viral-assets backup` wrote")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise NotABackupError(f"{name} is damaged ({found.splitlines()[-1]}); give another copy")
            row = connection.execute(_REVISION).fetchone()
    except sqlite3.DatabaseError as error:
        raise NotABackupError(f"{name} is no copy of the tables of viral_assets ({error}); give another file") from None
    if row is None or row[0] not in migrations.known_revisions():
        revision = row[0] if row else "none"
        raise NotABackupError(
            f"{name} has revision {revision}, which this version does not know; update viral_assets first"
        )
    return str(row[0])


@contextmanager
def _without_its_logs(path: Path) -> Iterator[None]:
    """What SQLite keeps beside a file while it is written is gone in the end."""
    try:
        yield
    finally:
        for suffix in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _reach_the_disk(path: Path) -> None:
    """As one file: its pages are in it, not in a write-ahead log."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
