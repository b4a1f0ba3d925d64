"""What holds for everyone who shares a quota, in the database: blocks, and limits that the service was seen to have."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from viral_assets.quota import statements
from viral_assets.quota.decision import LearnedLimit
from viral_assets.quota.ledger import InputLimit
from viral_assets.store.bulk import inserting
from viral_assets.store.tables import quota_state

INPUT_LIMIT_SECONDS = 30 * 86_400.0
"""For so long a model is taken to accept no more in one request. One more refusal a month costs nothing."""


def learned_requests(connection: sa.Connection, key: str) -> LearnedLimit | None:
    """What was learnt the last time of the requests in a window."""
    columns = quota_state.c
    row = connection.execute(
        sa.select(columns.learned_requests, columns.learned_until, columns.learned_windows).where(
            columns.quota_key == key, columns.learned_requests.is_not(None)
        )
    ).one_or_none()
    return None if row is None else LearnedLimit(row.learned_requests, row.learned_until, row.learned_windows or 1)


def block(connection: sa.Connection, key: str, until: float, reason: str, learned: LearnedLimit | None) -> None:
    """Nobody asks until then, and no more in a window than was learnt now."""
    values: dict[str, Any] = {"quota_key": key, "blocked_until": until, "reason": reason}
    if learned is not None:
        values["learned_requests"] = learned.requests
        values["learned_until"] = learned.until
        values["learned_windows"] = learned.windows
    row = inserting(connection.dialect.name, quota_state).values(**values)
    changes: dict[str, sa.ColumnElement[Any]] = {name: row.excluded[name] for name in values if name != "quota_key"}
    # A shorter answer that comes later must not let anybody ask before the longer one ends.
    longer = quota_state.c.blocked_until > row.excluded.blocked_until
    for name in ("blocked_until", "reason"):
        changes[name] = sa.case((longer, quota_state.c[name]), else_=row.excluded[name])
    connection.execute(row.on_conflict_do_update(index_elements=["quota_key"], set_=changes))


def input_limit(connection: sa.Connection, key: str, now: float) -> InputLimit | None:
    """What one request may hold, as far as somebody was told."""
    row = statements.INPUT_LIMIT.run(connection, {"key": key, "now": now}).one_or_none()
    return None if row is None else InputLimit(row.input_limit, with_output=bool(row.input_limit_with_output))


def learn_input_limit(connection: sa.Connection, key: str, limit: InputLimit, now: float) -> None:
    """The service has just said so."""
    told = {
        "input_limit": limit.allowed,
        "input_limit_with_output": limit.with_output,
        "input_limit_until": now + INPUT_LIMIT_SECONDS,
    }
    row = inserting(connection.dialect.name, quota_state).values(quota_key=key, blocked_until=0.0, reason="", **told)
    connection.execute(row.on_conflict_do_update(index_elements=["quota_key"], set_=told))
