"""Letting go of what is older than it should be kept, a day at a time: each is one transaction, and a run that was
stopped goes on where it was.

Decisions stay, with their tweets and all suggestions for them; so does what was paid, what was posted, and how many
tweets of an hour were chosen or left out, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import values_of
from viral_assets.store.conditions import within
from viral_assets.store.engine import Database
from viral_assets.store.pruned import note_pruned
from viral_assets.store.references import forget_unreferenced, read_contexts_of
from viral_assets.store.tables import (
    comment_suggestions,
    embeddings,
    generation_claims,
    llm_requests,
    referenced_posts,
    rejected_records,
    suggestion_events,
    tweet_snapshots,
    tweets,
)
from viral_assets.store.tweets import tables_about_tweets
from viral_assets.text.hashing import text_hash
from viral_assets.upkeep.archive import Archive, maybe
from viral_assets.upkeep.digest_files import old_digests
from viral_assets.upkeep.retention import KINDS, Cutoffs
from viral_assets.upkeep.rows import RowRemoval
from viral_assets.vocabulary import PENDING

DAY = timedelta(days=1)


@dataclass(slots=True)
class Pruned:
    """How much of each kind went, or would go: tweets for ``undecided``, files for ``digests``, else rows."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))


_Remove = Callable[[RowRemoval, HourRange, datetime], int]

Progress = Callable[[str, datetime], None]
"""Told of each day that is done: kind and day."""


def prune(
    database: Database,
    cutoffs: Cutoffs,
    *,
    digests: Path | None = None,
    archive: Archive | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _kind, _day: None,
) -> Pruned:
    """Let go of what is older.

    Args:
        digests: their folder.
        archive: keeps what goes.
        dry_run: count, and change nothing.

    Raises:
        DatabaseUnavailableError: it does not answer; what was pruned until then stays so.
        ConfigurationError: the archive cannot be written; likewise.
    """
    pruning = _Pruning(database, cutoffs.before, archive, dry_run, progress)
    pruning.tweets()
    pruning.answers()
    pruning.rejects()
    if digests is not None:
        pruning.digests(digests)
    return pruning.done


@dataclass(slots=True)
class _Pruning:
    """See :func:`prune`."""

    database: Database
    before: Mapping[str, datetime]
    archive: Archive | None
    dry_run: bool
    progress: Progress
    done: Pruned = field(default_factory=Pruned)

    def tweets(self) -> None:
        # Vectors before the tweets by whose texts they are found.
        by_day: dict[str, _Remove] = {"vectors": _Vectors(), "snapshots": _snapshots, "undecided": _undecided}
        for kind, remove in by_day.items():
            if (before := self.before.get(kind)) is None:
                continue
            for day in _days_with_tweets(self.database, before):
                with self._transaction(f"{day.start:%F}") as going:
                    self.done.counts[kind] += remove(going, day, before)
                    if not self.dry_run and kind != "snapshots":
                        note_pruned(going.connection, kind, day.end)
                self.progress(kind, day.start)
        if (before := self.before.get("undecided")) is not None and not self.dry_run:
            with self._transaction(f"before-{before:%F}") as going:
                posts = forget_unreferenced(going.connection)
                if going.sink is not None:
                    going.sink(referenced_posts, posts)

    def answers(self) -> None:
        if (before := self.before.get("answers")) is not None:
            for start in _days_with_answers(self.database, before):
                with self._transaction(f"{start:%F}") as going:
                    self.done.counts["answers"] += _answers(going, start)
                self.progress("answers", start)

    def rejects(self) -> None:
        if (before := self.before.get("rejects")) is not None:
            with self._transaction(f"before-{before:%F}") as going:
                self.done.counts["rejects"] = going.take_out(rejected_records, rejected_records.c.rejected_at < before)

    def digests(self, folder: Path) -> None:
        if (before := self.before.get("digests")) is None:
            return
        for file in old_digests(folder, before):
            self.done.counts["digests"] += 1
            if not self.dry_run:
                if self.archive is not None:
                    self.archive.file(file, folder)
                file.unlink(missing_ok=True)

    @contextmanager
    def _transaction(self, label: str) -> Iterator[RowRemoval]:
        """A day's; the files of the archive have their names before the rows are gone."""
        begin = self.database.read if self.dry_run else self.database.begin
        with begin() as connection, maybe(None if self.dry_run else self.archive, label) as sink:
            yield RowRemoval(connection, self.dry_run, sink)


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

    def __call__(self, going: RowRemoval, day: HourRange, before: datetime) -> int:
        connection = going.connection
        if self._kept is None:
            newer = sa.select(tweets.c.text_sha256).where(tweets.c.window_start >= before).distinct()
            self._kept = set(connection.scalars(newer))
        of_day = connection.scalars(sa.select(tweets.c.text_sha256).where(*within(tweets, day)).distinct())
        around = (text for context in read_contexts_of(connection, day).values() for _, text in context.texts)
        texts = sorted({*of_day, *map(text_hash, around)} - self._kept)
        hashes = embeddings.c.text_sha256
        models = values_of(connection, embeddings.c.model)
        return sum(going.take_out_of(embeddings, hashes, texts, embeddings.c.model == model) for model in models)


def _snapshots(going: RowRemoval, day: HourRange, _before: datetime) -> int:
    ids = going.connection.scalars(sa.select(tweets.c.tweet_id).where(*within(tweets, day))).all()
    return going.take_out_of(tweet_snapshots, tweet_snapshots.c.tweet_id, ids)


def _undecided(going: RowRemoval, day: HourRange, _before: datetime) -> int:
    connection = going.connection
    kept = _decided(connection, day) | set(connection.scalars(sa.select(generation_claims.c.tweet_id)))
    ids = connection.scalars(sa.select(tweets.c.tweet_id).where(*within(tweets, day)))
    gone = [tweet for tweet in ids if tweet not in kept]
    if not going.dry_run:
        for table in tables_about_tweets():
            # By their hour, where rows have one: no index leads from a tweet alone to those of all projects.
            hours = within(table, day) if "window_start" in table.c else []
            going.take_out_of(table, table.c.tweet_id, gone, *hours)
    return len(gone)


def _decided(connection: sa.Connection, day: HourRange) -> set[str]:
    """Tweets of a day about whose suggestions anybody has ever decided, whatever became of it."""
    written, events = comment_suggestions.c, suggestion_events.c
    ever = sa.exists().where(events.project == written.project, events.tweet_id == written.tweet_id)
    decided = sa.or_(written.status != PENDING, written.decided_at.is_not(None), ever)
    return set(connection.scalars(sa.select(written.tweet_id).where(*within(comment_suggestions, day), decided)))


def _answers(going: RowRemoval, midnight: datetime) -> int:
    connection, asked = going.connection, llm_requests.c
    old = [
        asked.granted_at >= midnight.timestamp(),
        asked.granted_at < (midnight + DAY).timestamp(),
        asked.raw_answer.is_not(None),
        # What was not read yet was paid for, and is read by the next run.
        asked.parsed_at.is_not(None),
    ]
    if going.dry_run:
        return connection.scalar(sa.select(sa.func.count()).select_from(llm_requests).where(*old)) or 0
    if going.sink is not None:
        going.sink(llm_requests, connection.execute(sa.select(llm_requests).where(*old)).all())
    return connection.execute(sa.update(llm_requests).where(*old).values(raw_answer=None)).rowcount
