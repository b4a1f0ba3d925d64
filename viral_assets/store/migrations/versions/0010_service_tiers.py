"""At which tier of the service a request was asked and served, and how much less that cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = "llm_requests"
DAYS = "quota_days"


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


def downgrade() -> None:
    op.drop_column(DAYS, "spared_usd")
    op.drop_column(TABLE, "spared_usd")
    op.drop_column(TABLE, "service_tier")
