"""What tweets answer and quote, and the posts themselves. Of tweets that were read before, nothing but that they do is
known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tweet_references",
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("answers_id", sa.String(length=32), nullable=True, comment="the post that it replies to"),
        sa.Column("quotes_id", sa.String(length=32), nullable=True),
        sa.Column("alt_texts", sa.Text(), nullable=False, comment="of its own pictures, as JSON, or ''"),
        sa.PrimaryKeyConstraint("tweet_id", name=op.f("pk_tweet_references")),
        comment="What a tweet refers to; no row for one that refers to nothing by id.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "referenced_posts",
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_handle", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="its beginning; '' where it is not known"),
        sa.Column("alt_texts", sa.Text(), nullable=False, comment="of its pictures, as JSON, or ''"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, comment="when that was so"),
        sa.CheckConstraint(
            "state in ('present', 'deleted', 'protected', 'missing')", name=op.f("ck_referenced_posts_state")
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_referenced_posts")),
        comment="Posts that tweets refer to, each once, as they were seen last.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("referenced_posts")
    op.drop_table("tweet_references")
