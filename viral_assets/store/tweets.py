"""Tweets in and out: one row a tweet with its newest counts, and every change of the counts as a snapshot.

What a new sight of a tweet changes is decided in ``sights``; whether a record is a tweet in ``sources``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any

import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import insert_columns, one_of, serialise_writers, storable, upsert_columns
from viral_assets.store.frames import read_frame
from viral_assets.store.sights import Sight, Tweet
from viral_assets.store.tables import EVERY_PROJECT, CleanText, clean_text, tweet_projects, tweet_snapshots, tweets

_TEXTS = [column.name for column in tweets.c if isinstance(column.type, CleanText)]
_LOOKUP_ROWS = 5_000
_moment = itemgetter("collected_at")


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What became of the rows: ``read == new + updated + unchanged``."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def read(self) -> int:
        return self.new + self.updated + self.unchanged

    def __add__(self, other: UpsertCounts) -> UpsertCounts:
        return UpsertCounts(self.new + other.new, self.updated + other.updated, self.unchanged + other.unchanged)


def upsert_tweets(
    connection: sa.Connection, rows: Sequence[Mapping[str, Any]], *, project: str = EVERY_PROJECT
) -> UpsertCounts:
    """Store sights of tweets, in any order, the same tweet as often as it comes.

    A tweet's row shows its latest sight (by ``collected_at``; of two sights of one moment, the higher one of each
    count). What that does not tell, a handle or a number of views, stays as it was known before. The time and hour a
    tweet was posted never change. A sight whose counts differ from the last ones known becomes a snapshot.

    Args:
        connection: a write transaction; nobody else writes tweets until it ends.
        rows: with exactly the columns of the table ``tweets``, times aware.
        project: whose tweets these are; ``'*'`` for everybody's.

    Returns:
        How many rows brought a new tweet, changed one, or told nothing new. The same rows again change nothing.
    """
    serialise_writers(connection, tweets)
    sights: dict[str, list[Sight]] = {}
    for row in _cleaned(rows):
        sights.setdefault(row["tweet_id"], []).append(row)
    known = _known_tweets(connection, sights)

    changes = {"new": 0, "updated": 0, "unchanged": 0}
    written: list[Sight] = []
    snapshots: list[Sight] = []
    for tweet_id, seen in sights.items():
        tweet = known.get(tweet_id) or Tweet()
        before = tweet.row
        for sight in sorted(seen, key=_moment) if len(seen) > 1 else seen:
            changes[tweet.see(sight)] += 1
        if tweet.row is not None and tweet.row is not before:
            written.append(tweet.row)
        snapshots += tweet.added.values()
    for table, some in ((tweets, written), (tweet_snapshots, snapshots)):
        upsert_columns(connection, table, {column.name: [row[column.name] for row in some] for column in table.c})
    whose = {"tweet_id": list(sights), "project": [project] * len(sights)}
    insert_columns(connection, tweet_projects, whose, ignore=True)
    return UpsertCounts(**changes)


def read_tweets(connection: sa.Connection, window: HourRange, *, project: str | None = None) -> pd.DataFrame:
    """The tweets posted in ``window``, ordered by hour and id: all columns of the table (dtypes: see ``frames``).

    Args:
        project: only tweets that came for this project or for everybody; None for all.
    """
    query = sa.select(tweets).where(tweets.c.window_start >= window.start, tweets.c.window_start < window.end)
    return read_frame(connection, _of(project, query).order_by(tweets.c.window_start, tweets.c.tweet_id))


def read_earlier_looks(connection: sa.Connection, window: HourRange, *, at_least_before: timedelta) -> pd.DataFrame:
    """For each tweet of ``window`` that was seen before its newest counts: as it was then.

    Args:
        at_least_before: how much earlier that must have been. Of several such looks it is the latest.

    Returns:
        ``tweet_id``, ``earlier_collected_at``, ``earlier_like_count``, ``earlier_reply_count`` and
        ``earlier_retweet_count``, ordered by id.
    """
    newest, looks = tweets.c, tweet_snapshots.c
    # Only tweets whose counts have changed, or that were seen again, have anything to tell; most were seen once.
    query = (
        sa.select(
            looks.tweet_id,
            newest.collected_at,
            looks.collected_at.label("earlier_collected_at"),
            *(looks[f"{name}_count"].label(f"earlier_{name}_count") for name in ("like", "reply", "retweet")),
        )
        .join_from(tweets, tweet_snapshots, looks.tweet_id == newest.tweet_id)
        .where(
            newest.window_start >= window.start,
            newest.window_start < window.end,
            looks.collected_at < newest.collected_at,
        )
        .order_by(looks.tweet_id, looks.collected_at)
    )
    frame = read_frame(connection, query)
    early_enough = frame["collected_at"] - frame["earlier_collected_at"] >= at_least_before
    latest = frame[early_enough].drop_duplicates("tweet_id", keep="last")
    return latest.drop(columns="collected_at").reset_index(drop=True)


def tweet_windows(connection: sa.Connection, *, project: str | None = None) -> pd.DataFrame:
    """The hours that have tweets, in order: ``window_start`` and how many ``tweets``."""
    query = sa.select(tweets.c.window_start, sa.func.count().label("tweets"))
    return read_frame(connection, _of(project, query).group_by(tweets.c.window_start).order_by(tweets.c.window_start))


def _of(project: str | None, query: sa.Select[Any]) -> sa.Select[Any]:
    if project is None:
        return query
    came_for_it = sa.select(tweet_projects.c.tweet_id).where(
        tweet_projects.c.tweet_id == tweets.c.tweet_id, tweet_projects.c.project.in_([project, EVERY_PROJECT])
    )
    return query.where(came_for_it.exists())


def _cleaned(rows: Sequence[Mapping[str, Any]]) -> Sequence[Sight]:
    """The rows as they will be read back: compared with what is stored, a text must not differ by what no database
    can hold."""
    if all(storable([row[name] for row in rows]) for name in _TEXTS):
        return rows
    return [{**row, **{name: row[name] and clean_text(row[name]) for name in _TEXTS}} for row in rows]


def _known_tweets(connection: sa.Connection, sights: Mapping[str, Sequence[Sight]]) -> dict[str, Tweet]:
    known: dict[str, Tweet] = {}
    for ids in _slices(list(sights)):
        for row in connection.execute(sa.select(tweets).where(one_of(connection, tweets.c.tweet_id, ids))):
            known[row.tweet_id] = Tweet(dict(row._mapping))
    late = [
        tweet_id
        for tweet_id, tweet in known.items()
        if tweet.row and any(sight["collected_at"] < tweet.row["collected_at"] for sight in sights[tweet_id])
    ]
    for ids in _slices(late):
        of_these = one_of(connection, tweet_snapshots.c.tweet_id, ids)
        for row in connection.execute(sa.select(tweet_snapshots).where(of_these)):
            known[row.tweet_id].snapshots[row.collected_at] = dict(row._mapping)
    return known


def _slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + _LOOKUP_ROWS] for at in range(0, len(ids), _LOOKUP_ROWS))
