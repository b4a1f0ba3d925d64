"""Sessions of the review page that somebody logged out of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "ended_sessions"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("session_id", sa.String(length=64), nullable=False, comment="stands in the signed cookie"),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="from then on the cookie is no longer accepted anyway, and the row may go",
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_ended_sessions")),
        comment="Sessions of the review page that ended before their cookies did.",
    )
    op.create_index(op.f("ix_ended_sessions_until"), TABLE, ["until"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_ended_sessions_until"), table_name=TABLE)
    op.drop_table(TABLE)
