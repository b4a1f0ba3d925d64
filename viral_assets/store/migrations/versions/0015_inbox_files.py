"""What an inbox holds is known by name, size and time; the first hour, where no setting names one, stays; and what
became of an hour's tweets is found by the hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COUNTS_BY_HOUR = "ix_selection_counts_window_start_project"

DAYS = 31
"""A day more than a code server that was loaded before this, yesterday at the earliest, counts back by itself."""


def upgrade() -> None:
    op.create_table(
        "inbox_files",
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="within the folder"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False, comment="nanoseconds since the epoch"),
        sa.Column(
            "sha256", sa.String(length=64), nullable=False, comment="of the content; empty where it could not be read"
        ),
        sa.Column("asked", sa.Boolean(), nullable=False, comment="whether runs have been asked for, for its hours"),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("folder", "name", name=op.f("pk_inbox_files")),
        comment="A file of an inbox that is as it was is not opened again.",
    )
    kept = op.create_table(
        "kept_values",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kept_values")),
        comment="What was settled once and stays: the first hour, where no setting names one.",
    )
    op.create_index(op.f(COUNTS_BY_HOUR), "selection_counts", ["window_start", "project"])
    first = datetime.now(UTC) - timedelta(days=DAYS)
    op.bulk_insert(kept, [{"name": "first_hour", "value": f"{first:%Y-%m-%d}-00:00"}])


def downgrade() -> None:
    op.drop_index(op.f(COUNTS_BY_HOUR), table_name="selection_counts")
    op.drop_table("kept_values")
    op.drop_table("inbox_files")
