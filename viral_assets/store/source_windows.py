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
from viral_assets.store.tables import clean_text, source_windows

HELD_SECONDS = 60.0
"""For so long an hour is held without a sign of life; longer than any single request takes."""

CAP_OF_HOUR = "the project's cap of "
ACTOR_ENDED = "the Actor ended as "
LEFT_FOR_GOOD = (CAP_OF_HOUR, ACTOR_ENDED)
"""How notes begin that tell of an hour that was left on purpose, or would be paid for anew: only a person reads on."""


@dataclass(frozen=True, slots=True)
class Place:
    """One hour of one query."""

    source: str
    project: str
    query: str
    window_start: datetime

    @property
    def key(self) -> Mapping[str, Any]:
        digest = hashlib.sha256(clean_text(self.query).encode()).hexdigest()
        return {
            "source": self.source,
            "project": self.project,
            "query_sha256": digest,
            "window_start": self.window_start,
        }


@dataclass(frozen=True, slots=True)
class Progress:
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
class Held:
    """Somebody else reads it; come back in ``seconds``."""

    seconds: float


def this_holder() -> str:
    """Names this thread of this process to the others."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{threading.get_ident()}"


def take_place(database: Database, place: Place, holder: str, now: datetime) -> Progress | Held:
    """Begin or go on to read a place. Held until :func:`leave_place`; a place that is done is not held."""
    with database.begin() as connection:
        serialise_writers(connection, source_windows)
        row = connection.execute(sa.select(source_windows).where(*_at(place))).one_or_none()
        if row is None:
            fresh = {"query": place.query, "done": False, "items": 0, "note": "", "updated_at": now}
            insert_ignore(connection, source_windows, [{**place.key, **fresh}])
            progress = Progress()
        else:
            progress = Progress(row.done, row.cursor, row.newest_id, row.items, row.cost_usd, row.note)
            remaining = row.held_until - now.timestamp()
            if row.holder not in (None, holder) and remaining > 0 and not _is_gone(row.holder):
                return Held(min(remaining, 1.0))
        if not progress.done:
            _hold(connection, place, holder, now)
    return progress


def stay(database: Database, place: Place, holder: str, now: datetime) -> None:
    """A sign of life from who holds a place and waits."""
    with database.begin() as connection:
        _hold(connection, place, holder, now)


def save_progress(connection: sa.Connection, place: Place, progress: Progress, holder: str, now: datetime) -> None:
    """Move on, in the transaction that stores what was received. Holds the place anew."""
    connection.execute(
        sa.update(source_windows)
        .where(*_at(place))
        .values(
            done=progress.done,
            cursor=sa.null() if progress.cursor is None else dict(progress.cursor),
            newest_id=progress.newest_id,
            items=progress.items,
            cost_usd=progress.cost_usd,
            note=progress.note,
            holder=holder,
            held_until=now.timestamp() + HELD_SECONDS,
            updated_at=now,
        )
    )


def leave_place(database: Database, place: Place, holder: str, note: str = "") -> None:
    """Let others go on; ``note`` says why reading stopped, if it did."""
    with database.begin() as connection:
        connection.execute(
            sa.update(source_windows)
            .where(*_at(place), source_windows.c.holder == holder)
            .values(holder=None, held_until=0.0, note=note)
        )


def read_progress(connection: sa.Connection, place: Place) -> Progress | None:
    """How far a place was read; None where nobody began."""
    row = connection.execute(sa.select(source_windows).where(*_at(place))).one_or_none()
    return None if row is None else Progress(row.done, row.cursor, row.newest_id, row.items, row.cost_usd, row.note)


def unfinished_hours(connection: sa.Connection, window: HourRange, now: datetime) -> set[datetime]:
    """The hours of ``window`` that are over, were begun to be read, and have more to give: what was left for want of
    time, of a day's cap, or by a killed run.
    """
    places = source_windows.c
    query = sa.select(places.window_start).where(
        ~places.done,
        places.window_start >= window.start,
        places.window_start < min(window.end, floor_hour(now)),
        *(~places.note.startswith(note, autoescape=True) for note in LEFT_FOR_GOOD),
    )
    return set(connection.scalars(query.distinct()))


def with_items(progress: Progress, more: int, **changes: Any) -> Progress:
    """The progress after ``more`` further items, with other changes."""
    return replace(progress, items=progress.items + more, **changes)


def _at(place: Place) -> list[sa.ColumnElement[bool]]:
    return [source_windows.c[name] == value for name, value in place.key.items()]


def _hold(connection: sa.Connection, place: Place, holder: str, now: datetime) -> None:
    until = now.timestamp() + HELD_SECONDS
    connection.execute(sa.update(source_windows).where(*_at(place)).values(holder=holder, held_until=until))


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
