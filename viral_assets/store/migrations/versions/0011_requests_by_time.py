"""The ledger is looked through by time, whatever the quota: what the suggestions of the last days cost."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_llm_requests_granted_at"), "llm_requests", ["granted_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_llm_requests_granted_at"), table_name="llm_requests")
