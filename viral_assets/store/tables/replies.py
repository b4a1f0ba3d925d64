"""What was told to people of opportunities, and the replies that they posted."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text, UniqueConstraint

from viral_assets.store.tables.base import counts, known, metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime
from viral_assets.vocabulary import FOUND_BY, TELLINGS

notifications = Table(
    "notifications",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("tweet_id", String(32), primary_key=True, index=True),
    Column("project", String(64), nullable=False, comment="for which it was told"),
    Column("window_start", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("message_id", String(32), nullable=False, index=True, comment="of the message that tells of it"),
    Column("attempts", Integer, nullable=False, comment="messages about it that were sent"),
    Column("claimed_at", UtcDateTime, nullable=False, comment="before it was sent"),
    Column("settled_at", UtcDateTime, comment="when its outcome was known"),
    Column("retry_at", UtcDateTime, comment="of what waits: not before"),
    Column("reason", Text, nullable=False, comment="why it was not sent, in our words"),
    CheckConstraint(known("state", TELLINGS), name="state"),
    Index(None, "window_start", "project"),
    # The few that are not settled, and the latest.
    Index(None, "state", "channel"),
    Index(None, "claimed_at"),
    comment="A channel is told once of a tweet. Written before a message is sent, and settled after it.",
)

posted_replies = Table(
    "posted_replies",
    metadata,
    Column("reply_id", String(32), primary_key=True, comment="of the post at X"),
    Column("project", String(64), nullable=False),
    Column("tweet_id", String(32), nullable=False, comment="the tweet that it answers"),
    Column("suggestion_type", String(64), nullable=False),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("text", CleanText, nullable=False, comment="as it was at X; '' where no source had it"),
    Column("found_by", String(16), nullable=False, comment="how it was told whose it is"),
    Column("noted_at", UtcDateTime, nullable=False),
    Column("gone_at", UtcDateTime, comment="when X had it no more; null: nobody has found it gone"),
    CheckConstraint(known("found_by", FOUND_BY), name="found_by"),
    UniqueConstraint("project", "tweet_id", "suggestion_type"),
    Index(None, "tweet_id"),
    Index(None, "posted_at"),
    comment="Replies that people posted, each with the suggestion that it was. Found, never sent.",
    sqlite_with_rowid=False,
)

reply_snapshots = Table(
    "reply_snapshots",
    metadata,
    Column("reply_id", String(32), primary_key=True),
    Column("collected_at", UtcDateTime, primary_key=True),
    Column("source", String(64), primary_key=True, comment="hash of the file or the answer that says so"),
    Column("tweet_id", String(32), nullable=False, comment="the tweet that was answered, with which it goes"),
    *counts(),
    Column("author_answered", Boolean, comment="whether the tweet's author did; null: nobody knows"),
    Index(None, "tweet_id"),
    comment="What a posted reply had brought at one time. Append-only.",
    sqlite_with_rowid=False,
)
