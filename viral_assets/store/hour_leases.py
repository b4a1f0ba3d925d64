"""How far each query of a service was read for each hour. What a cursor means is up to the service's module.

One process at a time holds an hour of a query: two would pay for its posts twice. A holder that has not shown itself
for a while is dead; one on the same machine whose process is gone is known to be dead at once.
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
from viral_assets.store.bulk import insert_ignore, serialise_writers
from viral_assets.store.engine import Database
from viral_assets.store.tables import source_windows
from viral_assets.text.cleaning import text_for_storage

LEASE_SECONDS = 60.0
"""For so long an hour is held without a sign of life; longer than any single request takes."""

CAP_OF_HOUR = "the project's cap of "
ACTOR_ENDED = "the Actor ended as "
FINAL_NOTES = (CAP_OF_HOUR, ACTOR_ENDED)
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
        digest = hashlib.sha256(text_for_storage(self.query).encode()).hexdigest()
        return {
            "source": self.source,
            "project": self.project,
            "query_sha256": digest,
            "window_start": self.window_start,
        }


@dataclass(frozen=True, slots=True)
class HourProgress:
    """How far a place was read.

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
    """Somebody else reads it; come back in ``seconds``."""

    seconds: float


def this_holder() -> str:
    """Names this thread of this process to the others."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{threading.get_ident()}"


def acquire_lease(database: Database, lease: HourLease, holder: str, now: datetime) -> HourProgress | LeaseBusy:
    """Begin or go on to read a place. Held until :func:`release_lease`; a place that is done is not held."""
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
            if row.holder not in (None, holder) and remaining > 0 and not _is_gone(row.holder):
                return LeaseBusy(min(remaining, 1.0))
        if not progress.done:
            _hold(connection, lease, holder, now)
    return progress


def renew_lease(database: Database, lease: HourLease, holder: str, now: datetime) -> None:
    """A sign of life from who holds a place and waits."""
    with database.begin() as connection:
        _hold(connection, lease, holder, now)


def save_progress(
    connection: sa.Connection, lease: HourLease, progress: HourProgress, holder: str, now: datetime
) -> None:
    """Move on, in the transaction that stores what was received. Holds the place anew."""
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
    """How far a place was read; None where nobody began."""
    row = connection.execute(sa.select(source_windows).where(*_at(lease))).one_or_none()
    return None if row is None else HourProgress(row.done, row.cursor, row.newest_id, row.items, row.cost_usd, row.note)


def unfinished_hours(connection: sa.Connection, window: HourRange, now: datetime) -> set[datetime]:
    """The hours of ``window`` that are over, were begun to be read, and have more to give: what was left for want of
    time, of a day's cap, or by a killed run.
    """
    places = source_windows.c
    query = sa.select(places.window_start).where(
        ~places.done,
        places.window_start >= window.start,
        places.window_start < min(window.end, floor_hour(now)),
        *(~places.note.startswith(note, autoescape=True) for note in FINAL_NOTES),
    )
    return set(connection.scalars(query.distinct()))


def with_items(progress: HourProgress, more: int, **changes: Any) -> HourProgress:
    """The progress after ``more`` further items, with other changes."""
    return replace(progress, items=progress.items + more, **changes)


def _at(lease: HourLease) -> list[sa.ColumnElement[bool]]:
    return [source_windows.c[name] == value for name, value in lease.key.items()]


def _hold(connection: sa.Connection, lease: HourLease, holder: str, now: datetime) -> None:
    until = now.timestamp() + LEASE_SECONDS
    connection.execute(sa.update(source_windows).where(*_at(lease)).values(holder=holder, held_until=until))


def _is_gone(holder: str) -> bool:
    """Whether a holder of this machine is known to be dead; of another machine nothing is known."""
    host, pid, _thread = holder.rsplit(":", 2)
    if host != socket.gethostname()[:80] or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it lives, and belongs to somebody else
        return False
    return False
