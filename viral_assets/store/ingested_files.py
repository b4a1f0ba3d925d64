"""Which files were read: by content, so that a renamed copy is recognised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import upsert
from viral_assets.store.tables import ingested_files


def find_file(connection: sa.Connection, sha256: str, project: str) -> Mapping[str, Any] | None:
    """What was recorded when a file of this content was read for ``project``; None when it was not."""
    table = ingested_files.c
    query = sa.select(ingested_files).where(table.sha256 == sha256, table.project == project)
    found = connection.execute(query).one_or_none()
    return None if found is None else dict(found._mapping)


def projects_of_file(connection: sa.Connection, sha256: str) -> list[str]:
    """For which projects a file of this content was read."""
    table = ingested_files.c
    return list(connection.scalars(sa.select(table.project).where(table.sha256 == sha256).order_by(table.project)))


def forget_file(connection: sa.Connection, sha256: str) -> None:
    """Forget that a file of this content was read, for whichever project."""
    connection.execute(sa.delete(ingested_files).where(ingested_files.c.sha256 == sha256))


def record_file(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Remember that a file was read; a second reading for the same project replaces the first.

    Args:
        row: the columns of ``ingested_files``.
    """
    upsert(connection, ingested_files, [row])
