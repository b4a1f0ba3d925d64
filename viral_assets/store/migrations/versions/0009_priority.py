"""How urgent a runner of a quota is, and which request a claimed tweet was last asked about in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "quota_runners",
        sa.Column(
            "priority",
            sa.Integer(),
            nullable=False,
            server_default="1",
            comment="0: a person waits, 1: the newest hour, 2: in the background",
        ),
    )
    op.add_column(
        "generation_claims",
        sa.Column(
            "request_id",
            sa.String(length=32),
            nullable=True,
            comment="the runner's latest request about the tweet, in llm_requests",
        ),
    )


def downgrade() -> None:
    op.drop_column("generation_claims", "request_id")
    op.drop_column("quota_runners", "priority")
