"""Whose a tweet is and who has seen it, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.queries.filters import Filters
from viral_assets.queries.pages import count_list, read_page
from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets.store.people import add_person, remove_person
from viral_assets.store.tables import assignment_events, assignments, cards_seen
from viral_assets.store.teamwork import (
    Assignment,
    CardViewer,
    Teamwork,
    assign,
    assigned_before,
    note_card_seen,
    teamwork_of,
)
from viral_assets.store.tweets import forget_tweets
from viral_assets_tests.delivery.examples import opportunity, store
from viral_assets_tests.store.rows import stored

MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(database: Database) -> Database:
    """Two tweets of a project, of which one is another project's too."""
    one = opportunity(project="demo", tweet_id="1")
    with database.begin() as connection:
        store(connection, [one, replace(one, tweet_id="2", total=0.5)])
        store(connection, [replace(one, project="other")])
    return database


def test_a_tweet_is_left_to_one_person_at_a_time(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        assert assign(connection, "demo", "1", "tom", by="mara", at=now)
        assert assign(connection, "demo", "1", "eva", by="tom", at=now + MINUTE)
        assert not assign(connection, "demo", "3", "eva", by="tom", at=now), "there is no such tweet"
        found = teamwork_of(connection, [("demo", "1"), ("other", "1"), ("demo", "2")])
        assert found == {("demo", "1"): Teamwork(Assignment("eva", "tom", now + MINUTE))}
        assert assign(connection, "demo", "1", "", by="eva", at=now)
        assert teamwork_of(connection, [("demo", "1")]) == {}


def test_whom_a_tweet_was_left_to_is_kept_each_time(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        given = [("tom", "mara"), ("TOM", "eva"), ("eva", "tom"), ("", "eva"), ("", "tom")]
        for minute, (name, by) in enumerate(given):
            assert assign(connection, "demo", "1", name, by=by, at=now + minute * MINUTE)
        assign(connection, "other", "1", "tom", by="mara", at=now)
        assert assigned_before(connection, "demo", "1") == [
            Assignment("", "eva", now + 3 * MINUTE),
            Assignment("eva", "tom", now + 2 * MINUTE),
            Assignment("tom", "mara", now),
        ], "what changes nothing is no entry"
        assert assigned_before(connection, "demo", "2") == []


def test_who_has_seen_a_card_is_there_once_with_the_last_time(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        for minute, name in enumerate(("mara", "tom", "Mara")):
            assert note_card_seen(connection, "demo", "1", name, now + minute * MINUTE)
        assert not note_card_seen(connection, "demo", "3", "tom", now)
        seen = (CardViewer("Mara", now + 2 * MINUTE), CardViewer("tom", now + MINUTE))
        assert teamwork_of(connection, [("demo", "1")]) == {("demo", "1"): Teamwork(None, seen)}


def test_mine_and_nobodys_are_lists_of_their_own(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        add_person(connection, "tom", now)
        assign(connection, "demo", "1", "Tom", by="mara", at=now)

        def listed(assigned: str, me: str) -> list[tuple[str, str]]:
            filters = Filters(assigned=assigned, me=me, recent=0)
            page = read_page(connection, filters, now=now)
            assert count_list(connection, filters, now=now)[0] == len(page.rows)
            return sorted((row.project, row.tweet_id) for row in page.rows)

        assert listed("mine", "TOM") == [("demo", "1")]
        assert listed("mine", "mara") == []
        assert listed("nobody", "tom") == [("demo", "2"), ("other", "1")]
        assert len(listed("", "tom")) == 3
        remove_person(connection, "tom")
        assert listed("nobody", "mara") == [("demo", "1"), ("demo", "2"), ("other", "1")], "it would wait for ever"


def test_an_address_of_mine_is_the_readers_own() -> None:
    filters = Filters.read({"assigned": "mine", "me": "tom"}, me="mara")
    assert (filters.me, filters.address(), filters.narrowed) == ("mara", "/?assigned=mine", 1)


def test_all_goes_with_its_tweet(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        assign(connection, "demo", "1", "tom", by="mara", at=now)
        note_card_seen(connection, "demo", "1", "tom", now)
        forget_tweets(connection, ["1"])
    assert [stored(database, table) for table in (assignments, assignment_events, cards_seen)] == [[], [], []]


def test_whom_a_tweet_was_left_to_last_is_kept_from_before(database_url: str, now: datetime) -> None:
    database = Database(database_url)
    who = {"name": "tom", "assigned_by": "mara", "assigned_at": now}
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0031")
        connection.execute(sa.insert(assignments).values(tweet_id="1", project="demo", name_key="tom", **who))
    database.upgrade()
    with database.read() as connection:
        assert assigned_before(connection, "demo", "1") == [Assignment("tom", "mara", now)]
    database.dispose()
