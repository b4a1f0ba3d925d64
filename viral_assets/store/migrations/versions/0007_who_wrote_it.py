"""Which run ended a tweet, and which runs write everything anew together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OUTCOMES = "generation_outcomes"
FORCED = "forced_runs"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_columns_before(), _columns_added())
    else:
        for column in _columns_added():
            op.add_column(OUTCOMES, column)
    op.execute(_OFFLINE_DRAFTS)
    op.execute(_OFFLINE_WITHOUT_DRAFTS[op.get_bind().dialect.name])
    op.create_table(
        FORCED,
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column(
            "forced_by", sa.String(length=64), nullable=False, comment="what was forced: the run_id of its first row"
        ),
        sa.Column("scope", sa.String(length=64), nullable=False, comment="hash of hours, projects, provider and model"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="null while tweets are left: the same command goes on",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_forced_runs")),
        comment="Runs that write everything anew, and which of them belong together because one was interrupted.",
    )
    op.create_index(op.f("ix_forced_runs_forced_by"), FORCED, ["forced_by"], unique=False)
    op.create_index(op.f("ix_forced_runs_scope"), FORCED, ["scope"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_forced_runs_scope"), table_name=FORCED)
    op.drop_index(op.f("ix_forced_runs_forced_by"), table_name=FORCED)
    op.drop_table(FORCED)
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_columns_before(), [])
    else:
        for column in reversed(_columns_added()):
            op.drop_column(OUTCOMES, column.name)


# Earlier versions did not say who ended a tweet. Where nothing speaks for the offline provider, it was a model.
_OFFLINE_DRAFTS = """
    UPDATE generation_outcomes SET provider = 'offline' WHERE EXISTS (
        SELECT 1 FROM comment_suggestions AS written
        WHERE written.project = generation_outcomes.project AND written.tweet_id = generation_outcomes.tweet_id
          AND written.provider = 'offline')
"""
_NEVER_WRITTEN = """
    UPDATE generation_outcomes SET provider = 'offline'
    WHERE outcome = 'filtered'
      AND NOT EXISTS (
        SELECT 1 FROM comment_suggestions AS written
        WHERE written.project = generation_outcomes.project AND written.tweet_id = generation_outcomes.tweet_id)
      AND (project, tweet_id) IN (
        SELECT asked.project, {tweet} FROM llm_requests AS asked, {tweets} WHERE asked.provider = 'offline')
      AND (project, tweet_id) NOT IN (
        SELECT asked.project, {tweet} FROM llm_requests AS asked, {tweets}
        WHERE asked.provider <> 'offline' AND asked.purpose = 'generate')
"""
_OFFLINE_WITHOUT_DRAFTS = {
    "sqlite": _NEVER_WRITTEN.format(tweet="each.value", tweets="json_each(asked.tweet_ids) AS each"),
    "postgresql": _NEVER_WRITTEN.format(
        tweet="each.value", tweets="json_array_elements_text(asked.tweet_ids) AS each (value)"
    ),
}


def _columns_before() -> list[sa.Column[object]]:
    return [
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="requests this tweet took part in"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _columns_added() -> list[sa.Column[object]]:
    return [
        sa.Column(
            "provider",
            sa.String(length=32),
            server_default="",
            nullable=False,
            comment="of the run that wrote the row",
        ),
        sa.Column("run_id", sa.String(length=64), server_default="", nullable=False, comment="which run that was"),
    ]


def _rebuild(kept: list[sa.Column[object]], added: list[sa.Column[object]]) -> None:
    """SQLite adds columns after the constraints and drops none that are spoken of there: the table is made anew."""
    old = f"{OUTCOMES}_before"
    names = ", ".join(f'"{column.name}"' for column in kept)
    op.drop_index(op.f("ix_generation_outcomes_window_start_project"), table_name=OUTCOMES)
    op.rename_table(OUTCOMES, old)
    op.create_table(
        OUTCOMES,
        *kept,
        *added,
        sa.CheckConstraint(
            "outcome in ('done', 'filtered', 'blocked', 'failed', 'deferred')",
            name=op.f("ck_generation_outcomes_outcome"),
        ),
        sa.PrimaryKeyConstraint("project", "tweet_id", name=op.f("pk_generation_outcomes")),
        comment="How each opportunity ended. Nothing disappears.",
    )
    op.execute(f"INSERT INTO {OUTCOMES} ({names}) SELECT {names} FROM {old}")
    op.drop_table(old)
    op.create_index(
        op.f("ix_generation_outcomes_window_start_project"), OUTCOMES, ["window_start", "project"], unique=False
    )
