"""The list: its order, its pages, its filters, on both databases."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import pytest
import sqlalchemy as sa

from viral_assets.hours import floor_hour
from viral_assets.queries import pages
from viral_assets.queries.filters import BadFilterError, Filters
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.pages import (
    Page,
    count_list,
    read_choices,
    read_greens,
    read_opportunities,
    read_page,
    still_open,
)
from viral_assets.queries.sort_keys import priority
from viral_assets.store import decisions
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.conftest import DATABASES, NewDatabase
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion

Read = Callable[..., Page]
NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


@pytest.fixture
def read(database: Database, now: datetime) -> Read:
    """One page of the list."""

    return partial(page_of, database, now)


def page_of(database: Database, now: datetime, after: str = "", /, **asked: str) -> Page:
    """One page of the list."""
    size = int(asked.pop("size", pages.PAGE))
    with database.read() as connection:
        return read_page(connection, Filters.read(asked), now=now, after=after, size=size)


@pytest.fixture(scope="module", params=DATABASES)
def two_tweets(request: pytest.FixtureRequest, new_database: NewDatabase) -> Iterator[Database]:
    """Two tweets that differ in everything."""
    one = opportunity(tweet_id="1", project="a", text="Kids and phones", author_handle="mara", topic="Kids")
    past = NOW - timedelta(days=3)
    two = opportunity(
        tweet_id="2",
        project="b",
        text="All of it, 100% öko \\ sleep",
        author_handle="tom_b",
        label="yellow",
        topic="Sleep",
        created_at=past,
        window_start=floor_hour(past),
    )
    with new_database(request.param) as database:
        with database.begin() as connection:
            store(connection, [one, two])
        yield database


@pytest.fixture(scope="module", params=DATABASES)
def of_every_status(request: pytest.FixtureRequest, new_database: NewDatabase) -> Iterator[Database]:
    """Tweets called by what has been decided about them."""

    def tweet(name: str, *statuses: str) -> OpportunityView:
        several = tuple(suggestion("A reply.", type_name=TYPES[at], status=each) for at, each in enumerate(statuses))
        return opportunity(tweet_id=name, suggestions=several)

    with new_database(request.param) as database:
        with database.begin() as connection:
            store(
                connection,
                [
                    tweet("pending", "pending", "pending"),
                    tweet("half", "rejected", "pending"),
                    tweet("approved", "approved", "pending"),
                    *(tweet(name, name) for name in ("edited", "rejected", "exported", "posted")),
                    tweet("nothing"),
                ],
            )
        yield database


def many(now: datetime, count: int = 60) -> list[OpportunityView]:
    """Tweets of which some share every number that a list is sorted by."""
    dice = random.Random(7)
    made = []
    for number in range(count):
        created = now - timedelta(hours=dice.randrange(5))
        made.append(
            opportunity(
                tweet_id=str(1000 + number),
                project=dice.choice(("a", "b")),
                created_at=created,
                window_start=floor_hour(created),
                total=dice.choice((0.5, 0.7, 0.9)),
                label=dice.choice(("green", "yellow")),
                views=dice.choice((None, 0, 150, 70_000, 5_000_000)),
                author_followers=dice.choice((None, 2_000, 90_000)),
            )
        )
    return made


def ids(page: Page) -> list[str]:
    return [row.tweet_id for row in page.rows]


@pytest.mark.parametrize("sort", ["balanced", "score", "views", "age"])
def test_pages_show_everything_once_in_order(database: Database, read: Read, now: datetime, sort: str) -> None:
    with database.begin() as connection:
        store(connection, many(now))
    found: list[OpportunityView] = []
    after = ""
    while True:
        page = read(after, size=7, sort=sort, status="all")
        assert page.total == 60 - len(found)
        found += page.rows
        after = page.after
        if not after:
            break
    assert len({(row.project, row.tweet_id) for row in found}) == 60

    def value(row: OpportunityView) -> float:
        if sort == "age":
            return row.created_at.timestamp()
        return priority(sort, total=row.total, views=row.views, followers=row.author_followers)  # type: ignore[arg-type]

    wanted = sorted(found, key=lambda row: (-round(value(row), 9), row.project, row.tweet_id))
    assert [row.tweet_id for row in found] == [row.tweet_id for row in wanted]


@pytest.mark.parametrize(
    "after", ["!", "bm8", "WzFd", "W251bGwsImEiLCJiIl0", "WyJ4IiwiYSIsImIiXQ", "W05hTiwiYSIsImIiXQ", "x" * 900]
)
@pytest.mark.parametrize("sort", ["balanced", "views", "age"])
def test_what_is_no_place_in_the_list_is_refused(two_tweets: Database, after: str, sort: str) -> None:
    with pytest.raises(BadFilterError, match="no place in the list"):
        page_of(two_tweets, NOW, after, sort=sort)


def test_sqlite_without_mathematics_is_taught_them(sqlite_database: Database, now: datetime) -> None:
    with sqlite_database.begin() as connection:
        store(connection, many(now, 10))
    with sqlite_database.read() as connection:
        known = read_page(connection, Filters(status="all"), now=now)
        pooled = connection.connection
        driver = cast(sqlite3.Connection, pooled.driver_connection)
        driver.create_function("ln", 1, None)
        pooled.info.pop("knows_ln")
        with pytest.raises(sqlite3.OperationalError):
            driver.execute("SELECT ln(2.0)")
        assert ids(read_page(connection, Filters(status="all"), now=now)) == ids(known)


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("open", {"pending", "half"}),
        ("all", {"pending", "half", "approved", "edited", "rejected", "exported", "posted", "nothing"}),
        ("pending", {"pending", "half", "approved"}),
        ("approved", {"approved"}),
        ("edited", {"edited"}),
        ("rejected", {"rejected", "half"}),
        ("exported", {"exported"}),
        ("posted", {"posted"}),
        ("none", {"nothing"}),
    ],
)
def test_a_status_shows_its_tweets(of_every_status: Database, status: str, found: set[str]) -> None:
    page = page_of(of_every_status, NOW, status=status)
    assert set(ids(page)) == found
    assert page.total == page.greens == len(found)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"search": "PHONES kids"}, ["1"]),
        ({"search": "phones sleep"}, []),
        ({"search": "@tom_b"}, ["2"]),
        ({"search": "tom_b"}, ["2"]),
        ({"search": "tomxb"}, []),
        ({"search": "100%"}, ["2"]),
        ({"search": "ÖKO"}, ["2"]),
        ({"search": "\\"}, ["2"]),
        ({"search": "2"}, ["2"]),
        ({"search": "' or 1=1 --"}, []),
        ({"project": "a"}, ["1"]),
        ({"label": "yellow"}, ["2"]),
        ({"topic": "Sleep"}, ["2"]),
        ({"recent": "6"}, ["1"]),
        ({"start": "2026-11-20"}, ["1"]),
        ({"end": "2026-11-20"}, ["2"]),
        ({"start": "2026-11-21T20:00", "end": "2026-11-21T21:00"}, ["1"]),
    ],
)
def test_filters_narrow_the_list(two_tweets: Database, asked: dict[str, str], found: list[str]) -> None:
    assert ids(page_of(two_tweets, NOW, status="all", **asked)) == found


def test_choices_are_what_the_database_has(database: Database) -> None:
    one = opportunity(tweet_id="1", project="b", topic="Sleep")
    with database.begin() as connection:
        store(connection, [one, replace(one, tweet_id="2", project="a", topic="apps"), replace(one, tweet_id="3")])
    with database.read() as connection:
        assert read_choices(connection) == pages.FilterChoices(("a", "b"), ("apps", "Sleep"))


def test_suggestions_keep_their_numbers_whatever_is_decided(database: Database, now: datetime) -> None:
    view = opportunity(project="a", tweet_id="1")
    with database.begin() as connection:
        store(connection, [view])
        key = SuggestionKey("a", "1", TYPES[0])
        decisions.decide(connection, key, "reject", who="mara", at=now, version=0)
    with database.read() as connection:
        (shown,) = read_opportunities(connection, [("a", "1"), ("a", "gone")])
    assert [each.type_name for each in shown.suggestions] == [each.type_name for each in view.suggestions]
    first = shown.suggestions[0]
    assert (first.status, first.decided_by, first.decided_at, first.version) == ("rejected", "mara", now, 1)


def test_greens_are_the_green_tweets_without_a_chosen_reply(database: Database, now: datetime) -> None:
    def tweet(name: str, total: float, label: str, *statuses: str) -> OpportunityView:
        several = tuple(suggestion("A reply.", type_name=TYPES[at], status=each) for at, each in enumerate(statuses))
        return opportunity(tweet_id=name, total=total, label=label, suggestions=several)

    with database.begin() as connection:
        store(
            connection,
            [
                tweet("1", 0.7, "green", "pending", "pending"),
                tweet("2", 0.9, "green", "rejected", "pending"),
                tweet("3", 0.8, "green", "pending", "approved"),
                tweet("4", 0.5, "yellow", "pending"),
                tweet("5", 0.65, "green", "pending"),
            ],
        )
    with database.read() as connection:
        found, total = read_greens(connection, Filters(sort="score"), now=now, most=2)
        none, nothing = read_greens(connection, Filters(label="yellow"), now=now, most=2)
        open_now = still_open(connection, [(found[0].project, str(number)) for number in range(9)])
    assert [each.tweet_id for each in found] == ["2", "1"]
    assert total == 3
    assert (none, nothing) == ([], 0)
    assert {tweet_id for _, tweet_id in open_now} == {"1", "2", "4", "5"}


def test_what_is_counted_without_reading_is_what_a_page_says(database: Database, read: Read, now: datetime) -> None:
    with database.begin() as connection:
        store(connection, many(now))
    first = read("", size=7, status="all", sort="views")
    for after, more in (("", {}), ("", {"label": "yellow"}), ("", {"project": "none"}), (first.after, {})):
        asked = {"status": "all", "sort": "views", **more}
        page = read(after, **asked)
        with database.read() as connection:
            assert count_list(connection, Filters.read(asked), now=now, after=after) == (page.total, page.greens)


def test_the_list_needs_its_indices(database: Database) -> None:
    found = {index["name"] for index in sa.inspect(database.engine).get_indexes("comment_suggestions")}
    assert {
        "ix_comment_suggestions_project_tweet_id_status",
        "ix_comment_suggestions_status_project_tweet_id",
    } <= found
