"""Counts that no source gave are unknown, and so is a velocity that nobody could measure. What was stored as 0 before
stays 0: whether it was counted or missing cannot be told any more. And what became of all tweets of an hour is counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from alembic import op

from viral_assets.store.migrations.remade import make_anew

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COUNTS = ("like_count", "reply_count", "retweet_count", "quote_count")
COLUMNS = {"tweets": _COUNTS, "tweet_snapshots": _COUNTS, "tweet_scores": ("velocity",)}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        _alter(table, columns, nullable=True)
    op.create_table(
        "selection_counts",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False, comment="why they were left out, or 'chosen'"),
        sa.Column("tweets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "window_start", "reason", name=op.f("pk_selection_counts")),
        comment="What became of all tweets of an hour. Replaced window by window, in one transaction.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("selection_counts")
    for table, columns in COLUMNS.items():
        for name in columns:
            unknown = sa.table(table, sa.column(name))
            op.execute(sa.update(unknown).where(unknown.c[name].is_(None)).values({name: 0}))
        _alter(table, columns, nullable=False)


def _alter(table: str, columns: Sequence[str], *, nullable: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        make_anew(table, partial(_with, columns=columns, nullable=nullable))
        return
    for name in columns:
        op.alter_column(table, name, nullable=nullable)


def _with(definition: str, columns: Sequence[str], *, nullable: bool) -> str:
    """The statement that makes a table, with these columns allowed to be null, or not."""
    kept = "" if nullable else " NOT NULL"
    for column in columns:
        definition, found = re.subn(
            rf"(\b{column}\b (?:BIGINT|DOUBLE(?: PRECISION)?))(?: NOT NULL)?", rf"\1{kept}", definition
        )
        if found != 1:
            raise RuntimeError(f"the column {column} is not described as expected: {definition}")
    return definition
