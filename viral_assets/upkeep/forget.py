"""Forgetting tweets and authors, as X's terms and people's rights ask for: whatever holds their words goes, and nothing
brings them back.

The tables are one transaction. Files come before it: as long as the tables know which tweets are an author's, the same
words said again find what is left. Digests come after it once more, as one may have been written meanwhile.

What was paid for them stays as a number; what people decided about them goes, too, since it quotes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from viral_assets.store.append_only import events_may_be_deleted
from viral_assets.store.bulk import in_parts
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import Subject, forgotten_among, note_again, note_forgotten, subject_conditions
from viral_assets.store.references import KnownPost, Referring, drop_posts, posts_of, referring_to
from viral_assets.store.tables import (
    embeddings,
    llm_requests,
    posted_replies,
    rejected_records,
    suggestion_events,
    tweets,
)
from viral_assets.store.tweets import forget_tweets, tables_about_replies, tables_about_tweets
from viral_assets.text.hashing import text_hash
from viral_assets.upkeep.archive import archived_tweets_of, take_out_of_archive
from viral_assets.upkeep.mentions import files_naming, names_any
from viral_assets.upkeep.rows import take_out_of

_AT_ONCE = 2_000


@dataclass(slots=True)
class ForgetReport:
    """What went.

    Args:
        rows: by table; of ``llm_requests``, those whose answer went.
        hours: of the tweets that were stored, and of those that answer or quote them or theirs; the digests of these
            hours are to be written anew.
        digests: files that were deleted.
        files: of the inbox, that still hold one of the ids: those are yours to delete.
        archived: rows of the archive.
    """

    rows: dict[str, int] = field(default_factory=dict)
    hours: set[datetime] = field(default_factory=set)
    digests: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    archived: int = 0


def forget(
    database: Database,
    subjects: Sequence[Subject],
    now: datetime,
    *,
    digests: Path | None = None,
    inbox: Path | None = None,
    archive: Path | None = None,
    dry_run: bool = False,
) -> ForgetReport:
    """Take out all that is stored of tweets and authors, and pass them over from now on.

    Args:
        digests: their folder.
        inbox: files in it are looked through, not changed.
        archive: of what was pruned; its files are written anew.
        dry_run: find what would go, and change nothing.

    Raises:
        DatabaseUnavailableError: it does not answer; nothing has changed then.
        ConfigurationError: a file of the archive cannot be read or written; say it again then.
    """
    subjects = list(dict.fromkeys(subjects))
    if archive is not None:
        accounts = [name for kind, name in subjects if kind != "tweet"]
        subjects += [("tweet", each) for each in sorted(archived_tweets_of(archive, accounts))]
    done = ForgetReport()
    with database.read() as connection:
        found = _find(connection, subjects)
    if archive is not None:
        gone = take_out_of_archive(archive, found.named, found.accounts, now, dry_run=dry_run)
        done.archived = sum(gone.values())
    shown = set(_digests_with(found, digests, dry_run=dry_run))
    with database.read() if dry_run else database.begin() as connection:
        found = _find(connection, subjects)
        done.rows = _in_tables(connection, found, now, dry_run=dry_run)
    shown.update(_digests_with(found, digests, dry_run=dry_run))
    done.digests = sorted(shown)
    done.hours = {row.window_start for row in found.tweets} | {row.window_start for row in found.referring}
    done.files = list(files_naming(inbox, found.named))
    return done


def forget_again(database: Database, noted: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Take out what an older state of the tables brought back.

    Args:
        noted: what :func:`~viral_assets.store.forgotten.forgotten` said of the newer state.

    Returns:
        How many tweets went.
    """
    names = ("tweet_id", "author_id", "author_handle", "window_start")
    with database.begin() as connection:
        note_again(connection, noted)
        query = sa.select(*(tweets.c[name] for name in names)).execution_options(yield_per=_AT_ONCE)
        ids: list[Subject] = []
        for rows in connection.execute(query).partitions():
            columns = dict(zip(names, zip(*rows, strict=True), strict=True))
            ids += [("tweet", rows[at].tweet_id) for at in forgotten_among(connection, columns)]
    return forget(database, ids, now).rows["tweets"] if ids else 0


class _Stored(NamedTuple):
    tweet_id: str
    author_id: str | None
    author_handle: str
    text_sha256: str
    window_start: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    """What the tables know of subjects.

    Args:
        subjects: with what stands for the same: the ids of an author's tweets and posts, and the id of an account whose
            handle may change.
        tweets: those that are meant, by whichever name.
        posts: the same of what others answer and quote.
        referring: tweets of others that answer or quote any of these.
    """

    subjects: Sequence[Subject]
    tweets: Sequence[_Stored]
    posts: Sequence[KnownPost]
    referring: Sequence[Referring]

    @property
    def named(self) -> list[str]:
        """Ids of the tweets and posts, whether they are stored or not."""
        return sorted({name for kind, name in self.subjects if kind == "tweet"})

    @property
    def accounts(self) -> set[str]:
        """Ids and handles of the accounts, in small letters."""
        return {name.casefold() for kind, name in self.subjects if kind != "tweet"}


