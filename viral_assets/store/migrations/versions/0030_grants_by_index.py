"""PostgreSQL finds what a grant looks at by its indexes, however large the table of requests is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

GRANT = "grant_requests(jsonb, jsonb)"


def upgrade() -> None:
    # Planned once, for any values (0024), it takes a third of the table to be what has been answered since a moment,
    # and from some size on reads all of it: 100 ms under the lock for which everybody waits, instead of 0.5.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"ALTER FUNCTION {GRANT} SET enable_seqscan = off"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"ALTER FUNCTION {GRANT} RESET enable_seqscan"))
