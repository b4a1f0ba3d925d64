"""Vectors, scores, and what was chosen from them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, Index, Integer, LargeBinary, String, Table

from viral_assets.store.tables.base import known, metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime
from viral_assets.vocabulary import COMPONENTS, LABELS, VELOCITY

embeddings = Table(
    "embeddings",
    metadata,
    Column("model", String(128), primary_key=True, comment="name and version, task and dimensions included"),
    Column("text_sha256", String(64), primary_key=True),
    Column("vector", LargeBinary, nullable=False, comment="unit length, little-endian: 'h' and float16, or float32"),
    comment="Never computed twice.",
)

tweet_scores = Table(
    "tweet_scores",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False),
    *(Column(name, Double, nullable=name == VELOCITY) for name in (*COMPONENTS, "total")),
    Column("label", String(8), nullable=False),
    Column("topic", CleanText, nullable=False, comment="label of the best taxonomy node"),
    Column("gate", String(32), nullable=False, comment="'pass', or why the tweet is not for this project"),
    Column("why", CleanText, nullable=False),
    Column("unsafe", String(16), comment="the category for which it is not answered, or ''; null: nobody looked"),
    Column("flags", CleanText, comment="what is sensitive in it, as JSON, or ''; null: nobody looked"),
    CheckConstraint(known("label", reversed(LABELS)), name="label"),
    Index(None, "window_start", "project"),
    comment="Replaced window by window, in one transaction.",
)

comment_opportunities = Table(
    "comment_opportunities",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False),
    Column("rank", Integer, nullable=False, comment="1 is the best of its project and window"),
    Column("total", Double, nullable=False),
    Column("label", String(8), nullable=False),
    Column("topic", CleanText, nullable=False),
    Column("why", CleanText, nullable=False),
    Column("from_id", CleanText, comment="the author's"),
    Column("from_handle", CleanText, comment="the author's, in small letters, as handles are compared"),
    Column("chosen_at", UtcDateTime, comment="by the latest run over its hour; null: before anybody noted it"),
    Index(None, "window_start", "project"),
    # What the same author was told before.
    Index(None, "project", "from_id"),
    Index(None, "project", "from_handle"),
    # Which projects and topics there are, without a look at each tweet.
    Index(None, "project", "topic"),
    comment="Tweets worth a reply. Replaced window by window, in one transaction.",
)

selection_counts = Table(
    "selection_counts",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("reason", String(16), primary_key=True, comment="why they were left out, or 'chosen'"),
    Column("tweets", Integer, nullable=False),
    Index(None, "window_start", "project"),
    comment="What became of all tweets of an hour. Replaced window by window, in one transaction.",
    sqlite_with_rowid=False,
)
