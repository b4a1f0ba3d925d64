"""Dagster's tables in one database: whether they are whole, and how they are made so. Who may do it when is decided
elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from viral_assets.defs.dagster_internals import (
    ALEMBIC_SCRIPTS_LOCATION,
    ASSET_DATA_MIGRATIONS,
    EVENT_LOG_DATA_MIGRATIONS,
    OPTIONAL_DATA_MIGRATIONS,
    OPTIONAL_SCHEDULE_DATA_MIGRATIONS,
    REQUIRED_DATA_MIGRATIONS,
    REQUIRED_SCHEDULE_DATA_MIGRATIONS,
    RunStorageSqlMetadata,
    ScheduleStorageSqlMetadata,
    SqlEventLogStorageMetadata,
    stamp_alembic_rev,
)

VERSION_TABLE = "alembic_version"
MARKS_TABLE = "secondary_indexes"


@dataclass(frozen=True)
class Part:
    """The tables of one kind of storage, and the data migrations that it marks as done when it is made."""

    metadata: sa.MetaData
    marks: frozenset[str]


RUNS = Part(RunStorageSqlMetadata, frozenset({*REQUIRED_DATA_MIGRATIONS, *OPTIONAL_DATA_MIGRATIONS}))
EVENTS = Part(SqlEventLogStorageMetadata, frozenset({*EVENT_LOG_DATA_MIGRATIONS, *ASSET_DATA_MIGRATIONS}))
SCHEDULES = Part(
    ScheduleStorageSqlMetadata,
    frozenset({*REQUIRED_SCHEDULE_DATA_MIGRATIONS, *OPTIONAL_SCHEDULE_DATA_MIGRATIONS}),
)


class UnmendableSchemaError(Exception):
    """The tables are not whole, and making them so could lose what is in them."""


class SchemaRepair(Enum):
    """What :func:`make_whole` did."""

    NOTHING = "nothing"
    CREATED = "created"
    MENDED = "mended"


def is_whole(connection: sa.Connection, parts: Sequence[Part]) -> bool:
    """Whether Dagster can open these tables: they have one revision, and at the newest none is missing.

    An older revision is left to ``dagster instance migrate``, and a newer one to the Dagster that made it.
    """
    found = _revisions(connection)
    if len(found) != 1:
        return False
    present = set(sa.inspect(connection).get_table_names())
    # In this order: where all tables are there, as in every start but the first, Dagster's scripts need not be read.
    return all(name in present for name in _tables(parts)) or found != [_newest()]


def make_whole(connection: sa.Connection, parts: Sequence[Part]) -> SchemaRepair:
    """Create the tables, or finish what a killed process or two at once left, in the transaction of ``connection``.

    Two processes that create at once stamp two revisions, of which Dagster then refuses every one. Both have made the
    same tables, so with all columns there the newest revision is the true one. Rows are never touched.

    Raises:
        UnmendableSchemaError: several revisions, and tables that are not those of this version.
    """
    if is_whole(connection, parts):
        return SchemaRepair.NOTHING
    found = _revisions(connection)
    if foreign := [revision for revision in found if revision not in _known()]:
        raise UnmendableSchemaError(f"revision {foreign[0]} is not of Dagster, or of a newer one")
    present = set(sa.inspect(connection).get_table_names())
    new = not present.intersection(_tables(parts))
    if missing := _missing_columns(connection, parts, present):
        if len(found) > 1:
            raise UnmendableSchemaError(f"{missing} is missing")
        # Made before Dagster stamped its files: it knows what to do.
        return SchemaRepair.NOTHING
    for part in parts:
        part.metadata.create_all(connection)
        for table in part.metadata.tables.values():
            for index in table.indexes:
                index.create(connection, checkfirst=True)
    if found:
        connection.execute(sa.text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608 -- a constant
    stamp_alembic_rev(_config(), connection)
    if not new:
        return SchemaRepair.MENDED
    marks = sa.table(MARKS_TABLE, sa.column("name"), sa.column("migration_completed"))
    done = datetime.now()  # noqa: DTZ005 -- as Dagster writes it
    # Nothing is there that would have to be migrated.
    names = sorted(frozenset[str]().union(*(part.marks for part in parts)))
    connection.execute(marks.insert(), [{"name": name, "migration_completed": done} for name in names])
    return SchemaRepair.CREATED


def finish_migrations(storage: Any) -> None:
    """The data migrations of a mended ``DagsterStorage``; those that are marked as done are skipped."""
    for each in (storage.run_storage, storage.schedule_storage):
        each.migrate()
        each.optimize()
    storage.event_log_storage.reindex_events()
    storage.event_log_storage.reindex_assets()


def _tables(parts: Iterable[Part]) -> list[str]:
    # The marks have the same table in each; it says nothing about what else is there.
    return sorted({name for part in parts for name in part.metadata.tables})


def _missing_columns(connection: sa.Connection, parts: Iterable[Part], present: set[str]) -> str | None:
    """A column that a table lacks, tables that are not there at all aside."""
    inspector = sa.inspect(connection)
    for part in parts:
        for table in part.metadata.tables.values():
            if table.name in present:
                found = {column["name"] for column in inspector.get_columns(table.name)}
                if lacking := sorted({column.name for column in table.columns} - found):
                    return f"column {lacking[0]} of {table.name}"
    return None


def _revisions(connection: sa.Connection) -> list[str]:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return []
    rows = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 -- a constant
    return sorted(str(row[0]) for row in rows)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", ALEMBIC_SCRIPTS_LOCATION)
    return config


# Reading Dagster's scripts takes longer than all that is asked of a database here.
@functools.cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())
