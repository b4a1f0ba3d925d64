"""Counts that a source does not know: stored as unknown, filled in by who knows them, wiped by nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets.store.tables import tweet_scores, tweet_snapshots, tweets
from viral_assets.store.tweet_frames import read_earlier_snapshots
from viral_assets.store.tweets import UpsertCounts, upsert_tweets
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.store.rows import DAY, stored, tweet_row, tweets_of_before

BEFORE = str(ScriptDirectory.from_config(migrations.configuration()).get_revision("0014").down_revision)
"""The revision whose tables held 0 for what nobody knew."""

ENGAGEMENT = ("like_count", "reply_count", "retweet_count")
UNTOLD: dict[str, Any] = dict.fromkeys((*ENGAGEMENT, "quote_count", "view_count", "author_followers"))


def upsert(database: Database, *rows: dict[str, Any]) -> UpsertCounts:
    with database.begin() as connection:
        return upsert_tweets(connection, rows)


def earlier(database: Database) -> pd.DataFrame:
    with database.read() as connection:
        return read_earlier_snapshots(connection, DAY, at_least_before=timedelta(minutes=10))


def test_what_a_source_does_not_know_is_stored_as_unknown(database: Database) -> None:
    upsert(database, tweet_row(**UNTOLD))
    assert stored(database, tweets) == [tweet_row(**UNTOLD)]
    (snapshot,) = stored(database, tweet_snapshots)
    assert {snapshot[name] for name in ENGAGEMENT} == {None}


@pytest.mark.parametrize("minutes", [10, 70])
def test_who_knows_a_figure_fills_it_in_whether_seen_before_or_after(database: Database, minutes: int) -> None:
    upsert(database, tweet_row(minutes=30, **UNTOLD))
    assert upsert(database, tweet_row(minutes=minutes)) == UpsertCounts(updated=1)
    (row,) = stored(database, tweets)
    assert {name: row[name] for name in UNTOLD} == {name: tweet_row()[name] for name in UNTOLD}


def test_who_does_not_know_a_figure_does_not_wipe_it(database: Database) -> None:
    upsert(database, tweet_row(minutes=10))
    upsert(database, tweet_row(minutes=70, **UNTOLD))
    assert stored(database, tweets) == [tweet_row(minutes=70)]


def test_an_explicit_0_is_0(database: Database) -> None:
    upsert(database, tweet_row(minutes=10))
    upsert(database, tweet_row(minutes=70, like_count=0))
    assert stored(database, tweets)[0]["like_count"] == 0


def test_a_look_that_counted_nothing_is_not_taken_for_one_in_which_nothing_was_gained(database: Database) -> None:
    upsert(database, tweet_row(minutes=10))
    upsert(database, tweet_row(minutes=70, **UNTOLD))
    (found,) = earlier(database).to_dict("records")
    assert all(pd.isna(found[f"earlier_{name}"]) for name in ENGAGEMENT)


def test_an_equal_look_is_one_in_which_nothing_was_gained(database: Database) -> None:
    upsert(database, tweet_row(minutes=10))
    upsert(database, tweet_row(minutes=40, **UNTOLD))
    upsert(database, tweet_row(minutes=70))
    (found,) = earlier(database).to_dict("records")
    assert found["earlier_collected_at"] == tweet_row(minutes=10)["collected_at"], "the latest that counted"
    assert [found[f"earlier_{name}"] for name in ENGAGEMENT] == [5, 4, 3]


def test_of_two_looks_only_what_the_newest_knows_is_compared(database: Database) -> None:
    upsert(database, tweet_row(minutes=10))
    upsert(database, tweet_row(minutes=70, like_count=50, reply_count=None))
    (found,) = earlier(database).to_dict("records")
    assert (found["earlier_like_count"], found["earlier_retweet_count"]) == (5, 3)
    assert pd.isna(found["earlier_reply_count"])


def test_what_was_stored_as_0_before_stays_0(database_url: str) -> None:
    """Also of a table that other migrations have added to; and the way back makes 0 of what is unknown."""
    database = Database(database_url)
    row = tweet_row(like_count=0)
    score = {"project": "p", "tweet_id": "1", "window_start": row["window_start"], "total": 0.5, "label": "yellow"}
    score |= {"topic": "sleep", "gate": "pass", "why": "because", **dict.fromkeys(COMPONENTS, 0.5)}
    snapshot = {column.name: row[column.name] for column in tweet_snapshots.c}
    with database.engine.begin() as connection:
        migrations.upgrade(connection, BEFORE)
        connection.execute(sa.text("ALTER TABLE tweets ADD COLUMN added INTEGER"))
        before = tweets_of_before(connection)
        known = {column.name: row[column.name] for column in before.c if column.name in row}
        connection.execute(sa.insert(before).values(known))
        connection.execute(sa.insert(tweet_snapshots).values(snapshot))
        connection.execute(sa.insert(tweet_scores).values(score))
    database.upgrade()
    assert [stored(database, table) for table in (tweets, tweet_snapshots, tweet_scores)] == [
        [row],
        [snapshot],
        [score | {"unsafe": None, "flags": None}],
    ]

    upsert(database, tweet_row("2", **UNTOLD))
    with database.begin() as connection:
        connection.execute(sa.update(tweet_scores).values(velocity=None))
        assert connection.execute(sa.text("SELECT added FROM tweets WHERE tweet_id = '1'")).scalar_one() is None
        config = migrations.configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)
    first, second = stored(database, before)
    assert first == known
    untold = tweet_row("2", **UNTOLD) | dict.fromkeys((*ENGAGEMENT, "quote_count"), 0)
    assert second == {name: untold[name] for name in known}
    with database.engine.connect() as connection:
        (found,) = connection.execute(sa.select(*(tweet_scores.c[name] for name in score))).mappings()
    assert found == score | {"velocity": 0}
    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(sa.update(tweets).values(like_count=None))
    database.dispose()
