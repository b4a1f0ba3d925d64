"""Grants on PostgreSQL by one call, the way there and back included, for where there is room for them.

The function ``grant_requests`` (migration 0013) takes the lock, reads the clock, grants as long as the rules of
``decision.decide`` are met beyond doubt, and tells what others were granted meanwhile. It says nothing of what it does
not grant: who has to wait is told by the rules themselves, in a transaction of several steps.

A caller tells what it knows of the window, so that thousands of requests need not be counted while everybody waits. It
never knows too little: what has left the window since counts for it, and an answer counts beside its estimate.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from viral_assets.quota import statements
from viral_assets.quota.keys import prefix_of
from viral_assets.quota.limits import pacific_day
from viral_assets.quota.priority import aged_since
from viral_assets.quota.recent import WindowGrant
from viral_assets.quota.script import Script
from viral_assets.quota.sql_runners import HEARTBEAT_TTL_SECONDS
from viral_assets.quota.sql_usage import LATE_WAITER_SECONDS, OVERDUE_SECONDS, SqlUsage

_GRANT = Script("SELECT * FROM grant_requests(CAST(:shared AS jsonb), CAST(:asks AS jsonb))")


def grant_where_free(
    connection: sa.Connection, usage: SqlUsage, asks: Sequence[dict[str, Any]], runner: str, *, now: float | None
) -> int:
    """Grant as many as there is room for, from the first one on.

    Args:
        connection: on which a statement is a transaction.
        asks: as ``sql_grant.columns_of`` tells them.
        now: by a clock of the caller's own; None for the server's.

    Returns:
        How many; 0 also where nothing is known of the window.
    """
    recent, limits = usage.recent, usage.limits
    known = recent.known()
    if known is None:
        return 0
    window = limits.padded_window_seconds
    # Where the day has ended since, nothing is granted, and the next one is looked at with the window.
    day = pacific_day(known.after + window if now is None else now)
    shared = {
        "lock": statements.LOCK_KEY,
        "now": now,
        "key": usage.key,
        "account": usage.account,
        "account_prefix": prefix_of(usage.account),
        "runner": runner,
        "host": usage.host,
        "pid": usage.pid,
        "max_requests": limits.max_requests,
        "max_tokens": limits.max_tokens,
        "requests_per_day": limits.requests_per_day,
        "daily_budget_usd": limits.daily_budget_usd,
        "day": day.name,
        "day_start": day.start,
        "day_end": day.end,
        "late": LATE_WAITER_SECONDS,
        "expired": HEARTBEAT_TTL_SECONDS,
        "overdue": OVERDUE_SECONDS,
        "aged": -aged_since(0.0, window),
        "last_id": known.last.request_id,
        "last_at": known.last.at,
        "last_tokens": known.last.tokens,
        "last_answer": known.last_answer,
        "window_requests": known.requests,
        "window_tokens": known.tokens,
    }
    row = _GRANT.run(connection, {"shared": json.dumps(shared), "asks": json.dumps(asks)}).one()
    if row.granted:
        found = zip(row.ids, row.moments, row.tokens, row.answered, strict=True)
        recent.take_in([WindowGrant(*each) for each in found], known.last, after=row.now - window)
    return int(row.granted)
