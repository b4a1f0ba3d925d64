"""The tweets of hours as DataFrames, for what is computed of them. Writing them is in ``tweets``."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import came_for, within
from viral_assets.store.frames import read_frame
from viral_assets.store.observations import ENGAGEMENT
from viral_assets.store.tables import tweet_snapshots, tweets


def read_tweets(connection: sa.Connection, window: HourRange, *, project: str | None = None) -> pd.DataFrame:
    """The tweets posted in ``window``, ordered by hour and id: all columns of the table (dtypes: see ``frames``).

    Args:
        project: only tweets that came for this project or for everybody; None for all.
    """
    query = sa.select(tweets).where(*within(tweets, window)).order_by(tweets.c.window_start, tweets.c.tweet_id)
    return read_frame(connection, query if project is None else query.where(came_for(project)))


def read_earlier_snapshots(connection: sa.Connection, window: HourRange, *, at_least_before: timedelta) -> pd.DataFrame:
    """For each tweet of ``window`` that was seen before its newest counts: as it was then.

    Args:
        at_least_before: how much earlier that must have been. Of several such snapshots it is the latest that has any
            of the counts.

    Returns:
        ``tweet_id``, ``earlier_collected_at``, ``earlier_like_count``, ``earlier_reply_count`` and
        ``earlier_retweet_count``, ordered by id. A count is absent where either look does not know it: there is nothing
        to compare.
    """
    newest, snapshots = tweets.c, tweet_snapshots.c
    # Only tweets whose counts have changed, or that were seen again, have an earlier snapshot; most were observed once.
    query = (
        sa.select(
            snapshots.tweet_id,
            newest.collected_at,
            snapshots.collected_at.label("earlier_collected_at"),
            *(snapshots[name].label(f"earlier_{name}") for name in ENGAGEMENT),
        )
        .join_from(tweets, tweet_snapshots, snapshots.tweet_id == newest.tweet_id)
        .where(*within(tweets, window), snapshots.collected_at < newest.collected_at)
        .order_by(snapshots.tweet_id, snapshots.collected_at)
    )
    frame = read_frame(connection, query)
    early_enough = frame["collected_at"] - frame["earlier_collected_at"] >= at_least_before
    known = frame[[f"earlier_{name}" for name in ENGAGEMENT]].notna().any(axis=1)
    latest = frame[early_enough & known].drop_duplicates("tweet_id", keep="last")
    latest = latest.drop(columns="collected_at").reset_index(drop=True)
    _forget_unknown_now(connection, window, latest)
    return latest


def _forget_unknown_now(connection: sa.Connection, window: HourRange, earlier: pd.DataFrame) -> None:
    """Take out the earlier counts that the newest look does not know: what the tweet's row has then is not newer."""
    newest, snapshots = tweets.c, tweet_snapshots.c
    query = (
        sa.select(snapshots.tweet_id, *(snapshots[name] for name in ENGAGEMENT))
        .join_from(tweets, tweet_snapshots, snapshots.tweet_id == newest.tweet_id)
        .where(
            *within(tweets, window),
            snapshots.collected_at == newest.collected_at,
            sa.or_(*(snapshots[name].is_(None) for name in ENGAGEMENT)),
        )
    )
    unknown = read_frame(connection, query).set_index("tweet_id").isna()
    for name in ENGAGEMENT:
        earlier.loc[earlier["tweet_id"].isin(unknown.index[unknown[name]]), f"earlier_{name}"] = pd.NA
