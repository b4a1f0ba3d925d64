"""What people decide about suggestions: a version to notice a second person by, and an append-only audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SUGGESTIONS = "comment_suggestions"
EVENTS = "suggestion_events"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_columns_before(), _columns_added())
    else:
        for column in _columns_added():
            op.add_column(SUGGESTIONS, column)
    op.create_index(op.f("ix_comment_suggestions_project_tweet_id_status"), SUGGESTIONS, _BY_TWEET, unique=False)
    op.create_index(op.f("ix_comment_suggestions_status_project_tweet_id"), SUGGESTIONS, _BY_STATUS, unique=False)
    op.create_table(
        EVENTS,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False, comment="id of the first event of what was decided in one go"),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("suggestion_type", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("from_status", sa.String(length=16), nullable=False),
        sa.Column("to_status", sa.String(length=16), nullable=False),
        sa.Column("from_text", sa.Text(), nullable=True, comment="null where the text stayed"),
        sa.Column("to_text", sa.Text(), nullable=False, comment="the text that was decided about"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_decided_at", sa.DateTime(timezone=True), nullable=True, comment="what an undo gives back"),
        sa.Column("from_decided_by", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="of the suggestion after the event"),
        sa.Column("undoes", sa.Integer(), nullable=True, comment="the event that this one undoes"),
        sa.CheckConstraint(
            "action in ('approve', 'reject', 'edit', 'export', 'post', 'reopen', 'undo')",
            name=op.f("ck_suggestion_events_action"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_events")),
        sa.UniqueConstraint("undoes", name=op.f("uq_suggestion_events_undoes")),
        comment="Every decision about a suggestion. Append-only: the database refuses to change or delete a row.",
    )
    op.create_index(
        op.f("ix_suggestion_events_project_tweet_id_id"), EVENTS, ["project", "tweet_id", "id"], unique=False
    )
    op.create_index(op.f("ix_suggestion_events_who_id"), EVENTS, ["who", "id"], unique=False)
    for statement in _KEEP[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("ix_suggestion_events_who_id"), table_name=EVENTS)
    op.drop_index(op.f("ix_suggestion_events_project_tweet_id_id"), table_name=EVENTS)
    op.drop_table(EVENTS)
    op.drop_index(op.f("ix_comment_suggestions_status_project_tweet_id"), table_name=SUGGESTIONS)
    op.drop_index(op.f("ix_comment_suggestions_project_tweet_id_status"), table_name=SUGGESTIONS)
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_columns_before(), [])
    else:
        op.execute("DROP FUNCTION suggestion_events_append_only()")
        for column in reversed(_columns_added()):
            op.drop_column(SUGGESTIONS, column.name)


_BY_TWEET = ["project", "tweet_id", "status"]
_BY_STATUS = ["status", "project", "tweet_id"]

_KEEP_SQLITE = """CREATE TRIGGER suggestion_events_no_{0} BEFORE {1} ON suggestion_events
BEGIN SELECT RAISE(ABORT, 'suggestion_events is append-only'); END"""
_KEEP_FUNCTION = """CREATE OR REPLACE FUNCTION suggestion_events_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'suggestion_events is append-only'; END $$"""
_KEEP_POSTGRESQL = """CREATE TRIGGER suggestion_events_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON suggestion_events
FOR EACH STATEMENT EXECUTE FUNCTION suggestion_events_append_only()"""

_KEEP = {
    "sqlite": [_KEEP_SQLITE.format("update", "UPDATE"), _KEEP_SQLITE.format("delete", "DELETE")],
    "postgresql": [_KEEP_FUNCTION, _KEEP_POSTGRESQL],
}


def _columns_before() -> list[sa.Column[object]]:
    return [
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("suggestion_type", sa.String(length=64), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("weighted_length", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), server_default="pending", nullable=False),
    ]


def _columns_added() -> list[sa.Column[object]]:
    return [
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="goes up with every change of the row",
        ),
        sa.Column(
            "original_text", sa.Text(), nullable=True, comment="what the model wrote, where a person has changed it"
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a person last decided; an export is no decision",
        ),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="who last decided"),
    ]


def _rebuild(kept: list[sa.Column[object]], added: list[sa.Column[object]]) -> None:
    """SQLite adds columns after the constraints and drops none that are spoken of there: the table is made anew."""
    old = f"{SUGGESTIONS}_before"
    names = ", ".join(f'"{column.name}"' for column in kept)
    op.drop_index(op.f("ix_comment_suggestions_window_start_project"), table_name=SUGGESTIONS)
    op.rename_table(SUGGESTIONS, old)
    op.create_table(
        SUGGESTIONS,
        *kept,
        *added,
        sa.CheckConstraint(
            "status in ('pending', 'approved', 'edited', 'rejected', 'exported', 'posted')",
            name=op.f("ck_comment_suggestions_status"),
        ),
        sa.PrimaryKeyConstraint("project", "tweet_id", "suggestion_type", name=op.f("pk_comment_suggestions")),
    )
    op.execute(f"INSERT INTO {SUGGESTIONS} ({names}) SELECT {names} FROM {old}")
    op.drop_table(old)
    op.create_index(
        op.f("ix_comment_suggestions_window_start_project"), SUGGESTIONS, ["window_start", "project"], unique=False
    )
