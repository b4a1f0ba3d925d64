"""Which topics there are opportunities of is found without a look at all of them."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INDEX, TABLE = "ix_comment_opportunities_project_topic", "comment_opportunities"


def upgrade() -> None:
    op.create_index(INDEX, TABLE, ["project", "topic"])


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