def _find(connection: sa.Connection, subjects: Sequence[Subject]) -> _Found:
    stored, posts = _stored(connection, subjects), posts_of(connection, subjects)
    handles = {name.casefold() for kind, name in subjects if kind == "handle"}
    names: dict[Subject, None] = dict.fromkeys(subjects)
    for tweet_id, author_id, author_handle in [
        *((row.tweet_id, row.author_id, row.author_handle) for row in stored),
        *((row.post_id, row.author_id, row.author_handle) for row in posts),
    ]:
        names["tweet", tweet_id] = None
        if author_id and author_handle.casefold() in handles:
            names["author", author_id] = None
    found = _Found(list(names), stored, posts, [])
    return replace(found, referring=referring_to(connection, found.named))


def _stored(connection: sa.Connection, subjects: Sequence[Subject]) -> list[_Stored]:
    wanted = sa.select(*(tweets.c[name] for name in _Stored._fields))
    found = {
        row.tweet_id: _Stored(*row)
        for of_these in subject_conditions(connection, subjects, tweets, tweets.c.tweet_id)
        for row in connection.execute(wanted.where(of_these))
    }
    return list(found.values())


def _in_tables(connection: sa.Connection, found: _Found, now: datetime, *, dry_run: bool) -> dict[str, int]:
    """How many rows of each table go, or would."""
    ids = found.named
    rows = _counts(connection, ids)
    rows["referenced_posts"] = len(found.posts)
    said = {row.text_sha256 for row in found.tweets} | {text_hash(post.text) for post in found.posts if post.text}
    texts = _texts_of_nobody_else(connection, ids, said)
    rows["embeddings"] = take_out_of(connection, embeddings, embeddings.c.text_sha256, texts, dry_run=dry_run)
    answers = _answers_about(connection, set(ids))
    rows["llm_requests"] = len(answers)
    quarantine = _in_quarantine(connection, found)
    rows["rejected_records"] = len(quarantine)
    if dry_run:
        return rows
    drop_posts(connection, [post.post_id for post in found.posts])
    _drop_answers(connection, answers, set(ids), now)
    for at in range(0, len(quarantine), _AT_ONCE):
        some = rejected_records.c.id.in_(quarantine[at : at + _AT_ONCE])
        connection.execute(sa.delete(rejected_records).where(some))
    with events_may_be_deleted(connection):
        take_out_of(connection, suggestion_events, suggestion_events.c.tweet_id, ids, dry_run=False)
    forget_tweets(connection, ids)
    note_forgotten(connection, found.subjects, rows, now)
    return rows


def _counts(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    tables = [*tables_about_tweets(), suggestion_events]
    rows = {table.name: take_out_of(connection, table, table.c.tweet_id, ids, dry_run=True) for table in tables}
    to_these = sa.select(posted_replies.c.reply_id)
    replies = {
        reply_id
        for condition in in_parts(connection, posted_replies.c.tweet_id, ids)
        for reply_id in connection.scalars(to_these.where(condition))
    }
    for table in tables_about_replies():
        rows[table.name] = take_out_of(connection, table, table.c.reply_id, sorted({*ids, *replies}), dry_run=True)
    return rows


def _texts_of_nobody_else(connection: sa.Connection, ids: Sequence[str], texts: set[str]) -> list[str]:
    """Hashes of texts that no tweet has that stays."""
    gone = set(ids)
    said = sa.select(tweets.c.text_sha256, tweets.c.tweet_id)
    kept = {
        row.text_sha256
        for with_these in in_parts(connection, tweets.c.text_sha256, sorted(texts))
        for row in connection.execute(said.where(with_these))
        if row.tweet_id not in gone
    }
    return sorted(texts - kept)


def _answers_about(connection: sa.Connection, ids: set[str]) -> list[str]:
    """Requests that asked about any of the tweets; all are looked at, as nothing finds them by tweet."""
    columns = llm_requests.c
    query = sa.select(columns.id, columns.tweet_ids).execution_options(yield_per=_AT_ONCE)
    return [row.id for row in connection.execute(query) if ids.intersection(row.tweet_ids or ())]


def _drop_answers(connection: sa.Connection, requests: Sequence[str], ids: set[str], now: datetime) -> None:
    """An answer speaks of all tweets of its request: what is not read yet is asked about again, but for these."""
    columns = llm_requests.c
    for request in requests:
        row = connection.execute(sa.select(columns.tweet_ids, columns.parsed_at).where(columns.id == request)).one()
        # Empty, so that the others keep their places.
        left = ["" if tweet in ids else tweet for tweet in row.tweet_ids]
        read = now.timestamp() if row.parsed_at is None else row.parsed_at
        changes = {"tweet_ids": left, "raw_answer": None, "error": None, "parsed_at": read}
        connection.execute(sa.update(llm_requests).where(columns.id == request).values(changes))


def _in_quarantine(connection: sa.Connection, found: _Found) -> list[int]:
    """Records whose raw text has one of the names; all are looked at."""
    names = {*found.named, *found.accounts}
    query = sa.select(rejected_records.c.id, rejected_records.c.raw).execution_options(yield_per=_AT_ONCE)
    return [row.id for row in connection.execute(query) if names_any(row.raw, names)] if names else []


def _digests_with(found: _Found, folder: Path | None, *, dry_run: bool) -> list[Path]:
    """Digests that show any of it, also as what another tweet answers or quotes; gone then, but for a dry run."""
    ids = {*found.named, *(row.tweet_id for row in found.referring)}
    files = list(files_naming(folder, ids, found.accounts))
    for file in files if not dry_run else ():
        file.unlink(missing_ok=True)
    return files
