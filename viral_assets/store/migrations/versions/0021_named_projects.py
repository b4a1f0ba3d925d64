"""Which projects tweets came for is found without a look at all tweets that came for none in particular."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEX, TABLE = "ix_tweet_projects_named", "tweet_projects"
NAMED = "project <> '*'"


def upgrade() -> None:
    op.create_index(INDEX, TABLE, ["project"], postgresql_where=sa.text(NAMED), sqlite_where=sa.text(NAMED))


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
