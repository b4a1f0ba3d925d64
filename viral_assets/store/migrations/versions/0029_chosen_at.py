"""When a tweet was chosen: for a while nobody else of its author is, though it has no drafts yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLE = "comment_opportunities"


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column(
            "chosen_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="by the latest run over its hour; null: before anybody noted it",
        ),
    )


def downgrade() -> None:
    op.drop_column(TABLE, "chosen_at")
