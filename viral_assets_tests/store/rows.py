"""Rows as other packages hand them to the store, and the laws' way to an empty table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HourRange, floor_hour
from viral_assets.store.engine import Database
from viral_assets.store.tables import tweets

POSTED = datetime(2026, 11, 21, 20, 5, 1, tzinfo=UTC)
DAY = HourRange(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))


def tweet_row(tweet_id: str = "1", *, minutes: int = 30, **changes: Any) -> dict[str, Any]:
    """A tweet as seen ``minutes`` after it was posted."""
    posted: datetime = changes.get("created_at", POSTED)
    row = {
        "tweet_id": tweet_id,
        "window_start": floor_hour(posted),
        "created_at": posted,
        "collected_at": posted + timedelta(minutes=minutes),
        "author_id": "77",
        "author_handle": "someone",
        "author_name": "Some One",
        "author_followers": 1200,
        "author_verified": False,
        "text": "How do you keep phones out of the bedroom?",
        "text_sha256": "0" * 64,
        "lang": "en",
        "is_retweet": False,
        "is_reply": False,
        "is_quote": False,
        "is_promoted": False,
        "like_count": 5,
        "reply_count": 4,
        "retweet_count": 3,
        "quote_count": 2,
        "view_count": 1000,
        "bookmark_count": None,
        "conversation_id": tweet_id,
    }
    unknown = changes.keys() - row.keys()
    assert not unknown, f"tweets have no {unknown}"
    return {**row, **changes}


def tweets_of_before(connection: sa.Connection) -> sa.Table:
    """The table ``tweets`` with those of its columns that an older revision has."""
    there = {column["name"] for column in sa.inspect(connection).get_columns("tweets")}
    columns = [
        sa.Column(column.name, column.type, primary_key=column.primary_key)
        for column in tweets.c
        if column.name in there
    ]
    return sa.Table("tweets", sa.MetaData(), *columns)


def empty(database: Database, tables: Sequence[sa.Table]) -> None:
    """One database serves all examples of a law."""
    with database.begin() as connection:
        for table in tables:
            connection.execute(sa.delete(table))


def stored(database: Database, table: sa.Table) -> list[dict[str, Any]]:
    """All rows, by key."""
    with database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
