"""What is sensitive in a tweet stands beside its scores, and a model may decline to answer. Tweets that were scored
before were not looked at, which is not the same as harmless: null.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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
    _constrain(BEFORE, AFTER)


def downgrade() -> None:
    # What the older version knows that comes closest: an end without suggestions, which it does not ask about again.
    outcomes = sa.table(OUTCOMES, sa.column("outcome"))
    op.execute(sa.update(outcomes).where(outcomes.c.outcome == "declined").values(outcome="blocked"))
    _constrain(AFTER, BEFORE)
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


def _constrain(old: str, new: str) -> None:
    """SQLite changes no constraint: the table is made anew, as it is by then but for that."""
    name = op.f(f"ck_{OUTCOMES}_{CONSTRAINT}")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(name, OUTCOMES, type_="check")
        op.create_check_constraint(name, OUTCOMES, new)
        return
    connection = op.get_bind()
    described = sa.text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    parts = connection.execute(described, {"table": OUTCOMES}).all()
    (definition,) = (part.sql for part in parts if part.type == "table")
    if old not in definition:
        raise RuntimeError(f"the constraint {name} is not described as expected: {definition}")
    indexes = [part for part in parts if part.type == "index"]
    for index in indexes:
        op.drop_index(index.name, table_name=OUTCOMES)
    before = f"{OUTCOMES}_before"
    op.rename_table(OUTCOMES, before)
    connection.exec_driver_sql(definition.replace(old, new))
    op.execute(f"INSERT INTO {OUTCOMES} SELECT * FROM {before}")
    op.drop_table(before)
    for index in indexes:
        connection.exec_driver_sql(index.sql)
