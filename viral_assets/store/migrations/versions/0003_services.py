"""How far the windows of services were read, and what was asked of those that are paid by the post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_windows",
        sa.Column("source", sa.String(length=16), nullable=False, comment="x_api or apify"),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("query_sha256", sa.String(length=64), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False, comment="the whole hour was read; it is not asked for again"),
        sa.Column(
            "cursor",
            sa.JSON(),
            nullable=True,
            comment="where reading goes on: a page's next_token, an Actor's run and position",
        ),
        sa.Column(
            "newest_id",
            sa.String(length=32),
            nullable=True,
            comment="of a current hour: only what is newer is asked for next time",
        ),
        sa.Column("items", sa.Integer(), nullable=False, comment="received in all"),
        sa.Column("cost_usd", sa.Double(), nullable=True, comment="as the service says; null where it does not"),
        sa.Column("note", sa.Text(), nullable=False, comment="why reading stopped before the end, empty otherwise"),
        sa.Column("holder", sa.String(length=128), nullable=True, comment="who reads it right now"),
        sa.Column("held_until", sa.Double(), server_default="0", nullable=False, comment="seconds since the epoch"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "project", "query_sha256", "window_start", name=op.f("pk_source_windows")),
        comment=(
            "How far a query of a service was read for an hour. Moves on with each stored page, in its transaction."
        ),
    )
    op.create_table(
        "source_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False, comment="service and fingerprint of the token"),
        sa.Column("endpoint", sa.String(length=16), nullable=False, comment="search or lookup"),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False, comment="granted, answered or failed"),
        sa.Column("granted_at", sa.Double(), nullable=False, comment="seconds since the epoch"),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column(
            "posts",
            sa.Integer(),
            nullable=False,
            comment="asked for at grant, received once answered: they are paid for",
        ),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_requests")),
        comment="Requests for posts that cost money each: the caps of a run and a day are kept with it.",
    )
    op.create_index(
        op.f("ix_source_requests_account_granted_at"), "source_requests", ["account", "granted_at"], unique=False
    )
    op.create_index(op.f("ix_source_requests_run_id"), "source_requests", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_source_requests_run_id"), table_name="source_requests")
    op.drop_index(op.f("ix_source_requests_account_granted_at"), table_name="source_requests")
    op.drop_table("source_requests")
    op.drop_table("source_windows")
