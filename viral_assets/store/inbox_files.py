"""Which files of an inbox were looked into, known by name, size and time: a year of them need not be opened again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.bulk import upsert
from viral_assets.store.tables import EVERY_PROJECT, inbox_files, ingested_files


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells without opening a file that it is another one: bytes, and nanoseconds since the epoch."""

    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it was when it was looked into.

    Args:
        sha256: of its content; empty where it could not be read.
        asked: whether runs have been asked for, for its hours.
        ingested: whether that content is in the store.
    """

    stamp: FileStamp
    sha256: str
    asked: bool
    ingested: bool = False


def known_files(connection: sa.Connection, folder: str) -> dict[str, KnownFile]:
    """The files of a folder, those in its folders included, by name."""
    known, ingested = inbox_files.c, ingested_files.c
    query = (
        sa.select(known.name, known.size, known.modified_ns, known.sha256, known.asked, ingested.sha256.is_not(None))
        .select_from(
            inbox_files.outerjoin(
                ingested_files, (ingested.sha256 == known.sha256) & (ingested.project == EVERY_PROJECT)
            )
        )
        .where(known.folder == folder)
    )
    return {
        name: KnownFile(FileStamp(size, modified_ns), sha256, asked, bool(is_ingested))
        for name, size, modified_ns, sha256, asked, is_ingested in connection.execute(query)
    }


def note_files(connection: sa.Connection, folder: str, files: Mapping[str, KnownFile], now: datetime) -> None:
    """Remember files of a folder, by name, that have been looked into."""
    rows = [
        {
            "folder": folder,
            "name": name,
            "size": file.stamp.size,
            "modified_ns": file.stamp.modified_ns,
            "sha256": file.sha256,
            "asked": file.asked,
            "noted_at": now,
        }
        for name, file in files.items()
    ]
    if rows:
        upsert(connection, inbox_files, rows)


def forget_files(connection: sa.Connection, folder: str, names: Iterable[str]) -> None:
    """Forget files of a folder that are not there any more."""
    gone = [{"of": folder, "gone": name} for name in names]
    if gone:
        here = (inbox_files.c.folder == sa.bindparam("of")) & (inbox_files.c.name == sa.bindparam("gone"))
        connection.execute(sa.delete(inbox_files).where(here), gone)
