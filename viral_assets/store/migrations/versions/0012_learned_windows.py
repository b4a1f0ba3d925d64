"""For how long a limit that was learnt from refusals is believed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "quota_state"


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column(
            "learned_windows",
            sa.Integer(),
            nullable=True,
            comment="for so many windows it is believed, more each time it proves true",
        ),
    )


def downgrade() -> None:
    op.drop_column(TABLE, "learned_windows")
