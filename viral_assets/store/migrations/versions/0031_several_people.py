"""Several people: who one may be, their tokens and sessions, whose a tweet is, who has seen it, and a status for what
one has approved and another has not yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from viral_assets.store.migrations.remade import change_check

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SUGGESTIONS, EVENTS = "comment_suggestions", "suggestion_events"
BEFORE = "status in ('pending', 'approved', 'edited', 'rejected', 'exported', 'posted')"
AFTER = "status in ('pending', 'awaiting', 'approved', 'edited', 'rejected', 'exported', 'posted')"
BY_TIME = "ix_suggestion_events_at"


def upgrade() -> None:
    change_check(op.f(f"ck_{SUGGESTIONS}_status"), SUGGESTIONS, BEFORE, AFTER)
    op.create_index(BY_TIME, EVENTS, ["at", "who", "action", "project"])
    op.create_table(
        "people",
        sa.Column("name_key", sa.String(length=64), nullable=False, comment="the name, however it is written"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_people")),
        comment="Who one may be on the review page. Empty: whoever one says.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "people_tokens",
        sa.Column("id", sa.String(length=16), nullable=False, comment="stands in the token, and is no secret"),
        sa.Column("name_key", sa.String(length=64), nullable=False, comment="whose it is"),
        sa.Column("token_sha256", sa.String(length=64), nullable=False, comment="all that is kept of the token"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True, comment="when somebody last signed in with it"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True, comment="from then on it lets nobody in"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_tokens")),
        comment="Tokens with which people sign in to the review page. A hash of each, never the token.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_people_tokens_name_key"), "people_tokens", ["name_key"])
    op.create_table(
        "people_sessions",
        sa.Column("session_sha256", sa.String(length=64), nullable=False, comment="all that is kept of the cookie"),
        sa.Column("token_id", sa.String(length=16), nullable=False, comment="of the token that began it"),
        sa.Column(
            "used_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when it was last used, to the minute or so",
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="when it ends, however much it is used"),
        sa.PrimaryKeyConstraint("session_sha256", name=op.f("pk_people_sessions")),
        comment="Who is signed in to the review page with a token of their own.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_people_sessions_token_id"), "people_sessions", ["token_id"])
    op.create_index(op.f("ix_people_sessions_until"), "people_sessions", ["until"])
    op.create_table(
        "assignments",
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False, comment="as in the table people"),
        sa.Column("name", sa.Text(), nullable=False, comment="whose the tweet is to decide about"),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tweet_id", "project", name=op.f("pk_assignments")),
        comment="Which person an opportunity is left to. Others may decide about it all the same.",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_assignments_name_key_project_tweet_id"), "assignments", ["name_key", "project", "tweet_id"]
    )
    op.create_table(
        "cards_seen",
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, comment="the last time"),
        sa.PrimaryKeyConstraint("tweet_id", "project", "name_key", name=op.f("pk_cards_seen")),
        comment="Who has had the card of an opportunity open.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("cards_seen", "assignments", "people_sessions", "people_tokens", "people"):
        op.drop_table(table)
    op.drop_index(BY_TIME, table_name=EVENTS)
    # Nobody stands behind it as far as the older version knows.
    op.execute(
        f"UPDATE {SUGGESTIONS} SET status = 'pending', decided_at = NULL, decided_by = NULL WHERE status = 'awaiting'"
    )
    change_check(op.f(f"ck_{SUGGESTIONS}_status"), SUGGESTIONS, AFTER, BEFORE)
