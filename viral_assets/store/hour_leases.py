"""How far each query of a service was read for each hour. What a cursor means is up to the service's module.

One process at a time holds the lease of an hour of a query: two would pay for its posts twice. A lease that was not
renewed for a while has expired; one of a process of this machine that does not run any more is free at once.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HourRange, floor_hour
from viral_assets.processes import is_running
from viral_assets.store.bulk import insert_ignore, serialise_writers, upsert
from viral_assets.store.conditions import between, within
from viral_assets.store.engine import Database
from viral_assets.store.tables import EVERY_PROJECT, source_windows
from viral_assets.text.cleaning import text_for_storage

LEASE_SECONDS = 60.0
"""For so long a lease lasts without being renewed; longer than any single request takes."""

CAP_OF_HOUR = "the project's cap of "
ACTOR_ENDED = "the Actor ended as "
ONLY_PLACEHOLDERS = "the Actor keeps giving placeholders "
FINAL_NOTES = (CAP_OF_HOUR, ACTOR_ENDED, ONLY_PLACEHOLDERS)
"""How notes begin that tell of an hour that was left on purpose, or would be paid for anew: only a person reads on."""


@dataclass(frozen=True, slots=True)
class HourLease:
    """One hour of one query."""

    source: str
    project: str
    query: str
    window_start: datetime

    @property
    def key(self) -> Mapping[str, Any]:
        query_hash = hashlib.sha256(text_for_storage(self.query).encode()).hexdigest()
        return {
            "source": self.source,
            "project": self.project,
            "query_sha256": query_hash,
            "window_start": self.window_start,
        }


@dataclass(frozen=True, slots=True)
class HourProgress:
    """How far an hour of a query was read.

    Args:
        cursor: where to go on within what was begun; None to begin anew.
        newest_id: of all tweets received in finished passes.
        items: received in all.
        note: why reading stopped early.
    """

    done: bool = False
    cursor: Mapping[str, Any] | None = None
    newest_id: str | None = None
    items: int = 0
    cost_usd: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class LeaseBusy:
    """Another process reads the hour; ask again in ``seconds``."""

    seconds: float


def this_holder() -> str:
    """Names this thread of this process to the others."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{threading.get_ident()}"


def acquire_lease(database: Database, lease: HourLease, holder: str, now: datetime) -> HourProgress | LeaseBusy:
    """Begin or go on to read an hour. Held until :func:`release_lease`; an hour that is done is not held."""
    with database.begin() as connection:
        serialise_writers(connection, source_windows)
        row = connection.execute(sa.select(source_windows).where(*_at(lease))).one_or_none()
        if row is None:
            fresh = {"query": lease.query, "done": False, "items": 0, "note": "", "updated_at": now}
            insert_ignore(connection, source_windows, [{**lease.key, **fresh}])
            progress = HourProgress()
        else:
            progress = HourProgress(row.done, row.cursor, row.newest_id, row.items, row.cost_usd, row.note)
            remaining = row.held_until - now.timestamp()
            if row.holder not in (None, holder) and remaining > 0 and not _has_ended(row.holder):
                return LeaseBusy(min(remaining, 1.0))
        if not progress.done:
            _hold(connection, lease, holder, now)
    return progress


def renew_lease(database: Database, lease: HourLease, holder: str, now: datetime) -> None:
    """Keep the lease while its holder waits."""
    with database.begin() as connection:
        _hold(connection, lease, holder, now)


def save_progress(
    connection: sa.Connection, lease: HourLease, progress: HourProgress, holder: str, now: datetime
) -> None:
    """Move on, in the transaction that stores what was received. Renews the lease."""
    connection.execute(
        sa.update(source_windows)
        .where(*_at(lease))
        .values(
            done=progress.done,
            cursor=sa.null() if progress.cursor is None else dict(progress.cursor),
            newest_id=progress.newest_id,
            items=progress.items,
            cost_usd=progress.cost_usd,
            note=progress.note,
            holder=holder,
            held_until=now.timestamp() + LEASE_SECONDS,
            updated_at=now,
        )
    )


def release_lease(database: Database, lease: HourLease, holder: str, note: str = "") -> None:
    """Let others go on; ``note`` says why reading stopped, if it did."""
    with database.begin() as connection:
        connection.execute(
            sa.update(source_windows)
            .where(*_at(lease), source_windows.c.holder == holder)
            .values(holder=None, held_until=0.0, note=note)
        )


def read_progress(connection: sa.Connection, lease: HourLease) -> HourProgress | None:
    """How far an hour was read; None where nobody began."""
    row = connection.execute(sa.select(source_windows).where(*_at(lease))).one_or_none()
    return None if row is None else HourProgress(row.done, row.cursor, row.newest_id, row.items, row.cost_usd, row.note)


def unfinished_hours(connection: sa.Connection, window: HourRange, now: datetime) -> set[datetime]:
    """The hours of ``window`` that are over, were begun to be read, and have more to give: what was left for want of
    time, of a day's cap, or by a killed run.
    """
    hours = source_windows.c
    query = sa.select(hours.window_start).where(
        ~hours.done,
        *between(source_windows, window.start, min(window.end, floor_hour(now))),
        *(~hours.note.startswith(note, autoescape=True) for note in FINAL_NOTES),
    )
    return set(connection.scalars(query.distinct()))


def postpone_hours(
    connection: sa.Connection, source: str, query: str, window: HourRange, note: str, now: datetime
) -> None:
    """Note hours in which something of a paid service is wanting, for all projects, until :func:`forget_postponed`.

    Args:
        note: what keeps it from being asked for now.
    """
    rows = [
        {**HourLease(source, EVERY_PROJECT, query, hour).key, "query": query, "done": False, "items": 0, "note": note}
        for hour in window
    ]
    upsert(connection, source_windows, [{**row, "updated_at": now} for row in rows], update=["note", "updated_at"])


def forget_postponed(connection: sa.Connection, source: str, query: str, window: HourRange) -> None:
    """Nothing is wanting in these hours any more."""
    key = HourLease(source, EVERY_PROJECT, query, window.start).key
    hours = source_windows.c
    connection.execute(
        sa.delete(source_windows).where(
            *(hours[name] == value for name, value in key.items() if name != "window_start"),
            *within(source_windows, window),
        )
    )


def with_items(progress: HourProgress, more: int, **changes: Any) -> HourProgress:
    """The progress after ``more`` further items, with other changes."""
    return replace(progress, items=progress.items + more, **changes)


def _at(lease: HourLease) -> list[sa.ColumnElement[bool]]:
    return [source_windows.c[name] == value for name, value in lease.key.items()]


def _hold(connection: sa.Connection, lease: HourLease, holder: str, now: datetime) -> None:
    until = now.timestamp() + LEASE_SECONDS
    connection.execute(sa.update(source_windows).where(*_at(lease)).values(holder=holder, held_until=until))


def _has_ended(holder: str) -> bool:
    """Whether a holder's process is known to have ended; of another machine nothing is known."""
    host, pid, _thread = holder.rsplit(":", 2)
    return host == socket.gethostname()[:80] and not is_running(int(pid))
