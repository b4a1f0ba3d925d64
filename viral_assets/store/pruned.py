"""Up to which hour rows were let go of on purpose, so that nobody takes them for lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from viral_assets.hours import hour_key, parse_hour
from viral_assets.store.bulk import upsert
from viral_assets.store.tables import kept_values

_PREFIX = "pruned "


def note_pruned(connection: sa.Connection, kind: str, before: datetime) -> None:
    """Remember that rows of a kind are gone before this hour; an earlier hour than is known changes nothing."""
    if (known := pruned_before(connection).get(kind)) is None or known < before:
        upsert(connection, kept_values, [{"name": f"{_PREFIX}{kind}", "value": hour_key(before)}])


def pruned_before(connection: sa.Connection) -> Mapping[str, datetime]:
    """Of each kind of which rows were let go of, the hour before which that was."""
    kept = kept_values.c
    found = connection.execute(sa.select(kept.name, kept.value).where(kept.name.startswith(_PREFIX, autoescape=True)))
    return {name.removeprefix(_PREFIX): parse_hour(value) for name, value in found}
