"""Tweets, what they refer to, and those that are gone or to be forgotten."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, Index, String, Table, false

from viral_assets.context import POST_STATES
from viral_assets.store.tables.base import ONLY_WHERE, counts, known, metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime

EVERY_PROJECT = "*"
"""In ``tweet_projects``: a tweet that came for no project in particular counts for all."""

tweets = Table(
    "tweets",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False, index=True, comment="hour of created_at"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("collected_at", UtcDateTime, nullable=False, comment="when the counts were seen"),
    Column("author_id", CleanText),
    Column("author_handle", CleanText, nullable=False),
    Column("author_name", CleanText),
    Column("author_followers", BigInteger),
    Column("author_verified", Boolean, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("lang", CleanText),
    Column("is_retweet", Boolean, nullable=False),
    Column("is_reply", Boolean, nullable=False),
    Column("is_quote", Boolean, nullable=False),
    *counts(),
    Column("conversation_id", CleanText),
    Column(
        "is_promoted",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="somebody paid to have it shown, as a source said",
    ),
    comment="One row a tweet, with its newest counts.",
)

tweet_snapshots = Table(
    "tweet_snapshots",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("collected_at", UtcDateTime, primary_key=True),
    *counts(),
    comment="Counts as seen at one time. Append-only.",
    sqlite_with_rowid=False,
)

tweet_projects = Table(
    "tweet_projects",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("project", String(64), primary_key=True, comment="'*' counts for every project"),
    # Which projects tweets came for, without a look at all that came for none in particular.
    Index(
        "ix_tweet_projects_named",
        "project",
        info={ONLY_WHERE: "project <> '*'"},
    ),
    sqlite_with_rowid=False,
)

tweet_references = Table(
    "tweet_references",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("answers_id", String(32), comment="the post that it replies to"),
    Column("quotes_id", String(32)),
    Column("alt_texts", CleanText, nullable=False, comment="of its own pictures, as JSON, or ''"),
    comment="What a tweet refers to; no row for one that refers to nothing by id.",
    sqlite_with_rowid=False,
)

referenced_posts = Table(
    "referenced_posts",
    metadata,
    Column("post_id", String(32), primary_key=True),
    Column("author_id", CleanText),
    Column("author_handle", CleanText, nullable=False),
    Column("text", CleanText, nullable=False, comment="its beginning; '' where it is not known"),
    Column("alt_texts", CleanText, nullable=False, comment="of its pictures, as JSON, or ''"),
    Column("state", String(16), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="when that was so"),
    CheckConstraint(known("state", POST_STATES), name="state"),
    comment="Posts that tweets refer to, each once, as they were seen last.",
    sqlite_with_rowid=False,
)

forgotten_subjects = Table(
    "forgotten_subjects",
    metadata,
    Column("sha256", String(64), primary_key=True, comment="of the kind and the id or handle"),
    Column("kind", String(8), nullable=False, comment="tweet, author or handle"),
    Column("forgotten_at", UtcDateTime, nullable=False),
    Column("rows", JSON, nullable=False, comment="how many went, by table"),
    comment="Tweets and authors that no file and no service brings back.",
)

gone_tweets = Table(
    "gone_tweets",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("noticed_at", UtcDateTime, nullable=False, comment="when a look found it gone"),
    comment="Tweets that X has no more: nobody is shown them, and a person lets them go.",
    sqlite_with_rowid=False,
)
