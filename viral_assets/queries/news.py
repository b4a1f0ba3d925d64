"""Tweets that a channel has not been told of and that nobody has decided about, with what tells whether to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from viral_assets.hours import floor_hour
from viral_assets.queries.listing import has_status
from viral_assets.store.bulk import one_of
from viral_assets.store.conditions import between
from viral_assets.store.gone import still_there
from viral_assets.store.tables import comment_opportunities, comment_suggestions, notifications, tweets
from viral_assets.vocabulary import PENDING, WAITING, Label


@dataclass(frozen=True, slots=True)
class Candidate:
    """An opportunity that may be told of.

    Args:
        ready_at: when its first draft that still stands was written.
    """

    tweet_id: str
    window_start: datetime
    label: Label
    total: float
    created_at: datetime
    ready_at: datetime


def read_news(
    connection: sa.Connection,
    project: str,
    channel: str,
    *,
    since: datetime,
    labels: Collection[Label],
    least_total: float = 0.0,
    among: Collection[str] | None = None,
) -> list[Candidate]:
    """Opportunities with something to decide that the channel has not been told of, whichever project it was.

    Args:
        since: of tweets posted from then on.
        among: only these tweets; None for all.
    """
    opportunity, told, written = comment_opportunities.c, notifications.c, comment_suggestions.c
    ready = (
        sa.select(sa.func.min(written.created_at))
        .where(
            written.project == opportunity.project,
            written.tweet_id == opportunity.tweet_id,
            written.status == PENDING,
        )
        .correlate(comment_opportunities)
        .scalar_subquery()
    )
    query = (
        sa.select(
            opportunity.tweet_id,
            opportunity.window_start,
            opportunity.label,
            opportunity.total,
            tweets.c.created_at,
            ready.label("ready_at"),
        )
        .join_from(comment_opportunities, tweets, tweets.c.tweet_id == opportunity.tweet_id)
        .outerjoin(notifications, sa.and_(told.channel == channel, told.tweet_id == opportunity.tweet_id))
        .where(
            *between(comment_opportunities, floor_hour(since), None, project),
            tweets.c.created_at >= since,
            opportunity.label.in_(list(labels)),
            opportunity.total >= least_total,
            sa.or_(told.tweet_id.is_(None), sa.and_(told.state == WAITING, told.project == project)),
            has_status(connection, "open"),
            still_there(opportunity.tweet_id),
        )
        .order_by(opportunity.tweet_id)
    )
    if among is not None:
        query = query.where(one_of(connection, opportunity.tweet_id, sorted(among)))
    return [
        Candidate(row.tweet_id, row.window_start, cast("Label", row.label), row.total, row.created_at, row.ready_at)
        for row in connection.execute(query)
    ]
