"""Who was told of which tweet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLE = "notifications"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False, comment="for which it was told"),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False, comment="of the message that tells of it"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="messages about it that were sent"),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False, comment="before it was sent"),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True, comment="when its outcome was known"),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True, comment="of what waits: not before"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was not sent, in our words"),
        sa.CheckConstraint(
            "state in ('sending', 'sent', 'waiting', 'unknown', 'missed')", name=op.f("ck_notifications_state")
        ),
        sa.PrimaryKeyConstraint("channel", "tweet_id", name=op.f("pk_notifications")),
        comment="A channel is told once of a tweet. Written before a message is sent, and settled after it.",
    )
    op.create_index(op.f("ix_notifications_tweet_id"), TABLE, ["tweet_id"])
    op.create_index(op.f("ix_notifications_message_id"), TABLE, ["message_id"])
    op.create_index(op.f("ix_notifications_window_start_project"), TABLE, ["window_start", "project"])
    op.create_index(op.f("ix_notifications_state_channel"), TABLE, ["state", "channel"])
    op.create_index(op.f("ix_notifications_claimed_at"), TABLE, ["claimed_at"])


def downgrade() -> None:
    op.drop_table(TABLE)
