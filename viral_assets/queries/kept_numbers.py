"""Numbers of hours that are added up once and kept, and counted anew where anything of the hour has changed since.

The database notes what changes (``store.hour_changes``). In one state of it, the kept numbers of an hour of which
nothing is noted are those that would be counted; an hour with a note, or without numbers, is counted when it is read.
:func:`keep_numbers` takes the notes of an hour before it counts, so that what changes meanwhile is noted still.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.queries.hour_counts import count_hours
from viral_assets.queries.spending import count_costs
from viral_assets.queries.tally import Tally, add, by_hour
from viral_assets.store.bulk import serialise_writers, upsert_columns
from viral_assets.store.conditions import of_hours, within
from viral_assets.store.engine import Database
from viral_assets.store.tables import COSTS, COUNTS, hour_changes, hour_numbers

HOURS_AT_ONCE = {COUNTS: 48, COSTS: 14 * 24}
"""That are added up in one transaction, as others may wait for it. What answers cost is counted from all answers since
the first of the hours, so that two halves of them would take longer than all."""

_COUNT = {COUNTS: count_hours, COSTS: count_costs}

KEPT_DAYS = 400
"""Before the last hour that is asked for: nobody asks for more."""


def numbers_by_day(connection: sa.Connection, hours: HourRange) -> dict[date, Tally]:
    """The numbers of each day, for all projects.

    Args:
        connection: that sees one state of the data.
        hours: of whole days.
    """
    days: dict[date, Tally] = {hour.date(): {} for hour in hours}
    for about, count in _COUNT.items():
        kept = _kept(connection, about, hours)
        for hour, numbers in kept.items():
            add(days[hour.date()], orjson.loads(numbers))
        if missing := [hour for hour in hours if hour not in kept]:
            for hour, tally in by_hour(count(connection, missing), missing).items():
                add(days[hour.date()], tally)
    return days


def keep_numbers(database: Database, hours: HourRange) -> int:
    """Add up what is not kept of these hours, or has changed, some at a time.

    Returns:
        How many hours that was.

    Raises:
        DatabaseUnavailableError: it does not answer, or another process keeps it locked.
    """
    with database.read() as connection:
        kept = {about: set(connection.scalars(_holding(about, hours))) for about in _COUNT}
    missing = {about: [hour for hour in hours if hour not in kept[about]] for about in _COUNT}
    for about, found in missing.items():
        for at in range(0, len(found), HOURS_AT_ONCE[about]):
            with database.begin() as connection:
                _keep(connection, about, found[at : at + HOURS_AT_ONCE[about]], hours.end)
    return len({hour for found in missing.values() for hour in found})


def _keep(connection: sa.Connection, about: str, hours: Sequence[datetime], end: datetime) -> None:
    # One after the other: what somebody counted earlier must not come over what was counted later.
    serialise_writers(connection, hour_numbers)
    noted = hour_changes.c
    # A note that somebody is about to take stays, and the hour is counted again next time.
    these = (
        sa.select(*noted).where(noted.about == about, *of_hours(hour_changes, hours)).with_for_update(skip_locked=True)
    )
    for row in connection.execute(these).all():
        this = (noted.about == row.about, noted.window_start == row.window_start, noted.change == row.change)
        connection.execute(sa.delete(hour_changes).where(*this))
    found = by_hour(_COUNT[about](connection, hours), hours)
    columns: dict[str, list[Any]] = {
        "about": [about] * len(found),
        "window_start": list(found),
        "numbers": [orjson.dumps(tally).decode() for tally in found.values()],
    }
    upsert_columns(connection, hour_numbers, columns)
    for table in (hour_numbers, hour_changes):
        old = table.c.window_start < end - timedelta(days=KEPT_DAYS)
        connection.execute(sa.delete(table).where(table.c.about == about, old))


def _kept(connection: sa.Connection, about: str, hours: HourRange) -> Mapping[datetime, str]:
    """The numbers that hold."""
    holding = connection.execute(_holding(about, hours).add_columns(hour_numbers.c.numbers))
    return {row.window_start: row.numbers for row in holding}


def _holding(about: str, hours: HourRange) -> sa.Select[Any]:
    """The hours whose kept numbers hold."""
    kept, noted = hour_numbers.c, hour_changes.c
    changed = sa.exists().where(noted.about == kept.about, noted.window_start == kept.window_start)
    return sa.select(kept.window_start).where(kept.about == about, *within(hour_numbers, hours), ~changed)
