"""Hours with work that was put off, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.store.deferred import Deferred, deferred_hours
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities, comment_suggestions, generation_outcomes


@pytest.fixture
def first(now: datetime) -> datetime:
    return floor_hour(now) - 5 * HOUR


def _end(
    database: Database,
    tweet_id: str,
    hour: datetime,
    outcome: str,
    now: datetime,
    *,
    chosen: bool = True,
    provider: str = "google-genai",
) -> None:
    whose = {"project": "baking", "tweet_id": tweet_id, "window_start": hour}
    ended = {"outcome": outcome, "reason": "the day's requests are used up", "attempts": 0, "updated_at": now}
    ended |= {"provider": provider}
    choice = {"rank": 1, "total": 0.5, "label": "green", "topic": "bread", "why": "it asks"}
    with database.begin() as connection:
        connection.execute(sa.insert(generation_outcomes).values(**whose, **ended))
        if chosen:
            connection.execute(sa.insert(comment_opportunities).values(**whose, **choice))


def test_tweets_that_wait_are_counted_by_hour_with_the_latest_time(
    database: Database, first: datetime, now: datetime
) -> None:
    _end(database, "1", first, "deferred", now)
    _end(database, "2", first, "deferred", now + timedelta(seconds=5))
    _end(database, "3", first + HOUR, "done", now)
    _end(database, "4", first + 2 * HOUR, "deferred", now)
    with database.read() as connection:
        assert deferred_hours(connection, HourRange(first, first + 3 * HOUR)) == {
            first: Deferred(2, now + timedelta(seconds=5)),
            first + 2 * HOUR: Deferred(1, now),
        }
        assert list(deferred_hours(connection, HourRange(first, first + 2 * HOUR))) == [first]


def test_a_tweet_that_is_no_opportunity_any_more_waits_for_nothing(
    database: Database, first: datetime, now: datetime
) -> None:
    """No run would ask about it, so whoever waited for it would ask for runs for ever."""
    _end(database, "1", first, "deferred", now, chosen=False)
    with database.read() as connection:
        assert deferred_hours(connection, HourRange(first, first + HOUR)) == {}


def test_offline_drafts_wait_for_a_language_model_unless_somebody_decided_about_them(
    database: Database, first: datetime, now: datetime
) -> None:
    for number in range(5):
        _end(database, str(number), first + number * HOUR, "done", now, provider="offline" if number < 4 else "genai")
    for number, (provider, status) in enumerate(
        [("offline", "pending"), ("offline", "approved"), ("genai", "pending"), ("", ""), ("genai", "pending")]
    ):
        if provider:
            _write(database, str(number), first + number * HOUR, provider, status, now)
    hours = HourRange(first, first + 5 * HOUR)
    with database.read() as connection:
        assert list(deferred_hours(connection, hours, provider="google-genai")) == [first, first + 3 * HOUR]
        assert deferred_hours(connection, hours, provider="offline") == {}


def _write(database: Database, tweet_id: str, hour: datetime, provider: str, status: str, now: datetime) -> None:
    row = {
        "project": "baking",
        "tweet_id": tweet_id,
        "suggestion_type": "add_value",
        "window_start": hour,
        "position": 0,
        "text": "A reply.",
        "weighted_length": 8,
        "provider": provider,
        "model": "one",
        "request_id": "r1",
        "created_at": now,
        "status": status,
    }
    with database.begin() as connection:
        connection.execute(sa.insert(comment_suggestions).values(row))
