"""Hours with work that was put off: opportunities whose outcome is ``deferred``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import within
from viral_assets.store.tables import comment_opportunities, generation_outcomes
from viral_assets.vocabulary import DEFERRED


@dataclass(frozen=True, slots=True)
class Deferred:
    """How many tweets of an hour wait for a later run, and when the last of them was put off."""

    tweets: int
    since: datetime


def deferred_hours(
    connection: sa.Connection, window: HourRange, projects: Collection[str] | None = None
) -> dict[datetime, Deferred]:
    """The hours of ``window`` with deferred tweets, in order. Tweets that are no opportunities any more, which no run
    would ever ask about, do not count.

    Args:
        projects: whose tweets; all by default.
    """
    ended, opportunity = generation_outcomes.c, comment_opportunities.c
    query = (
        sa.select(ended.window_start, sa.func.count(), sa.func.max(ended.updated_at))
        .join_from(
            generation_outcomes,
            comment_opportunities,
            (opportunity.project == ended.project) & (opportunity.tweet_id == ended.tweet_id),
        )
        .where(ended.outcome == DEFERRED, *within(generation_outcomes, window))
        .group_by(ended.window_start)
        .order_by(ended.window_start)
    )
    if projects is not None:
        query = query.where(ended.project.in_(projects))
    return {hour: Deferred(tweets, since) for hour, tweets, since in connection.execute(query)}
