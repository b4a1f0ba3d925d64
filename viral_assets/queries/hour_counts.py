"""What is counted of tweets and suggestions, as numbers that can be added up: those of an hour are kept
(``kept_numbers``), and become days and a report (``funnel``). The database counts: what comes over the wire is a name a
row, however many tweets there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.queries.edits import count_edits
from viral_assets.queries.funnel_model import BANDS, band_name
from viral_assets.queries.packing import count_packs
from viral_assets.queries.spending import count_unpaid
from viral_assets.queries.tally import Counted
from viral_assets.store.conditions import STANDS_APPROVED, of_hours
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweet_scores, tweets
from viral_assets.vocabulary import POSTED, REJECTED

TWEETS, TOPIC, BAND, TYPE = "tweets", "topic", "band", "type"
"""All tweets of the hours, whoever they came for; and what is said yes or no to, each with :data:`YES` and
:data:`DECIDED`."""

YES, DECIDED = "yes", "decided"

_FLAGS = ("approved", "refused", "posted")
_AMOUNTS = ("suggestions", "approved_suggestions", "rejected_suggestions", "posted_suggestions")


def count_hours(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    """Everything that is counted of each hour but what it cost, for all projects.

    Args:
        hours: in order, and at least one.
    """
    yield from _rows(connection, hours)
    for count in (_decisions, _types, count_packs, count_edits, count_unpaid):
        yield from count(connection, hours)


def _rows(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    of = tweets.c.window_start
    every = sa.select(of, sa.func.count()).where(*of_hours(tweets, hours)).group_by(of)
    yield from ((hour, (TWEETS,), count) for hour, count in connection.execute(every))
    for name, table in (("scored", tweet_scores), ("opportunities", comment_opportunities)):
        by = (table.c.window_start, table.c.project)
        query = sa.select(*by, sa.func.count()).where(*of_hours(table, hours)).group_by(*by)
        yield from ((hour, (name, project), count) for hour, project, count in connection.execute(query))


def _decisions(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    """The tweets with suggestions by what became of theirs; and how often people said yes, by topic and score."""
    each = _per_tweet(hours).cte("each_tweet").prefix_with("MATERIALIZED")
    sums = [sa.func.count(), *(sa.func.sum(each.c[name]) for name in (*_FLAGS, *_AMOUNTS))]
    by, about = (each.c.window_start, each.c.project), (each.c.topic, each.c.band)
    # Of all tweets, then of those by topic and band that are still chosen: what a row is not by is null.
    query = sa.union_all(
        sa.select(*by, *(sa.null().label(column.name) for column in about), *sums).group_by(*by),
        sa.select(*by, *about, *sums).where(each.c.topic.is_not(None)).group_by(*by, *about),
    )
    for hour, project, topic, band, *counts in connection.execute(query):
        # PostgreSQL adds up to a Decimal.
        numbers = dict(zip(("answered", *_FLAGS, *_AMOUNTS), map(int, counts), strict=True))
        if topic is None:
            yield from ((hour, (name, project), number) for name, number in numbers.items())
        else:
            for names in ((TOPIC, project, topic), (BAND, project, band_name(band))):
                yield hour, (*names, YES), numbers["approved"]
                yield hour, (*names, DECIDED), numbers["approved"] + numbers["refused"]


def _per_tweet(hours: Sequence[datetime]) -> sa.Select[Any]:
    """A row for each tweet with suggestions: how many there are, 1 or 0 for what a person made of them, and what it is
    about and how it scored, null for one that is no longer chosen."""
    table, opportunity = comment_suggestions, comment_opportunities

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    approved, rejected = count(STANDS_APPROVED), count(table.c.status == REJECTED)
    posted = count(table.c.status == POSTED)
    by = (table.c.project, table.c.tweet_id, table.c.window_start)
    each = (
        sa.select(
            *by,
            sa.case((approved > 0, 1), else_=0).label("approved"),
            sa.case((rejected == sa.func.count(), 1), else_=0).label("refused"),
            sa.case((posted > 0, 1), else_=0).label("posted"),
            sa.func.count().label("suggestions"),
            approved.label("approved_suggestions"),
            rejected.label("rejected_suggestions"),
            posted.label("posted_suggestions"),
        )
        .where(*of_hours(table, hours))
        .group_by(*by)
        .subquery()
    )
    band = sum((sa.case((opportunity.c.total >= edge / BANDS, 1), else_=0) for edge in range(1, BANDS)), sa.literal(0))
    same = sa.and_(opportunity.c.project == each.c.project, opportunity.c.tweet_id == each.c.tweet_id)
    return sa.select(*each.c, opportunity.c.topic, band.label("band")).outerjoin_from(each, opportunity, same)


def _types(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    table = comment_suggestions
    # Counted and not filtered: in a filter SQLite would take the statuses for rarer than the hours.
    yes = sa.func.sum(sa.case((STANDS_APPROVED, 1), else_=0))
    decided = sa.func.sum(sa.case((STANDS_APPROVED, 1), (table.c.status == REJECTED, 1), else_=0))
    by = (table.c.window_start, table.c.project, table.c.suggestion_type)
    query = sa.select(*by, yes, decided).where(*of_hours(table, hours)).group_by(*by)
    for hour, project, name, *counts in connection.execute(query):
        yield from (
            (hour, (TYPE, project, name, what), int(number))
            for what, number in zip((YES, DECIDED), counts, strict=True)
        )
