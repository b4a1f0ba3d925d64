"""The ledger in the database: one quota for every process and machine that uses the same database.

A grant is one transaction under one lock: SQLite's write lock, or on PostgreSQL an advisory lock of the quota key and
the server's clock, so that neither two processes nor two clocks can disagree about what a window holds.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.processes import is_running
from viral_assets.quota import statements
from viral_assets.quota.decision import (
    LearnedLimit,
    QuotaUsage,
    ages_at,
    check_possible,
    decide,
    learned_limit,
    planner_state,
)
from viral_assets.quota.keys import account_of, prefix_of
from viral_assets.quota.ledger import (
    ANNOUNCED_SECONDS,
    AlreadyClaimed,
    Decision,
    Demand,
    Granted,
    GrantRequest,
    LatencySample,
    QuotaState,
    QuotaStatus,
    Settlement,
    StoredAnswer,
    Waiting,
)
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.quota.memory import counted_tokens, settled_cost
from viral_assets.quota.priority import Priority, aged_since
from viral_assets.quota.recent import RecentGrants, Window, WindowGrant
from viral_assets.store.engine import Database
from viral_assets.store.tables import (
    generation_claims,
    llm_requests,
    quota_runners,
    quota_state,
)
from viral_assets.text.cleaning import text_for_storage

HEARTBEAT_TTL_SECONDS = 15.0
"""A runner not seen for this long has expired: its place in the queue, its claims and its demand no longer count."""

LATE_WAITER_SECONDS = 2.0
"""A waiter that is this late for its turn has lost its place in the queue; it may queue again."""

OVERDUE_SECONDS = 1_800.0
"""So long after its deadline a batch is closed, unless nobody came who could: the model or the key is no longer used.
Then it keeps nobody from asking any more."""

UNKNOWN = -1
"""Tweets of a runner that has only announced itself."""

LOCK_KEY = 0x7669_7262
"""Of the PostgreSQL advisory lock under which is granted. One for all quotas: two of them can meet at one tweet."""


class SqlLedger:
    """See :class:`viral_assets.quota.ledger.Ledger`.

    Args:
        database: where everybody who shares the quota keeps it.
        quota_key: names the quota, see ``keys``; what is spent counts for its account.
        limits: what holds. Everybody who shares a quota should use the same.
        clock: tells the time of grants. By default the one clock that all who share the database have.
    """

    def __init__(self, database: Database, quota_key: str, limits: Limits, *, clock: Clock | None = None) -> None:
        self.limits = limits
        self._database = database
        self._key = quota_key
        self._account = account_of(quota_key)
        budget = limits.daily_budget_usd
        self._queries = statements.OF_THE_QUOTA if budget is None else statements.OF_THE_ACCOUNT
        self._clock = clock
        self._host, self._pid = _host(), os.getpid()
        self._recent = RecentGrants(self._grants_since)
        self._insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert

    def join(self, runner: str, tweets: int | None, priority: Priority = Priority.NEWEST_HOUR) -> None:
        wanted = UNKNOWN if tweets is None else tweets
        with self._database.begin() as connection:
            now = self._now(connection, statements.POSTGRES_LOCK_AND_CLOCK)
            self._expire_runners(connection, now)
            updated = connection.execute(
                sa.update(quota_runners)
                .where(quota_runners.c.runner == runner)
                .values(seen_at=now, tweets=wanted, priority=priority, quota_key=self._key)
            )
            if updated.rowcount:
                return
            connection.execute(
                sa.insert(quota_runners).values(
                    runner=runner,
                    quota_key=self._key,
                    host=self._host,
                    pid=self._pid,
                    joined_at=now,
                    seen_at=now,
                    tweets=wanted,
                    priority=priority,
                )
            )

    def leave(self, runner: str) -> None:
        with self._database.begin() as connection:
            _forget_runners(connection, [runner])

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        check_possible(self.limits, ask.tokens, ask.cost_usd)
        with self._database.begin() as connection:
            now = self._now(connection, statements.POSTGRES_LOCK_AND_CLOCK_FOR_GRANT)
            values = {
                **self._usage_values(now, ask.runner, ask.priority),
                "takes_over": ask.takes_over,
                "id": ask.request_id,
                "purpose": ask.purpose,
                "project": ask.project,
                "provider": ask.provider,
                "model": ask.model,
                "run_id": ask.run_id,
                "tier": ask.tier,
                "batch_id": ask.batch_id,
                "tokens": ask.tokens,
                "cost_usd": ask.cost_usd,
                "known_cost_usd": ask.cost_usd or 0.0,
                "tweet_ids": list(ask.tweet_ids),
                "tweets_json": json.dumps(ask.tweet_ids),
                "again": ask.again,
                "tweets": remaining,
            }
            claim = ask.claim and ask.purpose == "generate" and bool(ask.tweet_ids)
            window = self._window(connection, values)
            if window.newest is not None and window.newest > now:
                # The clock was set back. Whatever was granted was granted by now.
                statements.SET_CLOCK_BACK.run(connection, values)
                self._recent.forget()
                window = self._window(connection, values)
            query = self._queries.usage_and_taken if claim else self._queries.usage
            usage, row = self._usage(connection, values, window, query)
            if row.taken:
                statements.WITHDRAW.run(connection, values)
                return _already_claimed(connection, values)
            decision = decide(self.limits, usage, ask.tokens, ask.cost_usd, lambda: _releases(window))
            match decision:
                case Granted():
                    (statements.GRANT_AND_CLAIM if claim else statements.GRANT).run(connection, values)
                case Waiting(seconds=seconds):
                    statements.QUEUE.run(connection, {**values, "wake_at": now + seconds})
                case _:
                    statements.WITHDRAW.run(connection, values)
            return decision

    def withdraw(self, runner: str) -> None:
        with self._database.begin() as connection:
            statements.WITHDRAW.run(connection, {"runner": runner})

    def settle(self, request_id: str, settlement: Settlement) -> None:
        with self._database.begin() as connection:
            # The lock, so that answers are dated in the order in which they change the window.
            now = self._now(connection, statements.POSTGRES_LOCK_AND_CLOCK)
            row = statements.GRANTED.run(connection, {"id": request_id}).one()
            tokens, cost = counted_tokens(self.limits, settlement), settled_cost(settlement)
            tokens = row.counted_tokens if tokens is None else tokens
            cost = row.counted_cost_usd if cost is None else cost
            values = {
                "id": request_id,
                "now": now,
                "key": self._key,
                "day": pacific_day(row.granted_at).name,
                "tokens": tokens,
                "cost_usd": cost,
                "more_tokens": tokens - row.counted_tokens,
                "more_cost_usd": (cost or 0.0) - (row.counted_cost_usd or 0.0),
                "status": settlement.status,
                "given_back": int(settlement.status == "unsent"),
                "input_tokens": settlement.input_tokens,
                "output_tokens": settlement.output_tokens,
                "thought_tokens": settlement.thought_tokens,
                "cached_tokens": settlement.cached_tokens,
                "tier": settlement.tier,
                "spared_usd": settlement.spared_usd,
                # Who was thought dead may settle once more what another one has settled.
                "more_spared_usd": (settlement.spared_usd or 0.0) - (row.spared_usd or 0.0),
                "model_version": _storable(settlement.model_version),
                "http_status": settlement.http_status,
                "finish_reason": _storable(settlement.finish_reason),
                "error": _storable(settlement.error),
                "raw_answer": _storable(settlement.raw_answer),
            }
            statements.SETTLE.run(connection, values)
        if settlement.status == "unsent":
            # Other processes go on counting it for the rest of the window, which is the safe side.
            self._recent.forget()

    def block(self, seconds: float, reason: str, *, limit: int | None = None, in_a_row: int = 0) -> None:
        with self._database.begin() as connection:
            now = self._now(connection, statements.POSTGRES_LOCK_AND_CLOCK)
            learned = learned_limit(
                self.limits,
                now,
                stated=limit,
                in_a_row=in_a_row,
                accepted=self._accepted(connection, now) if in_a_row else 0,
                before=self._learned(connection) if in_a_row else None,
            )
            self._set_block(connection, now + seconds, reason, learned)

    def block_today(self, reason: str) -> float:
        with self._database.begin() as connection:
            now = self._now(connection, statements.POSTGRES_LOCK_AND_CLOCK)
            until = pacific_day(now).end
            self._set_block(connection, until, reason, None)
            return until - now

    def state(self) -> QuotaState:
        with self._database.read() as connection:
            values = self._usage_values(self._now(connection))
            window = self._window(connection, values)
            usage, _ = self._usage(connection, values, window, self._queries.usage)
            demand = [
                Demand(row.runner, None if row.tweets == UNKNOWN else row.tweets, Priority(row.priority))
                for row in statements.DEMAND.run(connection, values)
            ]
            return planner_state(self.limits, usage, _releases(window), demand)

    def status(self) -> QuotaStatus:
        with self._database.read() as connection:
            now = self._now(connection)
            values = self._usage_values(now)
            window = self._window(connection, values)
            usage, row = self._usage(connection, values, window, statements.OF_THE_ACCOUNT.usage)
            tokens = connection.execute(
                sa.select(sa.func.sum(llm_requests.c.counted_tokens)).where(*self._in_window(now))
            ).scalar_one()
            in_flight = connection.execute(
                sa.select(sa.func.count()).where(*self._in_window(now), llm_requests.c.status == "granted")
            ).scalar_one()
            runners = connection.execute(
                sa.select(sa.func.count()).where(
                    quota_runners.c.quota_key == self._key,
                    quota_runners.c.seen_at > now - HEARTBEAT_TTL_SECONDS,
                    quota_runners.c.tweets != UNKNOWN,
                )
            ).scalar_one()
            waiting = [(Priority(each.priority), each.runners) for each in statements.WAITING.run(connection, values)]
            blocked, learned = usage.blocked_until > now, usage.learned_until > now
            return QuotaStatus(
                limits=self.limits,
                now=now,
                window_requests=usage.window_requests,
                window_tokens=tokens or 0,
                day=usage.day.name,
                day_ends=usage.day.end,
                day_requests=usage.day_requests,
                day_tokens=usage.day_tokens,
                day_cost_usd=usage.day_cost_usd,
                day_own_cost_usd=row.day_own_cost_usd or 0.0,
                blocked_until=usage.blocked_until if blocked else None,
                block_reason=usage.block_reason if blocked else "",
                learned_requests=usage.learned_requests if learned else None,
                in_flight=in_flight,
                runners=runners,
                waiting=tuple(waiting),
            )

    def unparsed(self, project: str) -> list[StoredAnswer]:
        columns = llm_requests.c
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(
                    columns.id,
                    columns.project,
                    columns.provider,
                    columns.model,
                    columns.tweet_ids,
                    columns.raw_answer,
                    columns.finish_reason,
                    columns.run_id,
                )
                .where(
                    columns.project == project,
                    columns.status == "answered",
                    columns.parsed_at.is_(None),
                    columns.purpose == "generate",
                    columns.raw_answer.is_not(None),
                )
                .order_by(columns.granted_at)
            )
            return [
                StoredAnswer(
                    row.id,
                    row.project,
                    row.provider,
                    row.model,
                    tuple(row.tweet_ids),
                    row.raw_answer,
                    row.finish_reason or "",
                    row.run_id,
                )
                for row in rows
            ]

    def latencies(self, count: int = 50, *, tier: Tier = STANDARD) -> list[LatencySample]:
        columns = llm_requests.c
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(columns.tweet_ids, columns.granted_at, columns.finished_at)
                .where(
                    columns.quota_key == self._key,
                    columns.status == "answered",
                    columns.purpose == "generate",
                    columns.service_tier == tier,
                )
                .order_by(columns.granted_at.desc())
                .limit(count)
            )
            return [
                LatencySample(len(row.tweet_ids), row.finished_at - row.granted_at) for row in rows if row.tweet_ids
            ]

    def failures(self, count: int = 100) -> tuple[int, int]:
        columns = llm_requests.c
        with self._database.read() as connection:
            newest = connection.execute(
                sa.select(columns.status)
                .where(
                    columns.quota_key == self._key,
                    columns.purpose == "generate",
                    columns.batch_id.is_(None),
                    columns.status.in_(("answered", "failed")),
                )
                .order_by(columns.granted_at.desc())
                .limit(count)
            ).scalars()
            ended = Counter(newest)
            return ended["failed"], ended.total()

    def _now(self, connection: sa.Connection, lock: statements.Script | None = None) -> float:
        """Seconds since the epoch.

        Args:
            lock: what takes PostgreSQL's lock; on SQLite a write transaction has it already.
        """
        if self._database.dialect == "postgresql" and (lock or self._clock is None):
            *_, server_now = (lock or statements.POSTGRES_CLOCK).run(connection, {"lock": LOCK_KEY}).one()
            return self._clock.time() if self._clock else float(server_now)
        return (self._clock or SYSTEM_CLOCK).time()

    def _usage_values(self, now: float, runner: str = "", priority: Priority = Priority.BACKGROUND) -> dict[str, Any]:
        return {
            "key": self._key,
            "account": self._account,
            "account_prefix": prefix_of(self._account),
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
            "host": self._host,
            "pid": self._pid,
        }

    def _window(self, connection: sa.Connection, values: Mapping[str, Any]) -> Window:
        return self._recent.window(connection, values["since"])

    def _usage(
        self, connection: sa.Connection, values: Mapping[str, Any], window: Window, query: statements.Script
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

    def _in_window(self, now: float) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            llm_requests.c.quota_key == self._key,
            llm_requests.c.granted_at > now - self.limits.padded_window_seconds,
            llm_requests.c.status != "unsent",
        )

    def _grants_since(self, connection: sa.Connection, moment: float, answered: float | None) -> list[WindowGrant]:
        values = {"key": self._key, "since": moment, "answered_since": answered}
        # Without a limit of tokens nothing that matters of a request changes once it is granted.
        changes = answered is not None and self.limits.max_tokens is not None
        query = statements.GRANTS_AND_ANSWERS_SINCE if changes else statements.GRANTS_SINCE
        return [WindowGrant(*cast("tuple[Any, ...]", row)) for row in query.run(connection, values)]

    def _accepted(self, connection: sa.Connection, now: float) -> int:
        """Requests of the window that the service has not refused."""
        query = sa.select(sa.func.count()).where(*self._in_window(now), llm_requests.c.status != "refused")
        return int(connection.execute(query).scalar_one())

    def _learned(self, connection: sa.Connection) -> LearnedLimit | None:
        columns = quota_state.c
        row = connection.execute(
            sa.select(columns.learned_requests, columns.learned_until, columns.learned_windows).where(
                columns.quota_key == self._key, columns.learned_requests.is_not(None)
            )
        ).one_or_none()
        return None if row is None else LearnedLimit(row.learned_requests, row.learned_until, row.learned_windows or 1)

    def _set_block(self, connection: sa.Connection, until: float, reason: str, learned: LearnedLimit | None) -> None:
        values: dict[str, Any] = {"quota_key": self._key, "blocked_until": until, "reason": reason}
        if learned is not None:
            values["learned_requests"] = learned.requests
            values["learned_until"] = learned.until
            values["learned_windows"] = learned.windows
        row = self._insert(quota_state).values(**values)
        changes: dict[str, sa.ColumnElement[Any]] = {name: row.excluded[name] for name in values if name != "quota_key"}
        # A shorter answer that comes later must not let anybody ask before the longer one ends.
        longer = quota_state.c.blocked_until > row.excluded.blocked_until
        for name in ("blocked_until", "reason"):
            changes[name] = sa.case((longer, quota_state.c[name]), else_=row.excluded[name])
        connection.execute(row.on_conflict_do_update(index_elements=["quota_key"], set_=changes))

    def _expire_runners(self, connection: sa.Connection, now: float) -> None:
        """Forget runners that were killed: without a heartbeat for long, or of this machine and no longer running."""
        known = connection.execute(
            sa.select(quota_runners.c.runner, quota_runners.c.host, quota_runners.c.pid, quota_runners.c.seen_at)
        ).all()
        expired = [
            row.runner
            for row in known
            if row.seen_at <= now - HEARTBEAT_TTL_SECONDS
            or (row.host == self._host and row.pid != self._pid and not is_running(row.pid))
        ]
        if expired:
            _forget_runners(connection, expired)


def _releases(window: Window) -> list[tuple[float, int]]:
    return [(grant.at, grant.tokens) for grant in window.grants()]


def _already_claimed(connection: sa.Connection, values: Mapping[str, Any]) -> AlreadyClaimed:
    found: dict[int, set[str]] = {1: set(), 0: set(), -1: set()}
    for row in statements.TAKEN.run(connection, values):
        found[row.finished].add(row.tweet_id)
    finished, in_batch = frozenset(found[1]), frozenset(found[-1] - found[1])
    return AlreadyClaimed(finished, frozenset(found[0] - finished - in_batch), in_batch)


def _forget_runners(connection: sa.Connection, runners: list[str]) -> None:
    # In the order in which a grant writes, so that the two cannot wait for each other.
    connection.execute(sa.delete(quota_runners).where(quota_runners.c.runner.in_(runners)))
    # What is in a batch stays claimed until the batch is closed, whoever waits for it.
    in_batch = sa.select(llm_requests.c.id).where(
        llm_requests.c.id == generation_claims.c.request_id,
        llm_requests.c.batch_id.is_not(None),
        llm_requests.c.status == "granted",
    )
    connection.execute(sa.delete(generation_claims).where(generation_claims.c.runner.in_(runners), ~in_batch.exists()))


def _host() -> str:
    """Where a process number means a process: containers can share a host's name and not its processes."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _storable(text: str | None) -> str | None:
    return None if text is None else text_for_storage(text)
