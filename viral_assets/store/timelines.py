"""How far accounts' timelines were read, and the ids of those accounts at X."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.bulk import upsert
from viral_assets.store.tables import kept_values

_USER, _UNTIL = "x user ", "x timeline "


def known_user(connection: sa.Connection, handle: str) -> str | None:
    """The id of an account, where it was asked for before."""
    return _kept(connection, _USER, handle)


def note_user(connection: sa.Connection, handle: str, user_id: str) -> None:
    """Keep an account's id."""
    _keep(connection, _USER, handle, user_id)


def read_until(connection: sa.Connection, handle: str) -> datetime | None:
    """When an account's timeline was read to its end; None where it was not."""
    kept = _kept(connection, _UNTIL, handle)
    return None if kept is None else datetime.fromisoformat(kept)


def note_timeline(connection: sa.Connection, handle: str, at: datetime) -> None:
    """Keep that all that was posted before has been read."""
    _keep(connection, _UNTIL, handle, at.isoformat())


def _kept(connection: sa.Connection, prefix: str, handle: str) -> str | None:
    of = kept_values.c.name == prefix + handle.casefold()
    found: str | None = connection.scalar(sa.select(kept_values.c.value).where(of))
    return found


def _keep(connection: sa.Connection, prefix: str, handle: str, value: str) -> None:
    upsert(connection, kept_values, [{"name": prefix + handle.casefold(), "value": value}])
