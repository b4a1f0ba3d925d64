"""Replies that people posted, and what they had brought at one time and another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

REPLIES, SNAPSHOTS = "posted_replies", "reply_snapshots"
COUNTS = ("like", "reply", "retweet", "quote", "view", "bookmark")


def upgrade() -> None:
    op.create_table(
        REPLIES,
        sa.Column("reply_id", sa.String(length=32), nullable=False, comment="of the post at X"),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False, comment="the tweet that it answers"),
        sa.Column("suggestion_type", sa.String(length=64), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="as it was at X; '' where no source had it"),
        sa.Column("found_by", sa.String(length=16), nullable=False, comment="how it was told whose it is"),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "gone_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when X had it no more; null: nobody has found it gone",
        ),
        sa.CheckConstraint(
            "found_by in ('id', 'same_text', 'like_text', 'only_choice')", name=op.f("ck_posted_replies_found_by")
        ),
        sa.PrimaryKeyConstraint("reply_id", name=op.f("pk_posted_replies")),
        sa.UniqueConstraint(
            "project", "tweet_id", "suggestion_type", name=op.f("uq_posted_replies_project_tweet_id_suggestion_type")
        ),
        comment="Replies that people posted, each with the suggestion that it was. Found, never sent.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_posted_replies_tweet_id"), REPLIES, ["tweet_id"])
    op.create_index(op.f("ix_posted_replies_posted_at"), REPLIES, ["posted_at"])
    op.create_table(
        SNAPSHOTS,
        sa.Column("reply_id", sa.String(length=32), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "source", sa.String(length=64), nullable=False, comment="hash of the file or the answer that says so"
        ),
        sa.Column(
            "tweet_id", sa.String(length=32), nullable=False, comment="the tweet that was answered, with which it goes"
        ),
        *(sa.Column(f"{name}_count", sa.BigInteger(), nullable=True) for name in COUNTS),
        sa.Column(
            "author_answered", sa.Boolean(), nullable=True, comment="whether the tweet's author did; null: nobody knows"
        ),
        sa.PrimaryKeyConstraint("reply_id", "collected_at", "source", name=op.f("pk_reply_snapshots")),
        comment="What a posted reply had brought at one time. Append-only.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_reply_snapshots_tweet_id"), SNAPSHOTS, ["tweet_id"])


def downgrade() -> None:
    op.drop_table(SNAPSHOTS)
    op.drop_table(REPLIES)
