"""What goes is written into Parquet files first: to be read again, and to be forgotten there, too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.upkeep.archive import Archive, take_out_of_archive
from viral_assets.upkeep.prune import prune
from viral_assets.upkeep.retention import KINDS, cutoffs
from viral_assets.whole_files import ABANDONED_SECONDS
from viral_assets_tests.upkeep.test_prune import (
    NOW,
    OF_A_TWEET,
    add_answer,
    add_tweet,
    count,
    insert,
    posted,
    values,
)

ALL = dict.fromkeys(KINDS, 30)


def rejected(database: Database, raw: str) -> None:
    of = {"source": "f", "source_sha256": "s", "locator": raw, "reason": "no_id", "detail": "", "raw": raw}
    insert(database, tables.rejected_records, **of, rejected_at=posted(40))


def test_what_goes_is_in_the_archive_with_all_its_columns(database: Database, tmp_path: Path) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    add_tweet(database, "2", 41, text_hash="b")
    add_tweet(database, "3", 5, text_hash="c")
    add_answer(database, "old", 40)
    rejected(database, "{")
    with database.read() as connection:
        before = {table.name: connection.execute(sa.select(table)).all() for table in OF_A_TWEET}
        vectors = {row.text_sha256: row.vector for row in connection.execute(sa.select(tables.embeddings))}
    page = tmp_path / "digests" / "p" / f"{posted(40):%Y-%m-%d}-10h.html"
    page.parent.mkdir(parents=True)
    page.write_text("a page")
    archive = tmp_path / "archive"
    done = prune(database, cutoffs(ALL, NOW), digests=tmp_path / "digests", archive=Archive(archive))
    assert (done.counts["undecided"], done.counts["answers"], done.counts["rejects"]) == (2, 1, 1)
    for table in OF_A_TWEET:
        kept = pd.read_parquet(archive / table.name)
        assert list(kept.columns) == [column.name for column in table.c]
        assert len(kept) == len([row for row in before[table.name] if row.tweet_id in ("1", "2")])
        assert set(kept["tweet_id"]) == {"1", "2"}
    stored = {row.tweet_id: row for row in before["tweets"]}
    for row in pd.read_parquet(archive / "tweets").itertuples():
        assert (row.text, row.created_at) == (stored[row.tweet_id].text, pd.Timestamp(stored[row.tweet_id].created_at))
    for row in pd.read_parquet(archive / "embeddings").itertuples():
        assert row.vector == vectors[row.text_sha256]
    assert list(pd.read_parquet(archive / "llm_requests")["raw_answer"]) == ["{}"]
    assert list(pd.read_parquet(archive / "rejected_records")["raw"]) == ["{"]
    assert (archive / "digests" / "p" / page.name).read_text() == "a page"
    assert not page.exists()
    assert sorted(file.name for file in (archive / "tweets").iterdir()) == [
        f"{posted(41):%F}.parquet",
        f"{posted(40):%F}.parquet",
    ]


def test_a_dry_run_writes_no_archive(database: Database, tmp_path: Path) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    prune(database, cutoffs(ALL, NOW), archive=Archive(tmp_path / "archive"), dry_run=True)
    assert not (tmp_path / "archive").exists()


def test_what_comes_late_and_goes_again_is_written_beside_the_first(database: Database, tmp_path: Path) -> None:
    for tweet_id in ("1", "2"):
        add_tweet(database, tweet_id, 40, text_hash=tweet_id)
        prune(database, cutoffs({"undecided": 30}, NOW), archive=Archive(tmp_path))
    assert set(pd.read_parquet(tmp_path / "tweets")["tweet_id"]) == {"1", "2"}
    assert len(list((tmp_path / "tweets").iterdir())) == 2


def test_where_the_archive_cannot_be_written_nothing_goes(database: Database, tmp_path: Path) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    (tmp_path / "archive").write_text("in the way")
    with pytest.raises(ConfigurationError, match="archive"):
        prune(database, cutoffs({"undecided": 30}, NOW), archive=Archive(tmp_path / "archive"))
    assert values(database, tables.tweets.c.tweet_id) == {"1"}
    assert count(database, tables.embeddings) == 2


def test_a_failure_after_the_rows_went_leaves_neither_file_nor_gap(database: Database, tmp_path: Path) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    (tmp_path / "tweet_snapshots").write_text("in the way")
    with pytest.raises(ConfigurationError):
        prune(database, cutoffs({"undecided": 30}, NOW), archive=Archive(tmp_path))
    assert values(database, tables.tweets.c.tweet_id) == {"1"}
    assert not list(tmp_path.glob("tweets/*"))


def test_tweets_of_an_archive_are_ingested_again(database: Database, tmp_path: Path) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    with database.read() as connection:
        (before,) = connection.execute(sa.select(tables.tweets)).all()
    prune(database, cutoffs({"undecided": 30}, NOW), archive=Archive(tmp_path))
    (file,) = (tmp_path / "tweets").iterdir()
    report = ingest_file(database, file, IngestOptions(NOW))
    assert (report.new, report.rejected) == (1, 0)
    with database.read() as connection:
        (after,) = connection.execute(sa.select(tables.tweets)).all()
    same = ("tweet_id", "created_at", "text", "author_handle", "author_followers", "like_count", "view_count", "lang")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


def test_what_is_to_be_forgotten_goes_out_of_an_archive_too(database: Database, tmp_path: Path) -> None:
    for tweet_id in ("111", "222", "333"):
        add_tweet(database, tweet_id, 40, text_hash=tweet_id)
    with database.begin() as connection:
        renamed = sa.update(tables.tweets).where(tables.tweets.c.tweet_id == "222")
        connection.execute(renamed.values(author_handle="Somebody"))
    rejected(database, '{"id": "111"}')
    rejected(database, '{"id": "333", "reply_to": "1110"}')
    rejected(database, '{"id": "", "author": "SomeBody"}')
    prune(database, cutoffs(ALL, NOW), archive=Archive(tmp_path))
    left_behind = tmp_path / "tweets" / f".{'0' * 32}.tmp"
    left_behind.write_bytes(b"of a process that was killed")
    after = datetime.fromtimestamp(left_behind.stat().st_mtime + ABANDONED_SECONDS + 60, UTC)
    gone = take_out_of_archive(tmp_path, ["111"], ["somebody"], after)
    assert set(pd.read_parquet(tmp_path / "tweets")["tweet_id"]) == {"333"}
    assert set(pd.read_parquet(tmp_path / "comment_suggestions")["tweet_id"]) == {"333"}
    assert list(pd.read_parquet(tmp_path / "rejected_records")["raw"]) == ['{"id": "333", "reply_to": "1110"}']
    assert gone[next((tmp_path / "tweets").iterdir())] == 2
    assert not left_behind.exists()
    assert take_out_of_archive(tmp_path, ["111"], ["somebody"], after) == {}
