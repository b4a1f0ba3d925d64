"""Tweets in and out: one row a tweet with its newest counts, and every change of the counts as a snapshot.

What a new observation of a tweet changes is decided in ``observations``; whether a record is a tweet in ``sources``.
The tweets of hours, for what is computed of them, are read in ``tweet_frames``: who writes tweets needs no pandas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import eq, itemgetter
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import insert_columns, one_of, serialise_writers, upsert_columns
from viral_assets.store.conditions import came_for
from viral_assets.store.driver_values import Columns, all_storable
from viral_assets.store.forgotten import forgotten_among, hours_of
from viral_assets.store.gone import note_seen
from viral_assets.store.hour_changes import note_changed
from viral_assets.store.observations import Observation, TweetHistory
from viral_assets.store.references import forget_unreferenced
from viral_assets.store.tables import (
    EVERY_PROJECT,
    CleanText,
    metadata,
    suggestion_events,
    tweet_projects,
    tweet_snapshots,
    tweets,
)
from viral_assets.text.cleaning import text_for_storage

_TEXTS = [column.name for column in tweets.c if isinstance(column.type, CleanText)]
_LOOKUP_ROWS = 5_000
_moment = itemgetter("collected_at")


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """What became of the rows: ``read == new + updated + unchanged``, and how many, by their hour, were passed over
    because they were to be forgotten.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    forgotten: Counter[datetime] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        return self.new + self.updated + self.unchanged

    def __add__(self, other: UpsertCounts) -> UpsertCounts:
        return UpsertCounts(
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.forgotten + other.forgotten,
        )


def upsert_tweets(
    connection: sa.Connection, rows: Sequence[Mapping[str, Any]], *, project: str = EVERY_PROJECT
) -> UpsertCounts:
    """As :func:`upsert_tweet_columns`, for rows: mappings with the columns of the table ``tweets``."""
    columns = {column.name: [row[column.name] for row in rows] for column in tweets.c}
    return upsert_tweet_columns(connection, columns, project=project)


def upsert_tweet_columns(connection: sa.Connection, columns: Columns, *, project: str = EVERY_PROJECT) -> UpsertCounts:
    """Store observations of tweets, in any order, the same tweet as often as it comes.

    A tweet's row holds its latest observation (by ``collected_at``; of two with the same time, the higher value of each
    count). What that one lacks, a handle or a number of views, stays as it was known before. The time and hour a tweet
    was posted never change. An observation whose counts differ from the last known ones becomes a snapshot. What was
    to be forgotten is passed over.

    Args:
        connection: a write transaction; nobody else writes tweets until it ends.
        columns: exactly those of the table ``tweets``, equally long, times aware.
        project: whose tweets these are; ``'*'`` for everybody's.

    Returns:
        How many observations brought a new tweet, changed one, or changed nothing. The same ones again change nothing.
    """
    serialise_writers(connection, tweets)
    columns = _cleaned(columns)
    forgotten = forgotten_among(connection, columns)
    passed_over = hours_of(columns, forgotten)
    if forgotten:
        columns = _taken(columns, [at for at in range(len(columns["tweet_id"])) if at not in forgotten])
    ids = columns["tweet_id"]
    times_seen = Counter(ids)
    known = _known_rows(connection, list(times_seen))
    # A tweet that nobody knows and that comes once, as most do, is written as it is. In the order of the ids, as
    # neighbours in an index are written faster.
    first = sorted(
        (at for at, tweet_id in enumerate(ids) if tweet_id not in known and times_seen[tweet_id] == 1),
        key=ids.__getitem__,
    )
    _write(connection, _taken(columns, first))
    seen = UpsertCounts(new=len(first), forgotten=passed_over)
    if len(first) < len(ids):
        others = _taken(columns, sorted({*range(len(ids))}.difference(first)))
        seen += _compare(
            connection, [dict(zip(others, values, strict=True)) for values in zip(*others.values(), strict=True)], known
        )
    whose = {"tweet_id": sorted(times_seen), "project": [project] * len(times_seen)}
    insert_columns(connection, tweet_projects, whose, ignore=True)
    note_seen(connection, columns)
    if seen.new:
        note_changed(connection, columns["window_start"])
    return seen


