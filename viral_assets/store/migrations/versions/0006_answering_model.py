"""Which model answered a request, and how much of the input the service had cached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = "llm_requests"


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column(
            "model_version", sa.Text(), nullable=True, comment="the model that answered, as the service names it"
        ),
    )
    op.add_column(
        TABLE,
        sa.Column(
            "cached_tokens",
            sa.Integer(),
            nullable=True,
            comment="of the input tokens, those that the service had cached",
        ),
    )


def downgrade() -> None:
    op.drop_column(TABLE, "cached_tokens")
    op.drop_column(TABLE, "model_version")
