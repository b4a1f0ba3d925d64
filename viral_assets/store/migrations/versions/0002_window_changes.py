"""What has changed in a window of the quota is found by index."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = "llm_requests"


def upgrade() -> None:
    op.drop_index(op.f("ix_llm_requests_quota_key_granted_at_counted_tokens"), table_name=TABLE)
    op.create_index(op.f("ix_llm_requests_quota_key_granted_at"), TABLE, ["quota_key", "granted_at"])
    op.create_index(op.f("ix_llm_requests_quota_key_finished_at"), TABLE, ["quota_key", "finished_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_llm_requests_quota_key_finished_at"), table_name=TABLE)
    op.drop_index(op.f("ix_llm_requests_quota_key_granted_at"), table_name=TABLE)
    op.create_index(
        op.f("ix_llm_requests_quota_key_granted_at_counted_tokens"),
        TABLE,
        ["quota_key", "granted_at", "counted_tokens"],
    )
