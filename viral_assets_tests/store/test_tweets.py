"""Tweets are stored once, show their latest observation, and keep every change of their counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.store import driver_values
from viral_assets.store import tweets as module
from viral_assets.store.engine import Database
from viral_assets.store.observations import COUNTS
from viral_assets.store.tables import EVERY_PROJECT, tweet_projects, tweet_snapshots, tweets
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.store.tweets import UpsertCounts, count_by_hour, upsert_tweets
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.store.rows import DAY, POSTED, empty, stored, tweet_row
from viral_assets_tests.store.test_engine import run_together

law = tried_on(1 / 4, unchecked=SHARED_FIXTURES)
TABLES = (tweets, tweet_snapshots, tweet_projects)

small = st.integers(0, 2)
told = st.builds(
    tweet_row,
    st.sampled_from("123"),
    minutes=st.integers(1, 4),
    like_count=small,
    reply_count=small,
    view_count=small,
    author_name=st.sampled_from(["Before", "After"]),
)
half_told = st.builds(
    tweet_row,
    st.sampled_from("12"),
    minutes=st.integers(1, 4),
    like_count=st.none() | small,
    reply_count=st.none() | small,
    view_count=st.none() | small,
    bookmark_count=st.none() | small,
    author_followers=st.none() | small,
    author_handle=st.sampled_from(["", "someone"]),
    lang=st.sampled_from([None, "en"]),
)
batches = st.lists(st.lists(told, max_size=6), max_size=4)
half_told_batches = st.lists(st.lists(half_told, max_size=6), max_size=4)


def upsert(database: Database, rows: Sequence[dict[str, Any]], *, project: str = EVERY_PROJECT) -> UpsertCounts:
    with database.begin() as connection:
        return upsert_tweets(connection, rows, project=project)


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(-1 if row[name] is None else row[name] for name in COUNTS)


def latest(rows: Sequence[dict[str, Any]]) -> tuple[datetime, tuple[int, ...]]:
    """The model: of all observations of a tweet the time of the latest, and the highest of each count at that time."""
    moment = max(row["collected_at"] for row in rows)
    return moment, highest(row for row in rows if row["collected_at"] == moment)


def highest(rows: Iterable[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(max(each) for each in zip(*map(counts, rows), strict=True))


class TestLaws:
    @law
    @given(batches=batches)
    def test_a_tweet_shows_its_latest_observation_whatever_the_order(
        self, database: Database, batches: list[list[dict[str, Any]]]
    ) -> None:
        empty(database, TABLES)
        for batch in batches:
            upsert(database, batch)

        rows = [row for batch in batches for row in batch]
        found = stored(database, tweets)
        assert [row["tweet_id"] for row in found] == sorted({row["tweet_id"] for row in rows})
        for row in found:
            own = [observation for observation in rows if observation["tweet_id"] == row["tweet_id"]]
            assert (row["collected_at"], counts(row)) == latest(own)

    @law
    @given(batches=half_told_batches)
    def test_every_row_that_was_read_is_new_or_an_update_or_unchanged(
        self, database: Database, batches: list[list[dict[str, Any]]]
    ) -> None:
        empty(database, TABLES)
        for batch in batches:
            before = {row["tweet_id"]: row for row in stored(database, tweets)}
            result = upsert(database, batch)
            after = {row["tweet_id"]: row for row in stored(database, tweets)}

            assert result.read == len(batch)
            assert result.new == len(after) - len(before)
            changed = [tweet_id for tweet_id, row in before.items() if after[tweet_id] != row]
            assert len(changed) <= result.updated
            if not changed and not result.new:
                assert result.unchanged + result.updated == len(batch)

    @pytest.mark.slow
    @law
    @given(batches=half_told_batches)
    def test_reading_the_same_again_changes_no_tweet(
        self, database: Database, batches: list[list[dict[str, Any]]]
    ) -> None:
        empty(database, TABLES)
        for batch in batches:
            upsert(database, batch)
        before, snapshots = stored(database, tweets), stored(database, tweet_snapshots)

        for batch in batches:
            assert upsert(database, batch) == UpsertCounts(unchanged=len(batch))
        assert stored(database, tweets) == before
        times = {(s["tweet_id"], s["collected_at"]) for s in snapshots}
        assert times <= {(s["tweet_id"], s["collected_at"]) for s in stored(database, tweet_snapshots)}

    @law
    @given(rows=st.lists(told, max_size=8))
    @example([tweet_row("1", minutes=at, like_count=likes) for at, likes in ((1, 2), (2, 2), (3, 0), (2, 0))])
    def test_reading_the_same_file_again_writes_nothing_at_all(
        self, database: Database, rows: list[dict[str, Any]]
    ) -> None:
        empty(database, TABLES)
        upsert(database, rows)
        before = [stored(database, table) for table in TABLES]

        assert upsert(database, rows) == UpsertCounts(unchanged=len(rows))
        assert [stored(database, table) for table in TABLES] == before

    @pytest.mark.slow
    @law
    @given(batches=half_told_batches)
    def test_what_was_known_is_never_forgotten(self, database: Database, batches: list[list[dict[str, Any]]]) -> None:
        empty(database, TABLES)
        for batch in batches:
            upsert(database, batch)

        rows = [row for batch in batches for row in batch]
        for row in stored(database, tweets):
            observations = [observation for observation in rows if observation["tweet_id"] == row["tweet_id"]]
            for name in ("like_count", "reply_count", "view_count", "author_followers", "author_handle", "lang"):
                seen = {observation[name] for observation in observations} - {None, ""}
                assert row[name] in seen if seen else not row[name]

    @law
    @given(batches=batches)
    def test_a_snapshot_holds_counts_of_its_moment_and_the_last_one_those_of_the_tweet(
        self, database: Database, batches: list[list[dict[str, Any]]]
    ) -> None:
        empty(database, TABLES)
        for batch in batches:
            upsert(database, batch)

        rows = [row for batch in batches for row in batch]
        snapshots = stored(database, tweet_snapshots)
        for snapshot in snapshots:
            moment = (snapshot["tweet_id"], snapshot["collected_at"])
            observations = [counts(row) for row in rows if (row["tweet_id"], row["collected_at"]) == moment]
            assert all(
                count in seen for count, seen in zip(counts(snapshot), zip(*observations, strict=True), strict=True)
            )
        for row in stored(database, tweets):
            own = [s for s in snapshots if s["tweet_id"] == row["tweet_id"]]
            assert counts(own[-1]) == counts(row)

    @law
    @given(rows=st.lists(told, max_size=8, unique_by=lambda row: (row["tweet_id"], row["collected_at"])))
    def test_in_order_of_time_exactly_the_changes_become_snapshots(
        self, database: Database, rows: list[dict[str, Any]]
    ) -> None:
        empty(database, TABLES)
        upsert(database, rows)

        expected = []
        last: dict[str, tuple[int, ...]] = {}
        for row in sorted(rows, key=lambda row: (row["tweet_id"], row["collected_at"])):
            if counts(row) != last.get(row["tweet_id"]):
                expected.append((row["tweet_id"], row["collected_at"], counts(row)))
            last[row["tweet_id"]] = counts(row)
        found = [(s["tweet_id"], s["collected_at"], counts(s)) for s in stored(database, tweet_snapshots)]
        assert found == expected


class TestOneTweet:
    def test_newer_counts_replace_older_ones_and_both_are_kept(self, sqlite_database: Database) -> None:
        first, second = tweet_row(minutes=10, like_count=5), tweet_row(minutes=70, like_count=50, author_name="Renamed")

        assert upsert(sqlite_database, [first]) == UpsertCounts(new=1)
        assert upsert(sqlite_database, [second]) == UpsertCounts(updated=1)
        assert stored(sqlite_database, tweets) == [second]
        assert [s["like_count"] for s in stored(sqlite_database, tweet_snapshots)] == [5, 50]

    def test_older_counts_that_come_late_are_kept_and_change_nothing_else(self, sqlite_database: Database) -> None:
        first, second = tweet_row(minutes=10, like_count=5), tweet_row(minutes=70, like_count=50)
        upsert(sqlite_database, [second])

        assert upsert(sqlite_database, [first]) == UpsertCounts(unchanged=1)
        assert stored(sqlite_database, tweets) == [second]
        assert [s["like_count"] for s in stored(sqlite_database, tweet_snapshots)] == [5, 50]

    def test_counts_that_did_not_change_make_no_snapshot_but_a_later_observation(
        self, sqlite_database: Database
    ) -> None:
        upsert(sqlite_database, [tweet_row(minutes=10)])

        assert upsert(sqlite_database, [tweet_row(minutes=70)]) == UpsertCounts(updated=1)
        assert stored(sqlite_database, tweets) == [tweet_row(minutes=70)]
        assert len(stored(sqlite_database, tweet_snapshots)) == 1

    def test_a_late_observation_between_two_equal_ones_keeps_both_changes(self, sqlite_database: Database) -> None:
        for minutes, likes in ((10, 5), (70, 5), (40, 9)):
            upsert(sqlite_database, [tweet_row(minutes=minutes, like_count=likes)])

        assert [s["like_count"] for s in stored(sqlite_database, tweet_snapshots)] == [5, 9, 5]

    def test_of_two_observations_of_one_moment_the_higher_of_each_count_is_the_later(
        self, sqlite_database: Database
    ) -> None:
        """An export that repeats a tweet with drifting counters has one time for all of them."""
        drifting = [tweet_row(like_count=likes, reply_count=replies) for likes, replies in ((7, 3), (9, 2), (8, 3))]

        assert upsert(sqlite_database, drifting) == UpsertCounts(new=1, updated=1, unchanged=1)
        assert stored(sqlite_database, tweets) == [tweet_row(like_count=9, reply_count=3)]
        (snapshot,) = stored(sqlite_database, tweet_snapshots)
        assert (snapshot["like_count"], snapshot["reply_count"]) == (9, 3)

    def test_what_a_later_observation_lacks_stays_known(self, sqlite_database: Database) -> None:
        rich = tweet_row(minutes=10)
        untold = dict.fromkeys(("author_id", "author_name", "author_followers", "lang", "view_count"))
        poor = tweet_row(minutes=70, like_count=6) | untold | {"author_handle": ""}
        upsert(sqlite_database, [rich])
        upsert(sqlite_database, [poor])

        assert stored(sqlite_database, tweets) == [{**rich, "collected_at": poor["collected_at"], "like_count": 6}]

    @pytest.mark.parametrize("first", [True, False])
    def test_once_seen_as_an_advertisement_it_stays_one(self, sqlite_database: Database, first: bool) -> None:
        upsert(sqlite_database, [tweet_row("1", minutes=30, is_promoted=first)])
        upsert(sqlite_database, [tweet_row("1", minutes=40, is_promoted=not first)])
        upsert(sqlite_database, [tweet_row("1", minutes=20)])
        (row,) = stored(sqlite_database, tweets)
        assert row["is_promoted"]

    def test_an_older_observation_has_what_the_later_lacks(self, sqlite_database: Database) -> None:
        upsert(sqlite_database, [tweet_row(minutes=70, author_followers=None)])

        assert upsert(sqlite_database, [tweet_row(minutes=10)]) == UpsertCounts(updated=1)
        assert stored(sqlite_database, tweets) == [tweet_row(minutes=70)]

    def test_its_hour_never_changes(self, sqlite_database: Database) -> None:
        upsert(sqlite_database, [tweet_row()])
        upsert(sqlite_database, [tweet_row(created_at=POSTED + 3 * HOUR, text="Edited.")])

        (row,) = stored(sqlite_database, tweets)
        assert (row["created_at"], row["window_start"]) == (POSTED, tweet_row()["window_start"])
        assert row["text"] == "Edited."

    def test_a_text_no_database_can_hold_is_cleaned_and_recognised(self, database: Database) -> None:
        row = tweet_row(text="a\0b\ud83dc", author_name="\udfff")

        assert upsert(database, [row]) == UpsertCounts(new=1)
        assert upsert(database, [row]) == UpsertCounts(unchanged=1)
        assert [(r["text"], r["author_name"]) for r in stored(database, tweets)] == [("abc", "")]


class TestProjects:
    def test_two_projects_share_a_tweet(self, database: Database) -> None:
        upsert(database, [tweet_row("1")], project="one")
        assert upsert(database, [tweet_row("1"), tweet_row("2")], project="two") == UpsertCounts(new=1, unchanged=1)

        assert ids(database, "one") == ["1"]
        assert ids(database, "two") == ["1", "2"]
        assert ids(database, None) == ["1", "2"]
        assert ids(database, "three") == []

    def test_a_tweet_of_no_project_in_particular_is_everybodys_and_read_once(self, database: Database) -> None:
        upsert(database, [tweet_row("1")])
        upsert(database, [tweet_row("1")], project="one")

        assert ids(database, "one") == ["1"]
        assert ids(database, "two") == ["1"]


class TestReading:
    def test_a_window_includes_its_start_and_excludes_its_end(self, database: Database) -> None:
        hour = tweet_row()["window_start"]
        instants = {"1": hour - timedelta(seconds=1), "2": hour, "3": hour + HOUR - timedelta(microseconds=1)}
        instants["4"] = hour + HOUR
        upsert(database, [tweet_row(tweet_id, created_at=at) for tweet_id, at in instants.items()])

        with database.read() as connection:
            frame = read_tweets(connection, HourRange(hour, hour + HOUR))
        assert list(frame.tweet_id) == ["2", "3"]

    def test_the_frame_has_all_columns_in_order_with_their_types(self, database: Database) -> None:
        rows = [tweet_row("2"), tweet_row("10", view_count=None, lang=None, created_at=POSTED - HOUR)]
        upsert(database, rows)
        with database.read() as connection:
            frame = read_tweets(connection, DAY)
            nothing = read_tweets(connection, HourRange(DAY.end, DAY.end + HOUR))

        assert list(frame.columns) == list(tweets.c.keys())
        assert list(frame.tweet_id) == ["10", "2"]
        assert len(nothing) == 0
        pd.testing.assert_series_equal(nothing.dtypes, frame.dtypes)
        types = {name: str(kind) for name, kind in frame.dtypes.items()}
        assert types["created_at"] == types["window_start"] == types["collected_at"] == "datetime64[us, UTC]"
        assert (types["like_count"], types["view_count"], types["author_verified"]) == ("Int64", "Int64", "bool")
        assert types["text"] == types["lang"] == "object"
        assert frame.lang.tolist() == [None, "en"]
        assert frame.created_at[1] == POSTED
        assert frame.view_count.isna().tolist() == [True, False]

    def test_a_frame_holds_what_was_written(self, database: Database) -> None:
        rows = [
            tweet_row(str(n), minutes=n + 1, like_count=None if n % 3 else n, view_count=None if n % 2 else n)
            for n in range(9)
        ]
        upsert(database, rows)
        with database.read() as connection:
            frame = read_tweets(connection, DAY)

        plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
        assert plain == rows

    def test_windows_are_counted(self, database: Database) -> None:
        earlier = POSTED - 5 * HOUR
        upsert(database, [tweet_row("1"), tweet_row("2"), tweet_row("3", created_at=earlier)], project="one")
        with database.read() as connection:
            assert list(count_by_hour(connection, project="one").items()) == [
                (floor_hour(earlier), 1),
                (floor_hour(POSTED), 2),
            ]
            assert count_by_hour(connection, project="one") == count_by_hour(connection)
            assert count_by_hour(connection, project="two") == {}


def test_more_tweets_than_one_lookup_takes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOKUP_ROWS", 4)
    monkeypatch.setattr(driver_values, "CHUNK_ROWS", 3)
    rows = [tweet_row(str(n)) for n in range(15)]

    assert upsert(database, rows[:10]) == UpsertCounts(new=10)
    newer = [{**row, "collected_at": row["collected_at"] + HOUR} for row in rows]
    assert upsert(database, newer) == UpsertCounts(new=5, updated=10)
    assert upsert(database, rows) == UpsertCounts(unchanged=15)


def test_two_writers_of_the_same_tweets_count_each_once(database: Database) -> None:
    results: list[UpsertCounts] = []
    rows = [tweet_row(str(n)) for n in range(200)]

    run_together(lambda: results.append(upsert(database, rows)), 4)

    assert sum(results, UpsertCounts()) == UpsertCounts(new=200, unchanged=600)


def test_nothing_to_store_is_no_error(database: Database) -> None:
    assert upsert(database, []) == UpsertCounts()


def ids(database: Database, project: str | None) -> list[str]:
    with database.read() as connection:
        return read_tweets(connection, DAY, project=project).tweet_id.tolist()
