"""For how long a limit that was learnt from refusals is believed; and requests may be unsent, which costs no quota."""

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
    _say_of_status("granted, answered, refused, failed or unsent")


def downgrade() -> None:
    unsent = sa.table("llm_requests", sa.column("status"))
    op.execute(sa.update(unsent).where(unsent.c.status == "unsent").values(status="failed"))
    _say_of_status("granted, answered, refused or failed")
    op.drop_column(TABLE, "learned_windows")


def _say_of_status(comment: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("llm_requests", "status", comment=comment)
