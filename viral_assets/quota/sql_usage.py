"""What counts of a quota at one moment, as a transaction of its database sees it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa

from viral_assets.quota import statements
from viral_assets.quota.decision import QuotaUsage, ages_at
from viral_assets.quota.keys import account_of, prefix_of
from viral_assets.quota.ledger import ANNOUNCED_SECONDS
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.quota.priority import Priority, aged_since
from viral_assets.quota.recent import RecentGrants, Window, WindowGrant
from viral_assets.quota.script import Script
from viral_assets.quota.sql_runners import HEARTBEAT_TTL_SECONDS, UNKNOWN, host
from viral_assets.store.tables import llm_requests

LATE_WAITER_SECONDS = 2.0
"""A waiter that is this late for its turn has lost its place in the queue; it may queue again."""

OVERDUE_SECONDS = 1_800.0
"""So long after its deadline a batch is closed, unless nobody came who could: the model or the key is no longer used.
Then it keeps nobody from asking any more."""


class SqlUsage:
    """One quota's.

    Args:
        quota_key: names it; what is spent counts for its account.
    """

    def __init__(self, quota_key: str, limits: Limits) -> None:
        self.key, self.account, self.limits = quota_key, account_of(quota_key), limits
        self.queries = statements.OF_THE_QUOTA if limits.daily_budget_usd is None else statements.OF_THE_ACCOUNT
        self.host, self.pid = host(), os.getpid()
        self.recent = RecentGrants(self._grants_since)

    def values(self, now: float, runner: str = "", priority: Priority = Priority.BACKGROUND) -> dict[str, Any]:
        """What the statements need to know, whoever asks."""
        return {
            "key": self.key,
            "account": self.account,
            "account_prefix": prefix_of(self.account),
            "runner": runner,
            "priority": int(priority),
            "now": now,
            "aged": aged_since(now, self.limits.padded_window_seconds),
            "day": pacific_day(now).name,
            "since": now - self.limits.padded_window_seconds,
            "late": now - LATE_WAITER_SECONDS,
            "expired": now - HEARTBEAT_TTL_SECONDS,
            "announced": now - ANNOUNCED_SECONDS,
            "overdue": now - OVERDUE_SECONDS,
            "unknown": UNKNOWN,
            "host": self.host,
            "pid": self.pid,
        }

    def window(self, connection: sa.Connection, values: Mapping[str, Any]) -> Window:
        return self.recent.window(connection, values["since"])

    def current_window(self, connection: sa.Connection, values: Mapping[str, Any]) -> Window:
        """The same, in a transaction that writes: where the clock was set back, whatever was granted was granted by
        now."""
        window = self.window(connection, values)
        if window.newest is not None and window.newest > values["now"]:
            statements.SET_CLOCK_BACK.run(connection, values)
            self.recent.forget()
            window = self.window(connection, values)
        return window

    def at(
        self, connection: sa.Connection, values: Mapping[str, Any], window: Window, query: Script
    ) -> tuple[QuotaUsage, sa.Row[Any]]:
        """What counts now, and the row it is from, which tells besides whether some of the tweets are taken."""
        row = query.run(connection, values).one()
        usage = QuotaUsage(
            now=values["now"],
            day=pacific_day(values["now"]),
            window_requests=window.requests,
            window_tokens=window.tokens,
            day_requests=row.day_requests or 0,
            day_tokens=row.day_tokens or 0,
            day_cost_usd=row.day_cost_usd or 0.0,
            blocked_until=row.blocked_until or 0.0,
            block_reason=row.reason or "",
            learned_requests=row.learned_requests,
            learned_until=row.learned_until or 0.0,
            ahead_requests=row.ahead_requests,
            ahead_tokens=int(row.ahead_tokens),
            ages_at=ages_at(self.limits, Priority(values["priority"]), row.asked_at or values["now"]),
        )
        return usage, row

    def in_window(self, now: float) -> tuple[sa.ColumnElement[bool], ...]:
        """Which requests count."""
        return (
            llm_requests.c.quota_key == self.key,
            llm_requests.c.granted_at > now - self.limits.padded_window_seconds,
            llm_requests.c.status != "unsent",
        )

    def _grants_since(self, connection: sa.Connection, moment: float, answered: float | None) -> list[WindowGrant]:
        values = {"key": self.key, "since": moment, "answered_since": answered}
        # Without a limit of tokens nothing that matters of a request changes once it is granted.
        changes = answered is not None and self.limits.max_tokens is not None
        query = statements.GRANTS_AND_ANSWERS_SINCE if changes else statements.GRANTS_SINCE
        return [WindowGrant(*cast("tuple[Any, ...]", row)) for row in query.run(connection, values)]


def releases(window: Window) -> list[tuple[float, int]]:
    return [(grant.at, grant.tokens) for grant in window.grants()]
