"""Tweets that X has no more; and vectors with 16 bits a number, which is a matter of what is written from now on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLE = "gone_tweets"
VECTOR = "unit length, little-endian: 'h' and float16, or float32"
BEFORE = "unit length, little-endian float32"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False, comment="when a look found it gone"),
        sa.PrimaryKeyConstraint("tweet_id", name=op.f("pk_gone_tweets")),
        comment="Tweets that X has no more: nobody is shown them, and a person lets them go.",
        sqlite_with_rowid=False,
    )
    _say(VECTOR)


def downgrade() -> None:
    _say(BEFORE)
    op.drop_table(TABLE)


def _say(what: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        quoted = what.replace("'", "''")
        op.execute(f"COMMENT ON COLUMN embeddings.vector IS '{quoted}'")
