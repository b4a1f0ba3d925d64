"""Who works on the review page, and who does what."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from viral_assets.store.tables.base import metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session_id", String(64), primary_key=True, comment="stands in the signed cookie"),
    Column(
        "until",
        UtcDateTime,
        nullable=False,
        index=True,
        comment="from then on the cookie is no longer accepted anyway, and the row may go",
    ),
    comment="Sessions of the review page that ended before their cookies did.",
)

people = Table(
    "people",
    metadata,
    Column("name_key", String(64), primary_key=True, comment="the name, however it is written"),
    Column("name", CleanText, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    comment="Who one may be on the review page. Empty: whoever one says.",
    sqlite_with_rowid=False,
)

people_tokens = Table(
    "people_tokens",
    metadata,
    Column("id", String(16), primary_key=True, comment="stands in the token, and is no secret"),
    Column("name_key", String(64), nullable=False, index=True, comment="whose it is"),
    Column("token_sha256", String(64), nullable=False, comment="all that is kept of the token"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, comment="when somebody last signed in with it"),
    Column("revoked_at", UtcDateTime, comment="from then on it lets nobody in"),
    comment="Tokens with which people sign in to the review page. A hash of each, never the token.",
    sqlite_with_rowid=False,
)

people_sessions = Table(
    "people_sessions",
    metadata,
    Column("session_sha256", String(64), primary_key=True, comment="all that is kept of the cookie"),
    Column("token_id", String(16), nullable=False, index=True, comment="of the token that began it"),
    Column("used_at", UtcDateTime, nullable=False, comment="when it was last used, to the minute or so"),
    Column("until", UtcDateTime, nullable=False, index=True, comment="when it ends, however much it is used"),
    comment="Who is signed in to the review page with a token of their own.",
    sqlite_with_rowid=False,
)

assignments = Table(
    "assignments",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("project", String(64), primary_key=True),
    Column("name_key", String(64), nullable=False, comment="as in the table people"),
    Column("name", CleanText, nullable=False, comment="whose the tweet is to decide about"),
    Column("assigned_by", CleanText, nullable=False),
    Column("assigned_at", UtcDateTime, nullable=False),
    Index(None, "name_key", "project", "tweet_id"),
    comment="Which person an opportunity is left to. Others may decide about it all the same.",
    sqlite_with_rowid=False,
)

assignment_events = Table(
    "assignment_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tweet_id", String(32), nullable=False),
    Column("project", String(64), nullable=False),
    Column("name", CleanText, nullable=False, comment="whom it was left to; empty for nobody in particular"),
    Column("assigned_by", CleanText, nullable=False),
    Column("assigned_at", UtcDateTime, nullable=False),
    Index(None, "tweet_id", "project"),
    comment="Each time somebody left an opportunity to somebody. What holds now is in assignments.",
)

cards_seen = Table(
    "cards_seen",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("project", String(64), primary_key=True),
    Column("name_key", String(64), primary_key=True),
    Column("name", CleanText, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="the last time"),
    comment="Who has had the card of an opportunity open.",
    sqlite_with_rowid=False,
)
