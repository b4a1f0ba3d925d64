"""Replies that a person stood behind in the last weeks are not written again, for whichever tweet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.generation.make import HOUR, TYPES, opportunity
from viral_assets_tests.generation.running import Run, outcomes_of

TWEET = opportunity()
DAY = timedelta(days=1)


def texts(database: Database, tweet_id: str = TWEET.tweet_id) -> dict[str, str]:
    table = comment_suggestions.c
    with database.read() as connection:
        rows = connection.execute(sa.select(comment_suggestions).where(table.tweet_id == tweet_id))
        return {row.suggestion_type: row.text for row in rows}


@pytest.fixture
def first_drafts(sqlite_database: Database) -> dict[str, str]:
    """What the offline provider writes for the tweet, which it would write again."""
    Run([TWEET], database=sqlite_database)()
    written = texts(sqlite_database)
    with sqlite_database.begin() as connection:
        for table in ("comment_suggestions", "generation_outcomes", "llm_requests"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
    return written


def say(database: Database, text: str, *, ago: timedelta, status: str = "posted", **changes: Any) -> None:
    at = datetime.now(UTC) - ago
    row: dict[str, Any] = {
        "project": "calm",
        "tweet_id": "1",
        "suggestion_type": "add_value",
        "window_start": HOUR,
        "position": 0,
        "text": text,
        "weighted_length": len(text),
        "provider": "google-genai",
        "model": "m",
        "request_id": "r",
        "created_at": at,
        "status": status,
        "decided_at": at,
    }
    with database.begin() as connection:
        connection.execute(sa.insert(comment_suggestions), [row | changes])


@pytest.mark.parametrize("status", ["posted", "approved", "edited", "exported"])
def test_what_was_said_in_the_last_sixty_days_is_written_in_other_words(
    sqlite_database: Database, first_drafts: dict[str, str], status: str
) -> None:
    said = first_drafts["ask_question"]
    say(sqlite_database, said.upper(), ago=59 * DAY, status=status)
    report = Run([TWEET], database=sqlite_database)()
    now = texts(sqlite_database)
    assert outcomes_of(sqlite_database) == {TWEET.tweet_id: "done"}
    assert set(now) == set(TYPES)
    assert now["ask_question"] != said
    assert report.rejected_suggestions == {"repeated": 1}


@pytest.mark.parametrize(
    ("ago", "changes"),
    [
        (61 * DAY, {}),
        (DAY, {"project": "another"}),
        (DAY, {"status": "rejected"}),
        (DAY, {"status": "exported", "decided_at": None}),
        (DAY, {"status": "pending"}),
    ],
)
def test_what_was_said_long_ago_or_by_others_or_not_at_all_may_be_said(
    sqlite_database: Database, first_drafts: dict[str, str], ago: timedelta, changes: dict[str, Any]
) -> None:
    say(sqlite_database, first_drafts["ask_question"], ago=ago, **changes)
    report = Run([TWEET], database=sqlite_database)()
    assert texts(sqlite_database) == first_drafts
    assert report.rejected_suggestions == {}
