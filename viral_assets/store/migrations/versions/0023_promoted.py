"""Tweets that somebody paid to have shown are stored with that mark. Before, they were left out as they were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tweets",
        sa.Column(
            "is_promoted",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="somebody paid to have it shown, as a source said",
        ),
    )


def downgrade() -> None:
    op.drop_column("tweets", "is_promoted")
