"""Dagster's tables in SQLite files in a folder, created by one process while the others wait."""

from __future__ import annotations

import os
import shlex
import sqlite3
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout

from viral_assets.defs.dagster_internals import DagsterSqliteStorage
from viral_assets.errors import ConfigurationError
from viral_assets.instance import schema

LOCK_FILE = "first_start.lock"
LOCK_SECONDS = 300
"""How long another process may take to create the tables; it needs about a second."""

BUSY_SECONDS = 30

FILES = {
    Path("history", "runs.db"): schema.RUNS,
    Path("history", "runs", "index.db"): schema.EVENTS,
    Path("schedules", "schedules.db"): schema.SCHEDULES,
}
"""Where Dagster keeps what, and which tables are in there. The file of a run is made by the run."""


def files_in(dagster_home: Path) -> list[Path]:
    """Those that are there, where ``dagster.yaml`` names no other folder."""
    return [dagster_home / file for file in FILES if (dagster_home / file).is_file()]


def make_folder_ready(folder: Path) -> None:
    """See to it that Dagster's tables in ``folder`` are there and whole. Costs a few milliseconds when they are.

    The lock belongs to the system, which releases it however its owner ends; its file stays. What is written is
    written in one transaction for each file, so that a process may be killed at any point.

    Raises:
        ConfigurationError: the folder cannot be written, a file is damaged, or its tables cannot be mended without
            losing something; the message says what to do.
    """
    if _all_whole(folder):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK_FILE, timeout=LOCK_SECONDS):
            outcomes = {_make_file_whole(folder, name, part) for name, part in FILES.items()}
            if schema.SchemaRepair.MENDED in outcomes:
                schema.finish_migrations(DagsterSqliteStorage.from_local(str(folder)))
    except Timeout:
        raise ConfigurationError(
            f"another process has been creating Dagster's tables in {folder} for {LOCK_SECONDS} seconds; "
            "stop it and try again"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder}: {error.strerror or error}") from None


def _all_whole(folder: Path) -> bool:
    for name, part in FILES.items():
        if not (folder / name).is_file():
            return False
        try:
            with _engine(folder / name, "BEGIN").begin() as connection:
                if not schema.is_whole(connection, [part]):
                    return False
        except sa.exc.DatabaseError:
            # Somebody is writing it, or it is damaged: under the lock we know.
            return False
    return True


def _make_file_whole(folder: Path, name: Path, part: schema.Part) -> schema.SchemaRepair:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = _engine(path, "BEGIN IMMEDIATE")
        with engine.connect() as connection:
            # As Dagster does it; the mode stays with the file, and cannot be set within a transaction.
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
            with connection.begin():
                return schema.make_whole(connection, [part])
    except (sa.exc.DatabaseError, sqlite3.DatabaseError, schema.UnmendableSchemaError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise ConfigurationError(
            f"Dagster's tables in {path} cannot be used ({reason}); stop what uses them and begin a new history of "
            f"runs: {_moving(folder)} (tweets, suggestions and the ledger are in another file and stay)"
        ) from None


def _moving(folder: Path) -> str:
    old = shlex.quote(str(folder / "damaged"))
    names = " ".join(shlex.quote(str(folder / name)) for name in ("history", "schedules"))
    return f"mkdir {old} && mv {names} {old}" if os.name == "posix" else f"move {names} to {old}"


def _engine(path: Path, begin: str) -> sa.Engine:
    """Transactions begin where SQLAlchemy begins them, so that tables, too, are made in one."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=sa.NullPool,
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
