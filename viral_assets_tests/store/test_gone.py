"""Tweets that X has no more: marked, shown to nobody, there again when they are seen again, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from viral_assets.hours import floor_hour
from viral_assets.queries.digest import digest_rows
from viral_assets.queries.export import rank_for_export
from viral_assets.queries.filters import Filters
from viral_assets.queries.pages import read_greens, read_opportunity, read_page, still_open
from viral_assets.store.engine import Database
from viral_assets.store.gone import anything_gone, count_gone, gone_ids, note_gone
from viral_assets.store.tables import gone_tweets
from viral_assets.store.tweets import upsert_tweets
from viral_assets_tests.delivery.examples import WINDOW, opportunity, store, suggestion
from viral_assets_tests.statements import statements_sent
from viral_assets_tests.store.rows import tweet_row

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


@pytest.fixture
def two(database: Database) -> Database:
    """Two opportunities that wait for a decision."""
    with database.begin() as connection:
        several = [opportunity(tweet_id=each, suggestions=(suggestion("A reply."),)) for each in ("1", "2")]
        store(connection, several)
    return database


def shown(database: Database, **filters: str) -> list[str]:
    with database.read() as connection:
        page = read_page(connection, Filters.read({"recent": "0", **filters}), now=NOW)
    assert page.total == len(page.rows)
    return sorted(row.tweet_id for row in page.rows)


def test_it_is_hidden_from_whoever_might_answer_it(two: Database) -> None:
    everything = Filters.read({"recent": "0", "status": "all"})
    assert shown(two, status="all") == ["1", "2"]
    with two.begin() as connection:
        note_gone(connection, ["1"], NOW)
        project = digest_rows(connection, WINDOW)[0].project
        assert [row.tweet_id for row in digest_rows(connection, WINDOW)] == ["2"]
        assert [row.tweet_id for row in rank_for_export(connection, window=WINDOW)] == ["2"]
        assert still_open(connection, [(project, "1"), (project, "2")]) == {(project, "2")}
        assert read_opportunity(connection, project, "1") is None
        assert [row.tweet_id for row in read_greens(connection, everything, now=NOW, most=10)[0]] == ["2"]
        assert (count_gone(connection), count_gone(connection, project, WINDOW)) == (1, 1)
        assert (count_gone(connection, "another"), count_gone(connection, project)) == (0, 1)
    assert shown(two) == shown(two, status="all") == ["2"]


def test_it_is_there_again_once_it_was_seen_later(two: Database) -> None:
    with two.begin() as connection:
        note_gone(connection, ["1", "2"], NOW)
        note_gone(connection, ["1"], NOW + timedelta(days=1))
        assert gone_ids(connection) == ["1", "2"]
        posted = NOW - timedelta(hours=2)
        before = tweet_row("1", created_at=posted, window_start=floor_hour(posted), collected_at=NOW)
        upsert_tweets(connection, [before])
        assert gone_ids(connection) == ["1", "2"], "a file from before the look says nothing"
        upsert_tweets(connection, [before, {**before, "collected_at": NOW + timedelta(seconds=1)}])
        assert gone_ids(connection) == ["2"]
    assert shown(two, status="all") == ["1"]


def test_where_none_is_gone_one_look_says_so(database: Database) -> None:
    with database.begin() as connection, statements_sent(connection) as sent:
        upsert_tweets(connection, [tweet_row(str(number)) for number in range(20)])
        assert not anything_gone(connection)
    assert len([each for each in sent if gone_tweets.name in each.text]) == 2
