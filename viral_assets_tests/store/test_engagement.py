"""Whom a project has chosen or answered, as both databases tell it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.store.engagement import (
    chosen_by_hour,
    drafted_by_hour,
    read_open_or_answered,
    read_undrafted,
    recent_replies,
)
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities, comment_suggestions
from viral_assets.store.tweets import upsert_tweets
from viral_assets_tests.statements import plan_of, statements_sent
from viral_assets_tests.store.rows import POSTED, tweet_row

HOURS = HourRange(floor_hour(POSTED), floor_hour(POSTED) + 2 * HOUR)
WEEK = timedelta(days=7)


def chosen(
    database: Database,
    number: int,
    *statuses: str,
    hours: float = 0,
    project: str = "p",
    decided: float | None = None,
    author_id: str = "",
    at: datetime | None = None,
) -> None:
    """An opportunity, posted ``hours`` after the first hour and chosen ``at``, with suggestions in these statuses,
    decided about so many hours later."""
    posted = POSTED + timedelta(hours=hours)
    place = {"project": project, "tweet_id": str(number), "window_start": floor_hour(posted)}
    opportunity = {**place, "rank": number, "total": 0.5, "label": "green", "topic": "t", "why": "w"}
    opportunity["chosen_at"] = at
    row = tweet_row(str(number), created_at=posted, author_id=author_id or f"a{number}", author_handle=f"h{number}")
    with database.begin() as connection:
        upsert_tweets(connection, [row])
        connection.execute(sa.insert(comment_opportunities), [opportunity])
        for position, status in enumerate(statuses):
            at = None if decided is None or status == "pending" else posted + timedelta(hours=decided)
            connection.execute(sa.insert(comment_suggestions), [suggestion(place, position, status, at)])


def suggestion(place: dict[str, Any], position: int, status: str, decided_at: datetime | None) -> dict[str, Any]:
    return {
        **place,
        "suggestion_type": f"type_{position}",
        "position": position,
        "text": f"{place['tweet_id']}: {status}",
        "weighted_length": 9,
        "provider": "offline",
        "model": "offline",
        "request_id": "r1",
        "created_at": POSTED,
        "status": status,
        "decided_at": decided_at,
    }


def found(database: Database, project: str = "p", hours: HourRange = HOURS) -> dict[str, datetime | None]:
    with database.read() as connection:
        rows = read_open_or_answered(connection, project, hours, reach=WEEK)
    assert len({row.tweet_id for row in rows}) == len(rows), "each once"
    return {row.tweet_id: row.replied_at for row in rows}


def test_a_tweet_counts_until_all_of_its_suggestions_are_rejected(database: Database) -> None:
    chosen(database, 1, "pending", "pending")
    chosen(database, 2, "rejected", "pending", decided=1)
    chosen(database, 3, "rejected", "rejected", decided=1)
    chosen(database, 4, "approved", "rejected", decided=2)
    chosen(database, 5, "exported")
    chosen(database, 6)
    chosen(database, 7, "pending", project="another")
    at = POSTED + timedelta(hours=2)
    assert found(database) == {"1": None, "2": None, "4": at, "5": None}
    assert found(database, "another") == {"7": None}


@pytest.mark.parametrize("status", ["approved", "edited", "posted", "exported"])
def test_a_reply_given_later_counts_from_then_on(database: Database, status: str) -> None:
    chosen(database, 1, status, "rejected", hours=-24 * 20, decided=24 * 18)
    chosen(database, 2, status, hours=-24 * 20, decided=1)
    assert found(database) == {"1": POSTED - timedelta(hours=48)}


def test_a_rejection_of_late_is_no_reply(database: Database) -> None:
    chosen(database, 1, "rejected", "pending", hours=-24 * 20, decided=24 * 18)
    assert found(database) == {}


def test_tweets_around_the_hours_count_and_others_do_not(database: Database) -> None:
    for number, hours in enumerate((-24 * 7 - 1, -24 * 7, 0, 24 * 7 + 1, 24 * 7 + 2)):
        chosen(database, number, "pending", hours=hours)
    assert set(found(database)) == {"1", "2", "3"}


def test_who_wrote_a_tweet_is_told_with_it(database: Database) -> None:
    chosen(database, 1, "pending")
    with database.read() as connection:
        (row,) = read_open_or_answered(connection, "p", HOURS, reach=WEEK)
    assert (row.author_id, row.author_handle, row.conversation_id) == ("a1", "h1", "1")
    assert row.window_start == HOURS.start


def test_what_is_chosen_and_has_no_suggestions_is_told_by_its_hour(database: Database) -> None:
    chosen(database, 1, hours=-1)
    chosen(database, 2, "rejected", hours=-1)
    chosen(database, 3)
    chosen(database, 4, hours=-1, project="another")
    with database.read() as connection:
        rows = read_undrafted(connection, "p", HOURS.start - WEEK, HOURS.start)
    assert [(row.tweet_id, row.window_start, row.author_id) for row in rows] == [("1", HOURS.start - HOUR, "a1")]


def test_only_what_was_chosen_of_late_may_be_asked_for(database: Database) -> None:
    for number, hours in enumerate((-2.0, -1.0, 0.0, None)):
        chosen(database, number, at=None if hours is None else POSTED + timedelta(hours=hours))
    chosen(database, 9, "pending", at=POSTED)
    with database.read() as connection:
        rows = read_undrafted(connection, "p", HOURS.start, HOURS.end, chosen_since=POSTED - HOUR)
    assert sorted(row.tweet_id for row in rows) == ["1", "2"]


def test_tweets_are_counted_by_hour_whatever_the_number_of_their_suggestions(database: Database) -> None:
    chosen(database, 1, "pending", "pending")
    chosen(database, 2, "rejected")
    chosen(database, 3)
    chosen(database, 4, "pending", hours=1)
    chosen(database, 5, "pending", project="another")
    with database.read() as connection:
        assert chosen_by_hour(connection, "p", HOURS.start, HOURS.end) == {HOURS.start: 3, HOURS.start + HOUR: 1}
        assert drafted_by_hour(connection, "p", HOURS.start, HOURS.end) == {HOURS.start: 2, HOURS.start + HOUR: 1}
        assert drafted_by_hour(connection, "p", HOURS.start, HOURS.start + HOUR) == {HOURS.start: 2}


def test_the_latest_replies_that_a_person_stands_behind(database: Database) -> None:
    chosen(database, 1, "approved", "rejected", "pending", decided=1)
    chosen(database, 2, "posted", decided=3)
    chosen(database, 3, "edited", decided=2)
    chosen(database, 4, "exported")
    chosen(database, 5, "posted", decided=2, project="another")
    chosen(database, 6, "posted", hours=-24 * 61, decided=1)
    since = POSTED - timedelta(days=60)
    with database.read() as connection:
        assert recent_replies(connection, "p", since=since, most=10) == ["2: posted", "3: edited", "1: approved"]
        assert recent_replies(connection, "p", since=since, most=2) == ["2: posted", "3: edited"]


def test_no_table_is_read_from_end_to_end(sqlite_database: Database) -> None:
    """On every page and in every run, however much there is: each statement begins with a range of an index."""
    chosen(sqlite_database, 1, "posted", decided=1)
    with sqlite_database.read() as connection:
        with statements_sent(connection) as sent:
            read_open_or_answered(connection, "p", HOURS, reach=WEEK)
            read_undrafted(connection, "p", HOURS.start, HOURS.end)
            chosen_by_hour(connection, "p", HOURS.start, HOURS.end)
            drafted_by_hour(connection, "p", HOURS.start, HOURS.end)
            recent_replies(connection, "p", since=POSTED, most=10)
        plans = plan_of(connection, [each for each in sent if each.text.lstrip().startswith("SELECT")])
    tables = ("tweets", "comment_opportunities", "comment_suggestions")
    assert len(plans) > 10
    assert [step for step in plans if any(step.startswith(f"SCAN {table}") for table in tables)] == []
    assert any("ix_comment_suggestions_decided" in step for step in plans)
