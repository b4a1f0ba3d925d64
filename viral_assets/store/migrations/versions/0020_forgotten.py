"""Tweets and authors that are not to be stored again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = "forgotten_subjects"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the kind and the id or handle"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="tweet, author or handle"),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False, comment="how many went, by table"),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_forgotten_subjects")),
        comment="Tweets and authors that no file and no service brings back.",
    )


def downgrade() -> None:
    op.drop_table(TABLE)
