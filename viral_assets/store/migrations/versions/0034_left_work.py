"""Whether the answer to a request left tweets to ask about again: requests are kept for as much."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLE = "llm_requests"


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column(
            "left_work",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="tweets of it were to be asked about again, though it was answered",
        ),
    )


def downgrade() -> None:
    op.drop_column(TABLE, "left_work")
