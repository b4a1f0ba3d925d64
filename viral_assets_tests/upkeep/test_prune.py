"""What is older than it should be kept goes, a day at a time; what somebody decided about stays, and what was paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from viral_assets.context import Post, References
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, floor_hour
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.store.pruned import pruned_before
from viral_assets.store.references import save_references
from viral_assets.store.vectors import write_vectors
from viral_assets.text import hashing
from viral_assets.upkeep.prune import Pruned, prune
from viral_assets.upkeep.retention import LEAST_DAYS, cutoffs
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.store.rows import tweet_row

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
MODELS = ("one", "two")


def posted(days_ago: int) -> datetime:
    return NOW - timedelta(days=days_ago)


def insert(database: Database, table: sa.Table, **values: Any) -> None:
    with database.begin() as connection:
        connection.execute(sa.insert(table).values(**values))


def add_tweet(database: Database, tweet_id: str, days_ago: int, *, text_hash: str, status: str = "pending") -> None:
    """A tweet that was scored, chosen and drafted for, with vectors of its text by two models."""
    row = tweet_row(tweet_id, created_at=posted(days_ago), text_sha256=text_hash)
    hour = floor_hour(posted(days_ago))
    of = {"project": "p", "tweet_id": tweet_id, "window_start": hour}
    chosen = {"total": 0.8, "label": "green", "topic": "t", "why": "w"}
    insert(database, tables.tweets, **row)
    counts = {name: value for name, value in row.items() if name.endswith("_count")}
    for minutes in (5, 30):
        seen = posted(days_ago) + timedelta(minutes=minutes)
        insert(database, tables.tweet_snapshots, tweet_id=tweet_id, collected_at=seen, **counts)
    insert(database, tables.tweet_projects, tweet_id=tweet_id, project="p")
    components = dict.fromkeys(COMPONENTS, 0.5)
    insert(database, tables.tweet_scores, **of, **chosen, **components, gate="pass")
    insert(database, tables.comment_opportunities, **of, **chosen, rank=1)
    for position, kind in enumerate(("add_value", "ask_question")):
        written = {"text": "A reply.", "weighted_length": 8, "provider": "offline", "model": "m", "request_id": "r"}
        told = {"suggestion_type": kind, "position": position, "created_at": NOW}
        kept = status if kind == "add_value" else "pending"
        insert(database, tables.comment_suggestions, **of, **written, **told, status=kept)
    ended = {"outcome": "done", "reason": "", "attempts": 1, "updated_at": NOW}
    insert(database, tables.generation_outcomes, **of, **ended)
    sent = {"state": "sent", "message_id": "m", "attempts": 1, "claimed_at": NOW, "reason": ""}
    insert(database, tables.notifications, channel="team", **of, **sent)
    asked = {"id": tweet_id, "asked_at": NOW, "asked_by": "Mara", "wish": "Shorter", "state": "offered", "text": "A."}
    which = {"project": "p", "tweet_id": tweet_id, "suggestion_type": "ask_question"}
    insert(database, tables.suggestion_revisions, **which, **asked, standing_text="A reply.", draft="A reply.")
    with database.begin() as connection:
        for model in MODELS:
            write_vectors(connection, model, [text_hash], np.ones((1, 2), dtype=np.float32))


def add_answer(database: Database, name: str, days_ago: int, *, parsed: bool = True) -> None:
    at = posted(days_ago).timestamp()
    of = {"quota_key": "k", "purpose": "generate", "project": "p", "provider": "gemini", "model": "m", "run_id": "r"}
    counted = {"counted_tokens": 10, "counted_cost_usd": 0.25, "tweet_ids": ["1"], "status": "answered"}
    read = {"granted_at": at, "raw_answer": "{}", "parsed_at": at if parsed else None}
    insert(database, tables.llm_requests, id=name, **of, **counted, **read)


def count(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def values(database: Database, column: sa.Column[Any]) -> set[Any]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(column)))


def pruned(database: Database, **days: int) -> Mapping[str, int]:
    done: Pruned = prune(database, cutoffs(days, NOW))
    return {kind: number for kind, number in done.counts.items() if number}


OF_A_TWEET = (
    tables.tweets,
    tables.tweet_projects,
    tables.tweet_scores,
    tables.comment_opportunities,
    tables.comment_suggestions,
    tables.suggestion_revisions,
    tables.generation_outcomes,
    tables.tweet_snapshots,
    tables.notifications,
)


def test_undecided_tweets_go_with_all_they_have_and_decided_ones_stay_whole(database: Database) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    add_tweet(database, "2", 40, text_hash="b", status="posted")
    add_tweet(database, "3", 5, text_hash="c")
    assert pruned(database, undecided=30) == {"undecided": 1, "vectors": 4}
    for table in OF_A_TWEET:
        assert values(database, table.c.tweet_id) == {"2", "3"}, table.name
    assert count(database, tables.comment_suggestions) == 4, "the pending one beside a posted one too"
    with database.read() as connection:
        assert pruned_before(connection)["undecided"] == datetime(2026, 10, 13, tzinfo=UTC)
    assert pruned(database, undecided=30) == {}


def test_what_they_quoted_goes_with_them_and_its_vectors_unless_another_one_quotes_it(database: Database) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    add_tweet(database, "2", 5, text_hash="b")
    old, shared = Post("8", "ben", "Old words"), Post("9", "ben", "Shared words")
    with database.begin() as connection:
        save_references(connection, [("1", posted(40), References("8", "9", (), (old, shared)))])
        save_references(connection, [("2", posted(5), References(None, "9"))])
        for model in MODELS:
            write_vectors(connection, model, [hashing.text_hash("Old words")], np.ones((1, 2), dtype=np.float32))
    assert prune(database, cutoffs({"undecided": 30}, NOW), dry_run=True).counts["vectors"] == 4
    assert pruned(database, undecided=30) == {"undecided": 1, "vectors": 4}
    assert values(database, tables.tweet_references.c.tweet_id) == {"2"}
    assert values(database, tables.referenced_posts.c.post_id) == {"9"}


def test_a_decision_that_was_undone_is_one_too(database: Database) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    told = {"project": "p", "tweet_id": "1", "suggestion_type": "add_value", "at": NOW, "who": "Mara", "version": 1}
    event = {"action": "reject", "from_status": "pending", "to_status": "rejected", "to_text": "A.", "reason": ""}
    insert(database, tables.suggestion_events, batch=1, **told, **event)
    assert "undecided" not in pruned(database, undecided=30)
    assert values(database, tables.tweets.c.tweet_id) == {"1"}


def test_a_tweet_that_a_run_has_in_hand_stays(database: Database) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    insert(database, tables.generation_claims, project="p", tweet_id="1", runner="r")
    assert "undecided" not in pruned(database, undecided=30)


def test_a_vector_stays_as_long_as_a_newer_tweet_says_the_same(database: Database) -> None:
    for tweet_id, days_ago, text_hash in (("1", 40, "a"), ("2", 40, "b"), ("3", 2, "b")):
        add_tweet(database, tweet_id, days_ago, text_hash=text_hash)
    assert pruned(database, vectors=14) == {"vectors": 2}
    assert values(database, tables.embeddings.c.text_sha256) == {"b"}
    assert values(database, tables.tweets.c.tweet_id) == {"1", "2", "3"}


def test_answers_lose_their_text_and_keep_what_they_cost(database: Database) -> None:
    add_answer(database, "old", 40)
    add_answer(database, "unread", 40, parsed=False)
    add_answer(database, "new", 2)
    assert pruned(database, answers=30) == {"answers": 1}
    requests = tables.llm_requests.c
    with database.read() as connection:
        kept = {row.id: row for row in connection.execute(sa.select(requests.id, requests.raw_answer))}
    assert {name: row.raw_answer for name, row in kept.items()} == {"old": None, "unread": "{}", "new": "{}"}
    assert values(database, requests.counted_cost_usd) == {0.25}


def test_older_counts_and_quarantine_go_by_themselves(database: Database) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    add_tweet(database, "2", 2, text_hash="b")
    for number, days_ago in enumerate((40, 2)):
        record = {"source": "f", "source_sha256": "s", "locator": str(number), "reason": "no_id", "detail": ""}
        insert(database, tables.rejected_records, **record, raw="{}", rejected_at=posted(days_ago))
    assert pruned(database, snapshots=30, rejects=30) == {"snapshots": 2, "rejects": 1}
    assert values(database, tables.tweet_snapshots.c.tweet_id) == {"2"}
    assert values(database, tables.rejected_records.c.locator) == {"1"}
    assert count(database, tables.tweets) == 2


def test_a_dry_run_counts_the_same_and_changes_nothing(database: Database) -> None:
    add_tweet(database, "1", 40, text_hash="a")
    add_tweet(database, "2", 39, text_hash="b")
    add_answer(database, "old", 40)
    days = {"vectors": 14, "undecided": 30, "snapshots": 20, "answers": 30, "rejects": 30}
    before = {table.name: count(database, table) for table in tables.metadata.sorted_tables}
    would = {kind: n for kind, n in prune(database, cutoffs(days, NOW), dry_run=True).counts.items() if n}
    assert {table.name: count(database, table) for table in tables.metadata.sorted_tables} == before
    assert would == {"vectors": 4, "undecided": 2, "snapshots": 4, "answers": 1}
    assert pruned(database, **days) == would


def test_digests_go_by_the_hour_in_their_names(sqlite_database: Database, tmp_path: Path) -> None:
    old = ["2026-10-01/2026-10-01-07h.html", "2026-10-01/2026-10-01-07h.csv", "2026-09-30-00h_to_2026-10-01-23h.html"]
    kept = ["2026-11-20/2026-11-20-07h.html", "2026-09-30-00h_to_2026-11-20-23h.html", "notes-of-2026.html"]
    for name in (*old, *kept):
        (tmp_path / "digests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "digests" / name).write_text("")
    done = prune(sqlite_database, cutoffs({"digests": 30}, NOW), digests=tmp_path / "digests")
    assert done.counts["digests"] == len(old)
    assert {str(file.relative_to(tmp_path / "digests")) for file in (tmp_path / "digests").rglob("*.*")} == {*kept}


def test_what_was_done_until_a_stop_stays_done(sqlite_database: Database) -> None:
    for number in range(3):
        add_tweet(sqlite_database, str(number), 42 - number, text_hash=str(number))

    class StoppedError(Exception):
        pass

    def stop(kind: str, day: datetime) -> None:
        if kind == "undecided" and day.date() == posted(41).date():
            raise StoppedError

    older = cutoffs({"undecided": 30}, NOW)
    with pytest.raises(StoppedError):
        prune(sqlite_database, older, progress=stop)
    assert values(sqlite_database, tables.tweets.c.tweet_id) == {"2"}
    assert prune(sqlite_database, older).counts["undecided"] == 1


def test_nothing_is_kept_for_less_than_runs_need_and_vectors_no_longer_than_their_tweets() -> None:
    assert not cutoffs({"vectors": None}, NOW)
    with pytest.raises(ConfigurationError, match=str(LEAST_DAYS)):
        cutoffs({"vectors": LEAST_DAYS - 1}, NOW)
    with pytest.raises(ConfigurationError):
        cutoffs({"answers": 10**9}, NOW)
    found = cutoffs({"undecided": 30, "vectors": 90}, NOW).before
    assert found["vectors"] == found["undecided"] == datetime(2026, 10, 22, tzinfo=UTC)
    assert cutoffs({"undecided": 90, "vectors": 30}, NOW).before["vectors"] == datetime(2026, 10, 22, tzinfo=UTC)


def test_hours_between_days_are_on_their_own_side(sqlite_database: Database) -> None:
    """The cutoff is a midnight: the hour before it goes, the hour after stays."""
    edge = cutoffs({"undecided": 30}, NOW).before["undecided"]
    for tweet_id, hour in (("1", edge - HOUR), ("2", edge)):
        row = tweet_row(tweet_id, created_at=hour, text_sha256=tweet_id)
        insert(sqlite_database, tables.tweets, **row)
    pruned(sqlite_database, undecided=30)
    assert values(sqlite_database, tables.tweets.c.tweet_id) == {"2"}


def test_a_store_keeps_its_size_while_new_hours_come_in(database: Database) -> None:
    """Weeks, pruned each day; what is counted is rows, and on SQLite the pages of the file."""
    kept = {"vectors": 3, "undecided": 5, "snapshots": 3, "rejects": 5}
    counted = [*OF_A_TWEET, tables.embeddings, tables.rejected_records]
    rows: list[list[int]] = []
    pages: list[int] = []
    for day in range(24):
        now = NOW + timedelta(days=day)
        for number in range(6):
            name = str(1000 * day + number)
            add_tweet(database, name, -day, text_hash=name)
            reject = {"source": "f", "source_sha256": "s", "locator": name, "reason": "no_id", "detail": ""}
            insert(database, tables.rejected_records, **reject, raw="{" * 500, rejected_at=now)
        prune(database, cutoffs(kept, now))
        rows.append([count(database, table) for table in counted])
        if database.dialect == "sqlite":
            with database.read() as connection:
                pages.append(connection.scalar(sa.text("PRAGMA page_count")) or 0)
    assert all(each == rows[8] for each in rows[8:])
    assert all(number > 0 for number in rows[8])
    # How full pages are differs a little from day to day; unpruned, there would be three times as many.
    assert max(pages[14:], default=0) <= 1.1 * max(pages[8:14], default=0)
