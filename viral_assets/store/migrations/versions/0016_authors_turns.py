"""Who wrote an opportunity's tweet, to find what the same author was told before; and decisions by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OPPORTUNITIES = "comment_opportunities"
SUGGESTIONS = "comment_suggestions"

# What tells who wrote a tweet is in small letters and without the @, as it is compared.
_AUTHORS = """
    UPDATE comment_opportunities SET
        from_id = (SELECT nullif(trim(t.author_id), '') FROM tweets AS t
                     WHERE t.tweet_id = comment_opportunities.tweet_id),
        from_handle = (SELECT nullif(lower(ltrim(trim(t.author_handle), '@')), '') FROM tweets AS t
                         WHERE t.tweet_id = comment_opportunities.tweet_id)
"""


def upgrade() -> None:
    op.add_column(OPPORTUNITIES, sa.Column("from_id", sa.Text(), nullable=True, comment="the author's"))
    op.add_column(
        OPPORTUNITIES,
        sa.Column(
            "from_handle",
            sa.Text(),
            nullable=True,
            comment="the author's, in small letters, as handles are compared",
        ),
    )
    op.execute(_AUTHORS)
    for column in ("from_id", "from_handle"):
        op.create_index(op.f(f"ix_{OPPORTUNITIES}_project_{column}"), OPPORTUNITIES, ["project", column])
    op.create_index(
        "ix_comment_suggestions_decided",
        SUGGESTIONS,
        ["project", "decided_at"],
        postgresql_where=sa.text("decided_at is not null"),
        sqlite_where=sa.text("decided_at is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_comment_suggestions_decided", table_name=SUGGESTIONS)
    for column in ("from_handle", "from_id"):
        op.drop_index(op.f(f"ix_{OPPORTUNITIES}_project_{column}"), table_name=OPPORTUNITIES)
        op.drop_column(OPPORTUNITIES, column)
