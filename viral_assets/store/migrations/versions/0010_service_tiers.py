"""At which tier of the service a request was asked and served, how much less that cost, and batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = "llm_requests"
DAYS = "quota_days"
BATCHES = "generation_batches"


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column(
            "service_tier",
            sa.String(16),
            nullable=False,
            server_default="standard",
            comment="asked at, then served at",
        ),
    )
    op.add_column(
        TABLE,
        sa.Column(
            "spared_usd",
            sa.Double(),
            nullable=True,
            comment="how much less that tier cost than the standard one, once answered",
        ),
    )
    op.add_column(
        DAYS,
        sa.Column(
            "spared_usd",
            sa.Double(),
            nullable=False,
            server_default="0",
            comment="by cheaper tiers of the service",
        ),
    )
    op.add_column(
        TABLE,
        sa.Column(
            "batch_id", sa.String(32), nullable=True, comment="the row of generation_batches that it was sent with"
        ),
    )
    op.create_index(
        "ix_llm_requests_batch_id",
        TABLE,
        ["batch_id"],
        postgresql_where=sa.text("batch_id is not null"),
        sqlite_where=sa.text("batch_id is not null"),
    )
    op.create_table(
        BATCHES,
        sa.Column(
            "id",
            sa.String(32),
            nullable=False,
            comment="shown by the service, which finds it by it",
        ),
        sa.Column("quota_key", sa.String(128), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False, comment="that made it"),
        sa.Column("state", sa.String(16), nullable=False, comment="preparing, sending, sent or closed"),
        sa.Column("name", sa.Text(), nullable=True, comment="at the service; null until that has answered"),
        sa.Column("runner", sa.String(32), nullable=False, comment="who waits for it, as long as that lives"),
        sa.Column("created_at", sa.Double(), nullable=False, comment="seconds since the epoch, the ledger's clock"),
        sa.Column(
            "deadline",
            sa.Double(),
            nullable=False,
            comment="from then on it is cancelled and asked at the standard tier",
        ),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.Column("ended", sa.Text(), nullable=True, comment="how, in a few words"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation_batches")),
        comment="Requests that the service answers together within a day. Written before they are sent.",
    )
    op.create_index(op.f("ix_generation_batches_quota_key_state"), BATCHES, ["quota_key", "state"])


def downgrade() -> None:
    op.drop_table(BATCHES)
    op.drop_index("ix_llm_requests_batch_id", TABLE)
    op.drop_column(TABLE, "batch_id")
    op.drop_column(DAYS, "spared_usd")
    op.drop_column(TABLE, "spared_usd")
    op.drop_column(TABLE, "service_tier")
