"""Whom a project has chosen or answered, and with which words: read by project and time, never all of history.

What follows from it is decided in ``scoring.engagement`` and by the quality filter of drafts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import STANDS_APPROVED, between
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweets
from viral_assets.vocabulary import REJECTED


def read_open_or_answered(
    connection: sa.Connection, project: str, hours: HourRange, *, reach: timedelta
) -> Sequence[sa.Row[Any]]:
    """The project's tweets that have suggestions of which not all were rejected, of the hours or at most ``reach``
    before or after them, or with a reply that was decided about since ``reach`` before them.

    Returns:
        tweet_id, window_start, author_id, author_handle, conversation_id, and replied_at: when the latest reply was
        decided about that stands, else None.
    """
    table = comment_suggestions
    start, end = hours.start - reach, hours.end + reach
    decided_since = sa.select(table.c.tweet_id).where(
        table.c.project == project, table.c.decided_at >= start, table.c.window_start < start, STANDS_APPROVED
    )
    near = between(table, start, end, project)
    late = [table.c.project == project, table.c.tweet_id.in_(decided_since)]
    # Each in a statement of its own, for which there is an index.
    return [row for which in (near, late) for row in connection.execute(_answered(which))]


def read_undrafted(
    connection: sa.Connection, project: str, start: datetime, end: datetime, *, chosen_since: datetime | None = None
) -> Sequence[sa.Row[Any]]:
    """The project's opportunities of the hours ``[start, end)`` that have no suggestions (yet): tweet_id, window_start,
    author_id, author_handle and conversation_id.

    Args:
        chosen_since: only those that a run chose since then.
    """
    opportunity, table = comment_opportunities, comment_suggestions.c
    drafted = sa.exists().where(table.project == opportunity.c.project, table.tweet_id == opportunity.c.tweet_id)
    query = (
        sa.select(opportunity.c.tweet_id, opportunity.c.window_start, *_of_tweet())
        .join_from(opportunity, tweets, tweets.c.tweet_id == opportunity.c.tweet_id)
        .where(*between(opportunity, start, end, project), ~drafted)
    )
    if chosen_since is not None:
        query = query.where(opportunity.c.chosen_at >= chosen_since)
    return connection.execute(query).all()


def chosen_by_hour(connection: sa.Connection, project: str, start: datetime, end: datetime) -> dict[datetime, int]:
    """How many opportunities each of the hours ``[start, end)`` has, where it has any."""
    return _by_hour(connection, comment_opportunities, project, start, end)


def drafted_by_hour(connection: sa.Connection, project: str, start: datetime, end: datetime) -> dict[datetime, int]:
    """How many tweets of each of the hours ``[start, end)`` have suggestions, where any has."""
    return _by_hour(connection, comment_suggestions, project, start, end)


def recent_replies(connection: sa.Connection, project: str, *, since: datetime, most: int) -> list[str]:
    """What the project has said: the texts that a person stands behind since, the latest ones."""
    table = comment_suggestions
    query = (
        sa.select(table.c.text)
        .where(table.c.project == project, table.c.decided_at >= since, STANDS_APPROVED)
        .order_by(table.c.decided_at.desc(), table.c.tweet_id)
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def _answered(which: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    table = comment_suggestions.c
    not_rejected = sa.func.max(sa.case((table.status == REJECTED, 0), else_=1))
    found = (
        sa.select(
            table.tweet_id,
            sa.func.min(table.window_start).label("window_start"),
            sa.func.max(sa.case((STANDS_APPROVED, table.decided_at))).label("replied_at"),
        )
        .where(*which)
        .group_by(table.tweet_id)
        .having(not_rejected == 1)
        .subquery()
    )
    return sa.select(found, *_of_tweet()).join_from(found, tweets, tweets.c.tweet_id == found.c.tweet_id)


def _of_tweet() -> list[sa.Column[Any]]:
    return [tweets.c[name] for name in ("author_id", "author_handle", "conversation_id")]


def _by_hour(
    connection: sa.Connection, table: sa.Table, project: str, start: datetime, end: datetime
) -> dict[datetime, int]:
    query = (
        sa.select(table.c.window_start, sa.func.count(sa.distinct(table.c.tweet_id)).label("tweets"))
        .where(*between(table, start, end, project))
        .group_by(table.c.window_start)
    )
    return {row.window_start: row.tweets for row in connection.execute(query)}
