"""Every time a tweet was left to somebody, not only the last; and the word for requests of ``tune`` in a comment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

EVENTS = "assignment_events"
PURPOSE = ("generate, revise or embed", "generate, revise, learn or embed")


def upgrade() -> None:
    op.create_table(
        EVENTS,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="whom it was left to; empty for nobody in particular"),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_events")),
        comment="Each time somebody left an opportunity to somebody. What holds now is in assignments.",
    )
    op.create_index(op.f("ix_assignment_events_tweet_id_project"), EVENTS, ["tweet_id", "project"])
    op.execute(
        f"INSERT INTO {EVENTS} (tweet_id, project, name, assigned_by, assigned_at) "
        "SELECT tweet_id, project, name, assigned_by, assigned_at FROM assignments ORDER BY assigned_at"
    )
    _say(PURPOSE[1], before=PURPOSE[0])


def downgrade() -> None:
    _say(PURPOSE[0], before=PURPOSE[1])
    op.drop_table(EVENTS)


def _say(comment: str, *, before: str) -> None:
    """SQLite keeps no comments."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            "llm_requests",
            "purpose",
            comment=comment,
            existing_comment=before,
            existing_type=sa.String(length=16),
            existing_nullable=False,
        )
