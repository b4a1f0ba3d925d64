"""What is sensitive in a tweet stands beside its scores, and a model may decline to answer. Tweets that were scored
before were not looked at, which is not the same as harmless: null.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from viral_assets.store.migrations.remade import change_check

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SCORES, OUTCOMES = "tweet_scores", "generation_outcomes"
CONSTRAINT = "outcome"
BEFORE = "outcome in ('done', 'filtered', 'blocked', 'failed', 'deferred')"
AFTER = "outcome in ('done', 'filtered', 'declined', 'blocked', 'failed', 'deferred')"


def upgrade() -> None:
    for column in _columns():
        op.add_column(SCORES, column)
    change_check(op.f(f"ck_{OUTCOMES}_{CONSTRAINT}"), OUTCOMES, BEFORE, AFTER)


def downgrade() -> None:
    # What the older version knows that comes closest: an end without suggestions, which it does not ask about again.
    outcomes = sa.table(OUTCOMES, sa.column("outcome"))
    op.execute(sa.update(outcomes).where(outcomes.c.outcome == "declined").values(outcome="blocked"))
    change_check(op.f(f"ck_{OUTCOMES}_{CONSTRAINT}"), OUTCOMES, AFTER, BEFORE)
    for column in reversed(_columns()):
        op.drop_column(SCORES, column.name)


def _columns() -> list[sa.Column[str]]:
    return [
        sa.Column(
            "unsafe",
            sa.String(length=16),
            nullable=True,
            comment="the category for which it is not answered, or ''; null: nobody looked",
        ),
        sa.Column(
            "flags", sa.Text(), nullable=True, comment="what is sensitive in it, as JSON, or ''; null: nobody looked"
        ),
    ]
