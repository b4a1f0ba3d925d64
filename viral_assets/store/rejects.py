"""The quarantine: records that could not be read, why, and their raw text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import insert_ignore, one_of
from viral_assets.store.tables import rejected_records

_FETCH_ROWS = 500
"""Raw texts may be long."""


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which records of the quarantine.

    Args:
        reason: only those rejected for it.
        source: only those whose source (a file name, an address) contains this text.
        ids: only these.
        sha256: only those from the source with this hash.
    """

    reason: str | None = None
    source: str | None = None
    ids: Sequence[int] = ()
    sha256: str | None = None

    @property
    def matches_all(self) -> bool:
        return self == EVERYTHING

    def where(self, query: sa.Select[Any]) -> sa.Select[Any]:
        table = rejected_records.c
        if self.reason:
            query = query.where(table.reason == self.reason)
        if self.source:
            query = query.where(table.source.contains(self.source, autoescape=True))
        if self.sha256:
            query = query.where(table.source_sha256 == self.sha256)
        return query.where(table.id.in_(self.ids)) if self.ids else query


EVERYTHING = RejectFilter()


def write_rejects(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Keep records in quarantine, once for each place (``source_sha256`` and ``locator``) they were found in.

    Args:
        rows: the columns of ``rejected_records`` but ``id``.

    Returns:
        How many were not there yet.
    """
    return insert_ignore(connection, rejected_records, rows)


def read_rejects(
    connection: sa.Connection, limit: int = 100, which: RejectFilter = EVERYTHING
) -> list[Mapping[str, Any]]:
    """The latest ``limit`` records in quarantine, latest first, all columns."""
    newest_first = which.where(sa.select(rejected_records)).order_by(rejected_records.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(newest_first)]


def all_rejects(connection: sa.Connection, which: RejectFilter = EVERYTHING) -> Iterator[Mapping[str, Any]]:
    """The records in quarantine, in the order they came, a few in memory at a time."""
    query = which.where(sa.select(rejected_records)).order_by(rejected_records.c.id)
    with connection.execution_options(yield_per=_FETCH_ROWS).execute(query) as found:
        for row in found:
            yield dict(row._mapping)


def count_rejects(connection: sa.Connection, which: RejectFilter = EVERYTHING) -> int:
    """How many records are in quarantine."""
    query = which.where(sa.select(sa.func.count()).select_from(rejected_records))
    return int(connection.execute(query).scalar_one())


def count_rejects_by_reason(connection: sa.Connection, which: RejectFilter = EVERYTHING) -> dict[str, int]:
    """How many records are in quarantine for each reason, the most frequent first."""
    reason, count = rejected_records.c.reason, sa.func.count()
    query = which.where(sa.select(reason, count)).group_by(reason).order_by(count.desc(), reason)
    return {row[0]: row[1] for row in connection.execute(query)}


def sources_of_rejects(connection: sa.Connection, which: RejectFilter = EVERYTHING) -> list[tuple[str, str]]:
    """The hash and the name of each source that records in quarantine are from, in the order they came."""
    table = rejected_records.c
    query = which.where(sa.select(table.source_sha256, sa.func.max(table.source)))
    query = query.group_by(table.source_sha256).order_by(sa.func.min(table.id))
    return [(row[0], row[1]) for row in connection.execute(query)]


def replace_rejects(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep records in quarantine; what was there from the same places goes.

    Args:
        rows: the columns of ``rejected_records`` but ``id``, all of one source.
    """
    if rows:
        table = rejected_records.c
        here = one_of(connection, table.locator, [row["locator"] for row in rows])
        connection.execute(sa.delete(rejected_records).where(table.source_sha256 == rows[0]["source_sha256"], here))
        write_rejects(connection, rows)


def forget_rejects(connection: sa.Connection, source_sha256: str, before: datetime, reason: str | None = None) -> int:
    """Take out of the quarantine what came there from one source before a time. Returns how many there were.

    Args:
        reason: only those rejected for it.
    """
    table = rejected_records.c
    old = sa.delete(rejected_records).where(table.source_sha256 == source_sha256, table.rejected_at < before)
    return connection.execute(old.where(table.reason == reason) if reason else old).rowcount


def forget_reject(connection: sa.Connection, reject_id: int) -> bool:
    """Take one record out of the quarantine. Returns whether it was there."""
    return connection.execute(sa.delete(rejected_records).where(rejected_records.c.id == reject_id)).rowcount > 0
