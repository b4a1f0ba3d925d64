"""The key ``engagement`` of a project file: how often somebody is answered, and when anybody is.

What follows from it for the tweets of an hour is decided in ``scoring``.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from viral_assets.projects.numbers import Whole

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""In the order of ``date.weekday``."""

MINUTES_OF_A_DAY = 24 * 60

_HOURS = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*")


class ActiveHours(BaseModel):
    """When somebody is there to post: minutes of the day, from ``first`` on and before ``last``, which may lie on the
    next day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Annotated[int, Field(ge=0, lt=MINUTES_OF_A_DAY)]
    last: Annotated[int, Field(ge=0, le=MINUTES_OF_A_DAY)]

    def __contains__(self, at: time) -> bool:
        minute = 60 * at.hour + at.minute
        if self.first < self.last:
            return self.first <= minute < self.last
        return minute >= self.first or minute < self.last


def hours_of_a_day(value: object, what: str, example: str) -> object:
    """``"07:00-22:00"`` as minutes of the day; what is typed already stays.

    Args:
        what: they are called in a message, which gives ``example``.

    Raises:
        ValueError: they cannot be read, or are none.
    """
    if value is None or isinstance(value, ActiveHours | dict):
        return value
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{what} are written like "{example}"')
    hour, minute, last_hour, last_minute = map(int, found.groups())
    first, last = 60 * hour + minute, 60 * last_hour + last_minute
    if minute > 59 or last_minute > 59 or first >= MINUTES_OF_A_DAY or last > MINUTES_OF_A_DAY:
        raise ValueError(f'a day has the hours from 00:00 to 24:00; {what} are written like "{example}"')
    if first == last:
        raise ValueError(f"{what} that end where they begin are none; leave the key out instead")
    return ActiveHours(first=first, last=last)


def _active_hours(value: object) -> object:
    return hours_of_a_day(value, "active hours", "07:00-22:00")


def known_zone(name: str) -> str:
    """The name of a time zone.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return ZoneInfo(name.strip()).key
    except (ValueError, OSError, LookupError):
        raise ValueError(f"{name[:64]!r} is no time zone; write it like Europe/Berlin or UTC") from None


def _quiet_day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        named = [day for day in WEEKDAYS if word in (day, day[:3])]
        if named:
            return named[0]
        try:
            return date.fromisoformat(word)
        except ValueError:
            pass
    raise ValueError(f"{str(value)[:40]!r} is neither a day of the week nor a date like 2026-12-24")


QuietDay = Annotated[date | Weekday, BeforeValidator(_quiet_day)]


class Engagement(BaseModel):
    """How often somebody is answered, and when anybody is.

    ``replies_per_author`` in ``author_days``: what was approved, edited, exported or posted counts, and so does what
    was chosen and is not decided yet; None for any number. ``replies_per_day`` caps what is chosen in a day; None for
    no cap. ``active_hours`` and ``quiet_days`` are meant in ``time_zone``, as are the days of the cap.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    replies_per_author: Annotated[Whole, Field(ge=1, le=1000)] | None = 1
    author_days: Annotated[Whole, Field(ge=1, le=90)] = 7
    one_per_conversation: bool = True
    replies_per_day: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    active_hours: Annotated[ActiveHours | None, BeforeValidator(_active_hours)] = None
    quiet_days: tuple[QuietDay, ...] = ()
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        return known_zone(name)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def is_quiet(self, day: date) -> bool:
        return day in self.quiet_days or WEEKDAYS[day.weekday()] in self.quiet_days
