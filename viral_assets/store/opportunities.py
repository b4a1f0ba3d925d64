"""What the flow itself asks of the chosen tweets. What a person is shown of them is read in ``queries``."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import between, within
from viral_assets.store.frames import read_frame
from viral_assets.store.tables import comment_opportunities, tweet_scores, tweets


def read_chosen_texts(connection: sa.Connection, project: str, start: datetime, end: datetime) -> pd.DataFrame:
    """``window_start``, ``tweet_id``, ``text`` and ``text_sha256`` of the project's opportunities of the hours
    ``[start, end)``."""
    opportunity, tweet = comment_opportunities, tweets.c
    query = (
        sa.select(opportunity.c.window_start, tweet.tweet_id, tweet.text, tweet.text_sha256)
        .join_from(opportunity, tweets, tweet.tweet_id == opportunity.c.tweet_id)
        .where(*between(opportunity, start, end, project))
    )
    return read_frame(connection, query)


def chosen_with_old_counts(connection: sa.Connection, project: str, hours: HourRange, *, before: datetime) -> list[str]:
    """Ids of the project's opportunities whose counts were seen before ``before``, the best first."""
    opportunity = comment_opportunities
    query = (
        sa.select(opportunity.c.tweet_id)
        .join(tweets, tweets.c.tweet_id == opportunity.c.tweet_id)
        .where(*within(opportunity, hours, project), tweets.c.collected_at < before)
        .order_by(opportunity.c.total.desc(), opportunity.c.tweet_id)
    )
    return list(connection.execute(query).scalars())


def read_scored_keys(connection: sa.Connection, hours: HourRange) -> pd.DataFrame:
    """``window_start``, ``project`` and ``tweet_id`` of the opportunities that have a score of their hour."""
    opportunity, scores = comment_opportunities.c, tweet_scores
    query = (
        sa.select(scores.c.window_start, scores.c.project, scores.c.tweet_id)
        .join(
            comment_opportunities,
            (opportunity.project == scores.c.project)
            & (opportunity.tweet_id == scores.c.tweet_id)
            & (opportunity.window_start == scores.c.window_start),
        )
        .where(*within(scores, hours))
    )
    return read_frame(connection, query)