def count_by_hour(connection: sa.Connection, *, project: str | None = None) -> dict[datetime, int]:
    """How many tweets each hour has that has any, in the order of the hours.

    Args:
        project: only tweets that came for this project or for everybody; None for all.
    """
    hour = tweets.c.window_start
    query = sa.select(hour, sa.func.count()).group_by(hour).order_by(hour)
    found = connection.execute(query if project is None else query.where(came_for(project)))
    return {row[0]: row[1] for row in found}


def forget_tweets(connection: sa.Connection, tweet_ids: Sequence[str]) -> None:
    """Take tweets, and everything that came of them, out of the database. Who decided what about them stays: the audit
    is append-only."""
    for some in _slices(tweet_ids):
        for table in tables_about_tweets():
            connection.execute(sa.delete(table).where(one_of(connection, table.c.tweet_id, some)))
        for table in tables_about_replies():
            connection.execute(sa.delete(table).where(one_of(connection, table.c.reply_id, some)))
    forget_unreferenced(connection)


def tables_about_replies() -> list[sa.Table]:
    """All with a posted reply's id, which is a tweet's as well."""
    return [table for table in metadata.sorted_tables if "reply_id" in table.c]


def tables_about_tweets() -> list[sa.Table]:
    """All with a tweet's id but the audit."""
    return [
        table for table in reversed(metadata.sorted_tables) if "tweet_id" in table.c and table is not suggestion_events
    ]


def _compare(connection: sa.Connection, rows: Sequence[Observation], known: Mapping[str, Observation]) -> UpsertCounts:
    """Store observations of tweets that are known, or that come more than once, as ``observations`` decides."""
    observations: dict[str, list[Observation]] = {}
    for row in rows:
        observations.setdefault(row["tweet_id"], []).append(row)
    late = [
        tweet_id
        for tweet_id, row in known.items()
        if any(observation["collected_at"] < row["collected_at"] for observation in observations[tweet_id])
    ]
    earlier = _known_snapshots(connection, late)

    changes = {"new": 0, "updated": 0, "unchanged": 0}
    written: list[Observation] = []
    snapshots: list[Observation] = []
    for tweet_id in sorted(observations):
        before, seen = known.get(tweet_id), observations[tweet_id]
        tweet = TweetHistory(before, earlier.get(tweet_id, {}))
        for observation in sorted(seen, key=_moment) if len(seen) > 1 else seen:
            changes[tweet.observe(observation)] += 1
        if tweet.row is not None and tweet.row is not before:
            written.append(tweet.row)
        snapshots += tweet.added.values()
    for table, some in ((tweets, written), (tweet_snapshots, snapshots)):
        upsert_columns(connection, table, {column.name: [row[column.name] for row in some] for column in table.c})
    return UpsertCounts(changes["new"], changes["updated"], changes["unchanged"])


def _write(connection: sa.Connection, columns: Columns) -> None:
    """Write tweets that nobody knows, each with its first snapshot."""
    insert_columns(connection, tweets, columns)
    upsert_columns(connection, tweet_snapshots, {column.name: columns[column.name] for column in tweet_snapshots.c})


def _taken(columns: Columns, positions: Sequence[int]) -> Columns:
    """The values at these positions."""
    count = len(columns["tweet_id"])
    if len(positions) == count and all(map(eq, positions, range(count))):
        return columns
    if len(positions) < 2:
        return {name: [values[at] for at in positions] for name, values in columns.items()}
    take = itemgetter(*positions)
    return {name: list(take(values)) for name, values in columns.items()}


def _cleaned(columns: Columns) -> Columns:
    """The columns as they will be read back: compared with what is stored, a text must not differ by what no database
    can hold."""
    unclean = [name for name in _TEXTS if not all_storable(columns[name])]
    return {**columns, **{name: [text and text_for_storage(text) for text in columns[name]] for name in unclean}}


def _known_rows(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Observation]:
    known: dict[str, Observation] = {}
    for some in _slices(ids):
        for row in connection.execute(sa.select(tweets).where(one_of(connection, tweets.c.tweet_id, some))):
            known[row.tweet_id] = dict(row._mapping)
    return known


def _known_snapshots(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[datetime, Observation]]:
    known: dict[str, dict[datetime, Observation]] = {}
    for some in _slices(ids):
        of_these = one_of(connection, tweet_snapshots.c.tweet_id, some)
        for row in connection.execute(sa.select(tweet_snapshots).where(of_these)):
            known.setdefault(row.tweet_id, {})[row.collected_at] = dict(row._mapping)
    return known


def _slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + _LOOKUP_ROWS] for at in range(0, len(ids), _LOOKUP_ROWS))
