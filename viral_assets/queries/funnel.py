"""The numbers, from those of each hour (``hour_counts``, ``kept_numbers``). What they mean is in ``funnel_model``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HourRange
from viral_assets.queries.arrivals import everybody_s, tweets_by_hour
from viral_assets.queries.edits import edits_by_week
from viral_assets.queries.funnel_model import DayNumbers, Funnel, NumbersReport, Rate
from viral_assets.queries.hour_counts import BAND, DECIDED, TOPIC, TWEETS, TYPE, YES
from viral_assets.queries.kept_numbers import numbers_by_day
from viral_assets.queries.packing_model import packs_of
from viral_assets.queries.spending import costs_of, quota_by_day
from viral_assets.queries.tally import Names, Number, of_project
from viral_assets.quota.limits import Limits
from viral_assets.store.tables import EVERY_PROJECT

MOST_DAYS = 366
DEFAULT_DAYS = 30

Key = tuple[date, str]

Days = Mapping[date, Sequence[tuple[Names, Number]]]
"""The numbers of each day."""


def funnel_report(
    connection: sa.Connection, *, project: str | None, days: int, now: datetime, limits: Limits | None = None
) -> NumbersReport:
    """Count the last ``days`` days (UTC), today included.

    Args:
        project: only this one; None for all.
        days: 1 to :data:`MOST_DAYS`.
        now: aware.
        limits: of the quota, to be shown beside what was used.

    Raises:
        ConfigurationError: a number of days that makes no sense.
    """
    hours = report_hours(days, now)
    found = {day: list(of_project(tally, project)) for day, tally in numbers_by_day(connection, hours).items()}
    funnels, costs = _funnels(connection, hours, project, found), {day: costs_of(each) for day, each in found.items()}
    projects = {name for _, name in funnels} | ({project} if project is not None else set())
    numbers = [each for day in found.values() for each in day]
    return NumbersReport(
        project=project,
        first=hours.start.date(),
        last=(hours.end - timedelta(days=1)).date(),
        generated_at=now,
        days=tuple(
            DayNumbers(day, name, funnels.get((day, name), Funnel()), costs[day].get(name, 0.0))
            for day in found
            for name in sorted(projects)
        ),
        by_topic=_most_decided_first(_rates(TOPIC, numbers)),
        by_type=_most_decided_first(_rates(TYPE, numbers)),
        by_band=tuple(sorted(_rates(BAND, numbers), key=lambda rate: rate.name)),
        quota=quota_by_day(connection, now, days),
        limits=limits,
        packs=packs_of(numbers),
        edits=edits_by_week((day, *each) for day, of_day in found.items() for each in of_day),
    )


def report_hours(days: int, now: datetime) -> HourRange:
    """The hours of the last ``days`` days (UTC), today included.

    Raises:
        ConfigurationError: a number of days that makes no sense.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ConfigurationError(f"the numbers are of 1 to {MOST_DAYS} days, not {days}")
    end = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return HourRange(end - timedelta(days=days), end)


_COUNTED = {each.name for each in fields(Funnel)} - {TWEETS}


def _funnels(connection: sa.Connection, hours: HourRange, project: str | None, days: Days) -> dict[Key, Funnel]:
    """What there is of each day and project."""
    counted: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    for day, numbers in days.items():
        for (word, *names), number in numbers:
            if word in _COUNTED:
                counted[day, names[0]][word] += int(number)
    worked_on = {name for _, name in counted} or ({project} if project else set())
    if everybody_s(connection, worked_on):
        for day, numbers in days.items():
            every = sum(int(number) for names, number in numbers if names == (TWEETS,))
            for name in (worked_on or {EVERY_PROJECT}) if every else ():
                counted[day, name][TWEETS] += every
    else:
        for hour, name, count in tweets_by_hour(connection, hours, worked_on):
            counted[hour.date(), name][TWEETS] += count
    return {key: Funnel(**counts) for key, counts in counted.items() if project in (None, key[1])}


def _rates(word: str, numbers: Iterable[tuple[Names, Number]]) -> list[Rate]:
    """Of what people decided about, how often they said yes, by its name."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for names, number in numbers:
        if names[0] == word:
            _, _, name, what = names
            found[name][what] += int(number)
    return [Rate(name, counts[YES], counts[DECIDED]) for name, counts in found.items() if counts[DECIDED]]


def _most_decided_first(rates: Iterable[Rate]) -> tuple[Rate, ...]:
    return tuple(sorted(rates, key=lambda rate: (-rate.decided, rate.name)))
