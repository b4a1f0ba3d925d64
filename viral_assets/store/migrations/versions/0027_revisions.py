"""What people ask to have changed in suggestions: a table of its own, two columns beside the text, two words of the
audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from viral_assets.store.migrations.remade import change_check

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SUGGESTIONS, EVENTS, REVISIONS = "comment_suggestions", "suggestion_events", "suggestion_revisions"
BEFORE = "action in ('approve', 'reject', 'edit', 'export', 'post', 'reopen', 'undo')"
AFTER = "action in ('approve', 'reject', 'edit', 'export', 'post', 'reopen', 'undo', 'revise', 'keep')"
ORIGINAL = (
    "what the model wrote, where a person has changed it",
    "what the model wrote first, where the text is another one now",
)
PURPOSE = "generate or embed", "generate, revise or embed"


def upgrade() -> None:
    for column in _columns():
        op.add_column(SUGGESTIONS, column)
    _constrain(BEFORE, AFTER)
    op.create_table(
        REVISIONS,
        sa.Column("id", sa.String(length=32), nullable=False, comment="and the run_id of its requests in llm_requests"),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("suggestion_type", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False, comment="what should change, in a person's words"),
        sa.Column("standing_text", sa.Text(), nullable=False, comment="what the suggestion said then"),
        sa.Column("draft", sa.Text(), nullable=False, comment="what is revised: that, or the revision offered before"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=True, comment="the revision"),
        sa.Column("weighted_length", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(length=32), server_default="", nullable=False),
        sa.Column("model", sa.String(length=128), server_default="", nullable=False),
        sa.Column(
            "request_id", sa.String(length=32), nullable=True, comment="the row of llm_requests that paid for it"
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False, comment="why there is none, or none yet"),
        sa.Column(
            "ended_at", sa.DateTime(timezone=True), nullable=True, comment="when it was written, or came to nothing"
        ),
        sa.Column(
            "held_until", sa.DateTime(timezone=True), nullable=True, comment="until then somebody has it written"
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="who took it, kept the old text or dropped it"),
        sa.Column("event_id", sa.Integer(), nullable=True, comment="the entry of the audit that says so"),
        sa.CheckConstraint(
            "state in ('asked', 'offered', 'taken', 'kept', 'dropped', 'failed')",
            name=op.f("ck_suggestion_revisions_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_revisions")),
        comment="What people asked to have changed in suggestions, and what came of it.",
    )
    op.create_index(op.f("ix_suggestion_revisions_tweet_id_project"), REVISIONS, ["tweet_id", "project"], unique=False)
    _say(1)


def downgrade() -> None:
    _say(0)
    op.drop_index(op.f("ix_suggestion_revisions_tweet_id_project"), table_name=REVISIONS)
    op.drop_table(REVISIONS)
    # What the older version knows that comes closest: a text that was changed, and one that was left as it was.
    _constrain(AFTER, BEFORE, words={"revise": "edit", "keep": "reopen"})
    for column in reversed(_columns()):
        op.drop_column(SUGGESTIONS, column.name)


def _columns() -> list[sa.Column[str]]:
    return [
        sa.Column(
            "revised_text",
            sa.Text(),
            nullable=True,
            comment="the revision that a person took last; the text, unless somebody typed",
        ),
        sa.Column("revised_by", sa.String(length=128), nullable=True, comment="the model that wrote it"),
    ]


def _say(which: int) -> None:
    """SQLite keeps no comments."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.alter_column(SUGGESTIONS, "original_text", comment=ORIGINAL[which], existing_comment=ORIGINAL[1 - which])
    op.alter_column(
        "llm_requests",
        "purpose",
        comment=PURPOSE[which],
        existing_comment=PURPOSE[1 - which],
        existing_type=sa.String(length=16),
        existing_nullable=False,
    )


def _constrain(old: str, new: str, words: dict[str, str] | None = None) -> None:
    """Let the audit have other words. It is append-only: what keeps it so is set aside and put back.

    Args:
        words: that rows get instead of those that are no longer allowed.
    """
    cases = " ".join(f"WHEN '{was}' THEN '{become}'" for was, become in (words or {}).items())
    values = {"action": f"CASE action {cases} ELSE action END"} if cases else {}
    name = op.f(f"ck_{EVENTS}_action")
    if values and op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(name, EVENTS, type_="check")
        op.execute(f"ALTER TABLE {EVENTS} DISABLE TRIGGER {EVENTS}_append_only")
        op.execute(f"UPDATE {EVENTS} SET action = {values['action']}")
        op.execute(f"ALTER TABLE {EVENTS} ENABLE TRIGGER {EVENTS}_append_only")
        op.create_check_constraint(name, EVENTS, new)
        return
    change_check(name, EVENTS, old, new, values)
