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
from viral_assets.queries.arrivals import tweets_by_hour
from viral_assets.queries.edits import edits_by_week
from viral_assets.queries.funnel_model import BANDS, DayNumbers, Funnel, NumbersReport, Rate, band_name
from viral_assets.queries.packing import read_packs
from viral_assets.queries.spending import cost_of_suggestions, quota_by_day
from viral_assets.quota.limits import Limits
from viral_assets.store.conditions import STANDS_APPROVED, within
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweet_scores
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
    """The tweets that count for each project."""
    known = worked_on or ({span.project} if span.project else ())
    counts = _by_day(tweets_by_hour(connection, span.hours, known))
    return Counter({key: count for key, count in counts.items() if span.project in (None, key[1])})


@dataclass(frozen=True)
class _DecisionCounts:
    """Suggestions by day and project, tweets by what became of theirs, and how often people said yes."""

    by_day: dict[str, Counter[Key]]
    by_topic: tuple[Rate, ...]
    by_band: tuple[Rate, ...]


_FLAGS = ("approved", "refused", "posted")
_AMOUNTS = ("suggestions", "approved_suggestions", "rejected_suggestions", "posted_suggestions")


def _decisions(connection: sa.Connection, span: _Span) -> _DecisionCounts:
    by_day: dict[str, Counter[Key]] = {name: Counter() for name in ("answered", *_FLAGS, *_AMOUNTS)}
    topics: _Decided = defaultdict(Counter)
    bands: _Decided = defaultdict(Counter)
    for hour, project, topic, band, *sums in connection.execute(_decided(span)):
        # PostgreSQL adds up to a Decimal.
        counts = {name: int(count) for name, count in zip(by_day, sums, strict=True)}
        if hour is not None:
            for name, count in counts.items():
                by_day[name][hour.date(), project] += count
        elif decided := counts["approved"] + counts["refused"]:
            for rates in (topics[topic], bands[band_name(band)]):
                rates.update(approved=counts["approved"], decided=decided)
    in_order = tuple(sorted(_rates(bands), key=lambda rate: rate.name))
    return _DecisionCounts(by_day, _most_decided_first(topics), in_order)


def _decided(span: _Span) -> sa.CompoundSelect[Any]:
    """The sums of each hour and project, then those of each topic and band of scores: the tweets are counted twice,
    where one statement by all four would have about as many rows as there are tweets. What a row is not by is null."""
    each = _per_tweet(span).cte("each_tweet").prefix_with("MATERIALIZED")
    by_hour, about = (each.c.window_start, each.c.project), (each.c.topic, each.c.band)
    sums = [sa.func.count(), *(sa.func.sum(each.c[name]) for name in (*_FLAGS, *_AMOUNTS))]
    return sa.union_all(
        sa.select(*by_hour, *(sa.null().label(column.name) for column in about), *sums).group_by(*by_hour),
        sa.select(*(sa.null().label(column.name) for column in by_hour), *about, *sums)
        .where(each.c.topic.is_not(None))
        .group_by(*about),
    )


def _per_tweet(span: _Span) -> sa.Select[Any]:
    """A row for each tweet with suggestions: how many there are, 1 or 0 for what a person made of them, and what it is
    about and how it scored, null for one that is no longer chosen."""
    table, opportunity = comment_suggestions, comment_opportunities

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    approved, rejected = count(STANDS_APPROVED), count(table.c.status == REJECTED)
    posted = count(table.c.status == POSTED)
    each = (
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
    band = sum((sa.case((opportunity.c.total >= edge / BANDS, 1), else_=0) for edge in range(1, BANDS)), sa.literal(0))
    same = sa.and_(opportunity.c.project == each.c.project, opportunity.c.tweet_id == each.c.tweet_id)
    return sa.select(*each.c, opportunity.c.topic, band.label("band")).outerjoin_from(each, opportunity, same)


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
