"""The numbers, counted by the database: what comes over the wire is an hour or a name a row, however many tweets there
are. What the numbers mean is in ``funnel_model``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HourRange
from viral_assets.queries.edits import edits_by_week
from viral_assets.queries.funnel_model import BANDS, DayNumbers, Funnel, NumbersReport, Rate, band_name
from viral_assets.queries.packing import read_packs
from viral_assets.queries.spending import cost_of_suggestions, quota_by_day
from viral_assets.quota.limits import Limits
from viral_assets.store.bulk import values_of
from viral_assets.store.conditions import STANDS_APPROVED, FoundByHour, within
from viral_assets.store.tables import (
    EVERY_PROJECT,
    comment_opportunities,
    comment_suggestions,
    tweet_projects,
    tweet_scores,
    tweets,
)
from viral_assets.vocabulary import POSTED, REJECTED

MOST_DAYS = 366
DEFAULT_DAYS = 30

Key = tuple[date, str]


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
    if not 1 <= days <= MOST_DAYS:
        raise ConfigurationError(f"the numbers are of 1 to {MOST_DAYS} days, not {days}")
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    span = _Span(datetime(first.year, first.month, first.day, tzinfo=UTC), days, project)
    decisions = _decisions(connection, span)
    funnels, costs = _funnels(connection, span, decisions.by_day), _costs(connection, span)
    projects = {name for _, name in funnels} | ({project} if project is not None else set())
    return NumbersReport(
        project=project,
        first=first,
        last=last,
        generated_at=now,
        days=tuple(
            DayNumbers(day, name, funnels.get((day, name), Funnel()), costs.get((day, name), 0.0))
            for day in span.dates
            for name in sorted(projects)
        ),
        by_topic=decisions.by_topic,
        by_type=_rates_of_types(connection, span),
        by_band=decisions.by_band,
        quota=quota_by_day(connection, now, days),
        limits=limits,
        packs=read_packs(connection, span.hours.start, span.hours.end, project),
        edits=edits_by_week(connection, span.hours, project),
    )


class _Span:
    """The days and the project that are counted."""

    def __init__(self, start: datetime, days: int, project: str | None) -> None:
        self.hours, self.project = HourRange(start, start + timedelta(days=days)), project
        self.dates = tuple((start + timedelta(days=number)).date() for number in range(days))

    def of(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        """The conditions on a table with ``window_start`` and ``project``."""
        return within(table, self.hours, self.project)


def _funnels(connection: sa.Connection, span: _Span, decided: Mapping[str, Counter[Key]]) -> dict[Key, Funnel]:
    """What there is of each day and project."""
    counted = {
        "scored": _rows_of(connection, tweet_scores, span),
        "opportunities": _rows_of(connection, comment_opportunities, span),
        **decided,
    }
    worked_on = {name for counts in counted.values() for _, name in counts}
    counted["tweets"] = _tweets(connection, span, worked_on)
    keys = {key for counts in counted.values() for key in counts}
    return {key: Funnel(**{name: counts[key] for name, counts in counted.items()}) for key in keys}


def _rows_of(connection: sa.Connection, table: sa.Table, span: _Span) -> Counter[Key]:
    # By hours, which are indexed; the hours of a day are added up here.
    query = (
        sa.select(table.c.window_start, table.c.project, sa.func.count())
        .where(*span.of(table))
        .group_by(table.c.window_start, table.c.project)
    )
    return _by_day(connection.execute(query))


def _tweets(connection: sa.Connection, span: _Span, worked_on: Collection[str]) -> Counter[Key]:
    """The tweets that count for each project. One that came for none in particular counts for every project there is:
    those that tweets came for, and those that are ``worked_on``. Where there is none, they stand under ``*``."""
    came = tweet_projects
    of_days = within(tweets, span.hours)
    named = list(values_of(connection, tweet_projects.c.project, _NAMED))
    if not named:  # the usual case, and for that the tweets need not be looked at one by one
        query = sa.select(tweets.c.window_start, sa.literal(EVERY_PROJECT), sa.func.count()).where(*of_days)
        counts = _by_day(connection.execute(query.group_by(tweets.c.window_start)))
    else:
        # One column for each project: in the order of the index, where a second name to group by would need a sort.
        known = [EVERY_PROJECT, *named]
        columns = [sa.func.count().filter(came.c.project == name) for name in known]
        query = (
            sa.select(tweets.c.window_start, *columns)
            .join_from(tweets, came, came.c.tweet_id == tweets.c.tweet_id)
            .where(*of_days)
            .group_by(tweets.c.window_start)
        )
        counts = _by_day(
            (hour, name, count)
            for hour, *found in connection.execute(query)
            for name, count in zip(known, found, strict=True)
            if count
        )
    shared = {day: count for (day, name), count in counts.items() if name == EVERY_PROJECT}
    if shared:
        counts = _shared_out(counts, shared, worked_on or ({span.project} if span.project else ()))
    if shared and named:
        counts.subtract(_came_for_both(connection, span))
    return Counter({key: count for key, count in counts.items() if span.project in (None, key[1])})


# As the index has it: with a parameter in the place of the star, SQLite would not see that it fits.
_NAMED = tweet_projects.c.project != sa.literal_column(f"'{EVERY_PROJECT}'")


def _shared_out(counts: Counter[Key], shared: Mapping[date, int], worked_on: Collection[str]) -> Counter[Key]:
    """The tweets for every project, added to those of each."""
    names = {name for _, name in counts if name != EVERY_PROJECT}.union(worked_on)
    if not names:
        return counts
    days = {day for day, _ in counts}
    return Counter({(day, name): counts[day, name] + shared.get(day, 0) for day in days for name in names})


def _came_for_both(connection: sa.Connection, span: _Span) -> Counter[Key]:
    """Tweets that came for a project and also for every one."""
    came, for_all = tweet_projects, tweet_projects.alias()
    query = (
        sa.select(tweets.c.window_start, came.c.project, sa.func.count())
        .join_from(tweets, came, came.c.tweet_id == tweets.c.tweet_id)
        .join(for_all, sa.and_(for_all.c.tweet_id == tweets.c.tweet_id, for_all.c.project == EVERY_PROJECT))
        .where(*within(tweets, span.hours), FoundByHour(came.c.project) != EVERY_PROJECT)
        .group_by(tweets.c.window_start, came.c.project)
    )
    return _by_day(connection.execute(query))


@dataclass(frozen=True)
class _DecisionCounts:
    """Suggestions by day and project, tweets by what became of theirs, and how often people said yes."""

    by_day: dict[str, Counter[Key]]
    by_topic: tuple[Rate, ...]
    by_band: tuple[Rate, ...]


def _decisions(connection: sa.Connection, span: _Span) -> _DecisionCounts:
    each, opportunity = _per_tweet(span), comment_opportunities
    band = sum((sa.case((opportunity.c.total >= edge / BANDS, 1), else_=0) for edge in range(1, BANDS)), sa.literal(0))
    flags = ("approved", "refused", "posted")
    amounts = ("suggestions", "approved_suggestions", "rejected_suggestions", "posted_suggestions")
    query = (
        sa.select(
            each.c.window_start,
            each.c.project,
            opportunity.c.topic,
            band.label("band"),
            sa.func.count().label("answered"),
            *(sa.func.sum(each.c[name]).label(name) for name in (*flags, *amounts)),
        )
        .outerjoin_from(
            each,
            opportunity,
            sa.and_(opportunity.c.project == each.c.project, opportunity.c.tweet_id == each.c.tweet_id),
        )
        .group_by(each.c.window_start, each.c.project, opportunity.c.topic, band)
    )
    by_day: dict[str, Counter[Key]] = {name: Counter() for name in ("answered", *flags, *amounts)}
    topics: _Decided = defaultdict(Counter)
    bands: _Decided = defaultdict(Counter)
    for row in connection.execute(query):
        key = (row.window_start.date(), row.project)
        for name, of_days in by_day.items():
            # PostgreSQL adds up to a Decimal.
            of_days[key] += int(getattr(row, name))
        decided = int(row.approved) + int(row.refused)
        if decided and row.topic is not None:
            for counts in (topics[row.topic], bands[band_name(row.band)]):
                counts.update(approved=int(row.approved), decided=decided)
    in_order = tuple(sorted(_rates(bands), key=lambda rate: rate.name))
    return _DecisionCounts(by_day, _most_decided_first(topics), in_order)


def _per_tweet(span: _Span) -> sa.Subquery:
    """A row for each tweet with suggestions: how many there are, and 1 or 0 for what a person made of them."""
    table = comment_suggestions

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    approved, rejected = count(STANDS_APPROVED), count(table.c.status == REJECTED)
    posted = count(table.c.status == POSTED)
    return (
        sa.select(
            table.c.project,
            table.c.tweet_id,
            sa.func.min(table.c.window_start, type_=table.c.window_start.type).label("window_start"),
            sa.case((approved > 0, 1), else_=0).label("approved"),
            sa.case((rejected == sa.func.count(), 1), else_=0).label("refused"),
            sa.case((posted > 0, 1), else_=0).label("posted"),
            sa.func.count().label("suggestions"),
            approved.label("approved_suggestions"),
            rejected.label("rejected_suggestions"),
            posted.label("posted_suggestions"),
        )
        .where(*span.of(table))
        .group_by(table.c.project, table.c.tweet_id)
        .subquery()
    )


def _rates_of_types(connection: sa.Connection, span: _Span) -> tuple[Rate, ...]:
    table = comment_suggestions
    # Counted and not filtered: in a filter SQLite would take the statuses for rarer than the hours.
    decided = sa.func.sum(sa.case((STANDS_APPROVED, 1), (table.c.status == REJECTED, 1), else_=0))
    query = (
        sa.select(table.c.suggestion_type, sa.func.sum(sa.case((STANDS_APPROVED, 1), else_=0)), decided)
        .where(*span.of(table))
        .group_by(table.c.suggestion_type)
        .having(decided > 0)
    )
    types: _Decided = defaultdict(Counter)
    for name, approvals, count in connection.execute(query):
        types[name].update(approved=int(approvals), decided=int(count))
    return _most_decided_first(types)


_Decided = defaultdict[str, Counter[str]]


def _rates(counted: _Decided) -> list[Rate]:
    return [Rate(name, counts["approved"], counts["decided"]) for name, counts in counted.items()]


def _most_decided_first(counted: _Decided) -> tuple[Rate, ...]:
    return tuple(sorted(_rates(counted), key=lambda rate: (-rate.decided, rate.name)))


def _costs(connection: sa.Connection, span: _Span) -> dict[Key, float | None]:
    """What the suggestions of each day cost; None where a price is unknown."""
    costs: dict[Key, float | None] = {}
    for (hour, project), cost in cost_of_suggestions(connection, span.hours, span.project).items():
        key = (hour.date(), project)
        before = costs.get(key, 0.0)
        costs[key] = None if cost is None or before is None else before + cost
    return costs


def _by_day(rows: Iterable[Any]) -> Counter[Key]:
    """Counts of (hour, project) as counts of (day, project)."""
    counts: Counter[Key] = Counter()
    for hour, project, count in rows:
        counts[hour.date(), project] += count
    return counts
