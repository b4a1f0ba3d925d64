"""Letting go of what is older than it should be kept, a day at a time: each is one transaction, and a run that was
stopped goes on where it was.

Decisions stay, with their tweets and all suggestions for them; so does what was paid, what was posted, and how many
tweets of an hour were chosen or left out, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import within
from viral_assets.store.engine import Database
from viral_assets.store.pruned import note_pruned
from viral_assets.store.references import forget_unreferenced, read_contexts_of
from viral_assets.store.tables import (
    comment_suggestions,
    embeddings,
    generation_claims,
    llm_requests,
    rejected_records,
    suggestion_events,
    tweet_snapshots,
    tweets,
)
from viral_assets.store.tweets import tables_about_tweets
from viral_assets.text.hashing import text_hash
from viral_assets.upkeep.digest_files import old_digests
from viral_assets.upkeep.retention import KINDS, Cutoffs
from viral_assets.upkeep.rows import take_out, take_out_of
from viral_assets.vocabulary import PENDING

DAY = timedelta(days=1)


@dataclass(slots=True)
class Pruned:
    """How much of each kind went, or would go: tweets for ``undecided``, files for ``digests``, else rows."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))


_Remove = Callable[[sa.Connection, HourRange, datetime, bool], int]

Progress = Callable[[str, datetime], None]
"""Told of each day that is done: kind and day."""


def prune(
    database: Database,
    cutoffs: Cutoffs,
    *,
    digests: Path | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _kind, _day: None,
) -> Pruned:
    """Let go of what is older.

    Args:
        digests: their folder.
        dry_run: count, and change nothing.

    Raises:
        DatabaseUnavailableError: it does not answer; what was pruned until then stays so.
    """
    done = Pruned()
    transaction = database.read if dry_run else database.begin
    # Vectors before the tweets by whose texts they are found.
    by_day: dict[str, _Remove] = {"vectors": _Vectors(), "snapshots": _snapshots, "undecided": _undecided}
    for kind, remove in by_day.items():
        if kind not in cutoffs.before:
            continue
        before = cutoffs.before[kind]
        for day in _days_with_tweets(database, before):
            with transaction() as connection:
                done.counts[kind] += remove(connection, day, before, dry_run)
                if not dry_run and kind != "snapshots":
                    note_pruned(connection, kind, day.end)
            progress(kind, day.start)
    if "undecided" in cutoffs.before and not dry_run:
        with database.begin() as connection:
            forget_unreferenced(connection)
    if "answers" in cutoffs.before:
        for start in _days_with_answers(database, cutoffs.before["answers"]):
            with transaction() as connection:
                done.counts["answers"] += _answers(connection, start, dry_run)
            progress("answers", start)
    if "rejects" in cutoffs.before:
        with transaction() as connection:
            old = rejected_records.c.rejected_at < cutoffs.before["rejects"]
            done.counts["rejects"] = take_out(connection, rejected_records, [old], dry_run=dry_run)
    if "digests" in cutoffs.before and digests is not None:
        for file in old_digests(digests, cutoffs.before["digests"]):
            done.counts["digests"] += 1
            if not dry_run:
                file.unlink(missing_ok=True)
    return done


def _days_with_tweets(database: Database, before: datetime) -> Iterator[HourRange]:
    """Each day before a midnight that has tweets."""
    hour, after = tweets.c.window_start, datetime.min.replace(tzinfo=UTC)
    while True:
        with database.read() as connection:
            first = connection.scalar(sa.select(sa.func.min(hour)).where(hour >= after, hour < before))
        if first is None:
            return
        midnight = first.replace(hour=0)
        after = midnight + DAY
        yield HourRange(midnight, after)


def _days_with_answers(database: Database, before: datetime) -> Iterator[datetime]:
    asked, end = llm_requests.c.granted_at, before.timestamp()
    after = 0.0
    while True:
        with database.read() as connection:
            first = connection.scalar(sa.select(sa.func.min(asked)).where(asked >= after, asked < end))
        if first is None:
            return
        midnight = datetime.fromtimestamp(first, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        after = (midnight + DAY).timestamp()
        yield midnight


class _Vectors:
    """Vectors of texts that no tweet has that is kept longer, and of what the tweets of the day answer and quote."""

    def __init__(self) -> None:
        self._kept: set[str] | None = None

    def __call__(self, connection: sa.Connection, day: HourRange, before: datetime, dry_run: bool) -> int:
        if self._kept is None:
            newer = sa.select(tweets.c.text_sha256).where(tweets.c.window_start >= before).distinct()
            self._kept = set(connection.scalars(newer))
        of_day = connection.scalars(sa.select(tweets.c.text_sha256).where(*within(tweets, day)).distinct())
        around = (text for context in read_contexts_of(connection, day).values() for _, text in context.texts)
        texts = sorted({*of_day, *map(text_hash, around)} - self._kept)
        hashes = embeddings.c.text_sha256
        return sum(
            take_out_of(connection, embeddings, hashes, texts, embeddings.c.model == model, dry_run=dry_run)
            for model in _models(connection)
        )


def _models(connection: sa.Connection) -> Iterator[str]:
    """Of all vectors: each is looked up in the index, and nothing between them is read."""
    last = ""
    query = sa.select(sa.func.min(embeddings.c.model)).where(embeddings.c.model > sa.bindparam("last"))
    while (found := connection.scalar(query, {"last": last})) is not None:
        yield found
        last = found


def _snapshots(connection: sa.Connection, day: HourRange, _before: datetime, dry_run: bool) -> int:
    ids = connection.scalars(sa.select(tweets.c.tweet_id).where(*within(tweets, day))).all()
    return take_out_of(connection, tweet_snapshots, tweet_snapshots.c.tweet_id, ids, dry_run=dry_run)


def _undecided(connection: sa.Connection, day: HourRange, _before: datetime, dry_run: bool) -> int:
    kept = _decided(connection, day) | set(connection.scalars(sa.select(generation_claims.c.tweet_id)))
    ids = connection.scalars(sa.select(tweets.c.tweet_id).where(*within(tweets, day)))
    gone = [tweet for tweet in ids if tweet not in kept]
    if not dry_run:
        for table in tables_about_tweets():
            # By their hour, where rows have one: no index leads from a tweet alone to those of all projects.
            hours = within(table, day) if "window_start" in table.c else []
            take_out_of(connection, table, table.c.tweet_id, gone, *hours, dry_run=False)
    return len(gone)


def _decided(connection: sa.Connection, day: HourRange) -> set[str]:
    """Tweets of a day about whose suggestions anybody has ever decided, whatever became of it."""
    written, events = comment_suggestions.c, suggestion_events.c
    ever = sa.exists().where(events.project == written.project, events.tweet_id == written.tweet_id)
    decided = sa.or_(written.status != PENDING, written.decided_at.is_not(None), ever)
    return set(connection.scalars(sa.select(written.tweet_id).where(*within(comment_suggestions, day), decided)))


def _answers(connection: sa.Connection, midnight: datetime, dry_run: bool) -> int:
    asked = llm_requests.c
    old = [
        asked.granted_at >= midnight.timestamp(),
        asked.granted_at < (midnight + DAY).timestamp(),
        asked.raw_answer.is_not(None),
        # What was not read yet was paid for, and is read by the next run.
        asked.parsed_at.is_not(None),
    ]
    if dry_run:
        return connection.scalar(sa.select(sa.func.count()).select_from(llm_requests).where(*old)) or 0
    return connection.execute(sa.update(llm_requests).where(*old).values(raw_answer=None)).rowcount
