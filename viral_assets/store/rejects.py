"""The quarantine: records that could not be read, why, and their raw text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from viral_assets.store.bulk import insert_ignore
from viral_assets.store.frames import read_frame
from viral_assets.store.tables import rejected_records


def write_rejects(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Keep records in quarantine, once for each place (``source_sha256`` and ``locator``) they were found in.

    Args:
        rows: the columns of ``rejected_records`` but ``id``.

    Returns:
        How many were not there yet.
    """
    return insert_ignore(connection, rejected_records, rows)


def read_rejects(connection: sa.Connection, limit: int = 100) -> pd.DataFrame:
    """The latest ``limit`` records in quarantine, latest first, all columns."""
    newest_first = sa.select(rejected_records).order_by(rejected_records.c.id.desc()).limit(limit)
    return read_frame(connection, newest_first)


def count_rejects(connection: sa.Connection) -> int:
    """How many records are in quarantine."""
    return connection.execute(sa.select(sa.func.count()).select_from(rejected_records)).scalar_one()


def count_rejects_by_reason(connection: sa.Connection) -> dict[str, int]:
    """How many records are in quarantine for each reason, the most frequent first."""
    reason, count = rejected_records.c.reason, sa.func.count()
    query = sa.select(reason, count).group_by(reason).order_by(count.desc(), reason)
    return {row[0]: row[1] for row in connection.execute(query)}
