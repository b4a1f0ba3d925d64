"""Quiet hours as times: until when they last, and how much of a time they take. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from viral_assets.projects.engagement import MINUTES_OF_A_DAY, ActiveHours

_DAY = timedelta(days=1)


def quiet_until(now: datetime, hours: ActiveHours | None, zone: ZoneInfo) -> datetime | None:
    """The end (UTC) of the quiet hours that ``now`` lies in; None where it lies in none."""
    spans = _spans(now, now, hours, zone)
    return next((end for start, end in spans if start <= now < end), None)


def quiet_time(start: datetime, end: datetime, hours: ActiveHours | None, zone: ZoneInfo) -> timedelta:
    """How much of the time from ``start`` to ``end`` is quiet."""
    parts = (min(end, last) - max(start, first) for first, last in _spans(start, end, hours, zone))
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))


def told_at_night(ready_at: datetime, now: datetime, hours: ActiveHours | None, zone: ZoneInfo) -> bool:
    """Whether what was ready at a time had to wait for quiet hours to end."""
    return quiet_time(ready_at, max(ready_at, now), hours, zone) > timedelta(0)


def longest_wait(max_age: timedelta, hours: ActiveHours | None) -> timedelta:
    """How old something can be at most that is no older than ``max_age`` without its quiet hours."""
    if hours is None:
        return max_age
    quiet = timedelta(minutes=(hours.last - hours.first) % MINUTES_OF_A_DAY or MINUTES_OF_A_DAY)
    awake = max(_DAY - quiet, timedelta(minutes=1))
    # A day more than so many nights need, and an hour for a clock that is put back.
    return max_age + (max_age // awake + 1) * quiet + timedelta(hours=1)


def _spans(
    start: datetime, end: datetime, hours: ActiveHours | None, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The quiet hours of all days that a time touches, in UTC."""
    if hours is None:
        return
    day, last_day = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    while day <= last_day:
        midnight = datetime.combine(day, time.min, zone)
        # Within a zone, this is arithmetic on the clock on the wall, whatever the day does to it.
        last = hours.last if hours.first < hours.last else hours.last + MINUTES_OF_A_DAY
        first_at, last_at = (midnight + timedelta(minutes=minutes) for minutes in (hours.first, last))
        yield first_at.astimezone(UTC), last_at.astimezone(UTC)
        day += _DAY
