"""The numbers page: what half price has spared, and what people change."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.llm.billing_day import billing_day
from viral_assets.queries import kept_numbers
from viral_assets.queries.kept_numbers import keep_numbers
from viral_assets.store.engine import Database
from viral_assets.store.posted_replies import COUNTS, save_replies, save_snapshots
from viral_assets.store.tables import comment_suggestions, quota_days
from viral_assets_tests.delivery.examples import TYPES
from viral_assets_tests.web.conftest import Reviewer


def spend(database: Database, now: datetime, spared: float) -> None:
    day = {"quota_key": "key", "day": billing_day(now).isoformat(), "requests": 3, "tokens": 100, "cost_usd": 0.5}
    with database.begin() as connection:
        connection.execute(sa.insert(quota_days), {**day, "spared_usd": spared})


def test_a_day_at_half_price_shows_what_it_cost_and_what_it_would_have(
    plain: Reviewer, database: Database, now: datetime
) -> None:
    spend(database, now, 0.5)
    page = plain.get("/numbers").words
    assert "At half price $0.50 less than at the standard tier." in page
    assert "Cost at the standard tier" in page
    assert "$1.00" in page


def test_days_at_the_standard_tier_say_nothing_of_it(plain: Reviewer, database: Database, now: datetime) -> None:
    spend(database, now, 0)
    assert "standard tier" not in plain.get("/numbers").words


def test_what_replies_brought_is_shown_from_enough_of_them_on(
    plain: Reviewer, database: Database, now: datetime
) -> None:
    section = "What a posted reply brought"
    assert "No reply is marked as posted in these days." in plain.get("/numbers").words
    plain.get("/?status=all")
    plain.decide("post", "101", TYPES[0])
    assert "nobody knows yet what they had brought a day later" in plain.get("/numbers").words
    posted_at = now - timedelta(hours=30)
    of = {"reply_id": "9", "tweet_id": "101"}
    told = {"posted_at": posted_at, "text": "", "found_by": "id", "noted_at": now, "gone_at": None}
    counts = {**dict.fromkeys(COUNTS), "view_count": 1234, "author_answered": True}
    with database.begin() as connection:
        project = connection.scalar(
            sa.select(comment_suggestions.c.project).where(comment_suggestions.c.tweet_id == "101")
        )
        save_replies(connection, [{**of, "project": project, "suggestion_type": TYPES[0], **told}])
        save_snapshots(connection, [{**of, "collected_at": now, "source": "a", **counts}])
    words = plain.get("/numbers").words
    assert section in words
    assert "1 of 1 posted replies" in words
    assert "not enough yet: 5 more" in words
    assert "1 of 1 known" in words
    assert "a difference may have other causes" in words
    assert "1,234" not in words, "one reply says nothing of others"


def test_what_people_changed_is_shown_by_week(plain: Reviewer, now: datetime) -> None:
    assert "Nobody has approved a draft of a language model in these days." in plain.get("/numbers").words
    plain.get("/?status=all")
    plain.decide("approve", "101", TYPES[0])
    plain.get("/?status=all")
    plain.decide("edit", "101", TYPES[1], text="Something else entirely.")
    words = plain.get("/numbers").words
    assert "Approved drafts that people changed" in words
    monday = now.date() - timedelta(days=now.weekday())
    assert re.search(rf"{monday}21\d\d %", words), "of two, one, and about half of it"


def test_numbers_are_counted_once_and_those_of_an_hour_anew_where_somebody_has_decided(
    plain: Reviewer, database: Database, now: datetime
) -> None:
    plain.get("/numbers")
    hours = HourRange(floor_hour(now) - timedelta(hours=3), floor_hour(now) + HOUR)
    assert keep_numbers(database, hours) == 0, "what was shown is kept"
    before = plain.get("/numbers").words
    plain.get("/?status=all")
    plain.decide("approve", "101", TYPES[0])
    assert plain.get("/numbers").words != before


def test_numbers_that_cannot_be_kept_are_shown_all_the_same(
    plain: Reviewer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> int:
        raise DatabaseUnavailableError("another process keeps it locked")

    monkeypatch.setattr(kept_numbers, "keep_numbers", locked)
    assert "Approved" in plain.get("/numbers").words
    assert "Approved" in plain.get("/numbers").words
