"""The ledger in the database: one quota for every process and machine that uses the same database.

A grant is one transaction under one lock: SQLite's write lock, or on PostgreSQL an advisory lock of the quota key and
the server's clock, so that neither two processes nor two clocks can disagree about what a window holds.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from viral_assets.quota.decision import (
    LEARNED_FOR_WINDOWS,
    Usage,
    check_possible,
    decide,
    learned_limit,
    planner_state,
)
from viral_assets.quota.ledger import (
    Ask,
    Decision,
    Granted,
    LatencySample,
    QuotaState,
    QuotaStatus,
    Settlement,
    StoredAnswer,
    Taken,
    Waiting,
)
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.quota.memory import counted_tokens, settled_cost
from viral_assets.store.engine import Database
from viral_assets.store.tables import (
    generation_claims,
    generation_outcomes,
    llm_requests,
    quota_days,
    quota_runners,
    quota_state,
)

HEARTBEAT_SECONDS = 3.0
"""How often a runner shows that it lives (:meth:`SqlLedger.join`)."""

SILENT_IS_DEAD_SECONDS = 15.0
"""A runner not seen for this long is dead: its claims and its demand no longer count."""

LATE_IS_GONE_SECONDS = 2.0
"""A waiter that is this late for its turn has lost its place (it may still come back and queue again)."""

PLANNED_SLOTS = 256
"""How far ahead a planner looks at slots that return; it plans anew with every request."""


class SqlLedger:
    """See :class:`viral_assets.quota.ledger.Ledger`.

    Args:
        database: where everybody who shares the quota keeps it.
        quota_key: names the quota; a fingerprint of the API key, never the key.
        limits: what holds. Everybody who shares a quota should be told the same.
    """

    def __init__(self, database: Database, quota_key: str, limits: Limits) -> None:
        self.limits = limits
        self._database = database
        self._key = quota_key
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._insert = postgresql.insert if database.dialect == "postgresql" else sqlite.insert

    def join(self, runner: str, tweets: int) -> None:
        with self._database.begin() as connection:
            now = self._now(connection)
            updated = connection.execute(
                sa.update(quota_runners)
                .where(quota_runners.c.runner == runner)
                .values(seen_at=now, tweets=tweets, quota_key=self._key)
            )
            if updated.rowcount:
                return
            self._bury_the_dead(connection, now)
            connection.execute(
                sa.insert(quota_runners).values(
                    runner=runner,
                    quota_key=self._key,
                    host=self._host,
                    pid=self._pid,
                    joined_at=now,
                    seen_at=now,
                    tweets=tweets,
                )
            )

    def leave(self, runner: str) -> None:
        with self._database.begin() as connection:
            _forget_runners(connection, [runner])

    def ask(self, ask: Ask, *, remaining: int = 0) -> Decision:
        check_possible(self.limits, ask.tokens, ask.cost_usd)
        with self._database.begin() as connection:
            now = self._now(connection, lock=True)
            usage = self._usage(connection, now, ask.runner)
            decision = decide(
                self.limits,
                usage,
                ask.tokens,
                ask.cost_usd,
                lambda: self._grants_in_window(connection, now),
            )
            if isinstance(decision, Granted) and ask.tweet_ids and ask.purpose == "generate":
                decision = self._taken(connection, ask, now) or decision
            match decision:
                case Granted():
                    self._grant(connection, ask, usage, remaining)
                case Waiting(seconds=seconds):
                    self._queue(connection, ask, now, now + seconds)
                case _:
                    pass
            return decision

    def withdraw(self, runner: str) -> None:
        with self._database.begin() as connection:
            connection.execute(
                sa.update(quota_runners).where(quota_runners.c.runner == runner).values(asked_at=None, wake_at=None)
            )

    def settle(self, request_id: str, settlement: Settlement) -> None:
        with self._database.begin() as connection:
            now = self._now(connection)
            row = connection.execute(
                sa.select(llm_requests.c.granted_at, llm_requests.c.counted_tokens, llm_requests.c.counted_cost_usd)
                .where(llm_requests.c.id == request_id)
                .with_for_update()
            ).one()
            tokens, cost = counted_tokens(self.limits, settlement), settled_cost(settlement)
            tokens = row.counted_tokens if tokens is None else tokens
            cost = row.counted_cost_usd if cost is None else cost
            connection.execute(
                sa.update(llm_requests)
                .where(llm_requests.c.id == request_id)
                .values(
                    status=settlement.status,
                    finished_at=now,
                    counted_tokens=tokens,
                    counted_cost_usd=cost,
                    input_tokens=settlement.input_tokens,
                    output_tokens=settlement.output_tokens,
                    thought_tokens=settlement.thought_tokens,
                    finish_reason=settlement.finish_reason,
                    error=settlement.error,
                    raw_answer=_storable(settlement.raw_answer),
                )
            )
            connection.execute(
                sa.update(quota_days)
                .where(quota_days.c.quota_key == self._key, quota_days.c.day == pacific_day(row.granted_at).name)
                .values(
                    tokens=quota_days.c.tokens + (tokens - row.counted_tokens),
                    cost_usd=quota_days.c.cost_usd + ((cost or 0.0) - (row.counted_cost_usd or 0.0)),
                )
            )

    def block(self, seconds: float, reason: str, *, count_as_limit: bool) -> None:
        with self._database.begin() as connection:
            now = self._now(connection, lock=True)
            learned = None
            if count_as_limit:
                accepted = connection.execute(
                    sa.select(sa.func.count()).where(*self._in_window(now)).where(llm_requests.c.status != "refused")
                ).scalar_one()
                learned = learned_limit(self.limits, accepted)
            self._set_block(connection, now + seconds, reason, now, learned)

    def block_today(self, reason: str) -> float:
        with self._database.begin() as connection:
            now = self._now(connection, lock=True)
            until = pacific_day(now).end
            self._set_block(connection, until, reason, now, None)
            return until - now

    def state(self) -> QuotaState:
        with self._database.read() as connection:
            now = self._now(connection)
            usage = self._usage(connection, now, "")
            demand = connection.execute(
                sa.select(quota_runners.c.runner, quota_runners.c.tweets)
                .where(*self._alive(now), quota_runners.c.tweets > 0)
                .order_by(quota_runners.c.joined_at, quota_runners.c.runner)
            ).all()
            grants = self._grants_in_window(connection, now, usage.window_requests)
            return planner_state(self.limits, usage, grants, [(row.runner, row.tweets) for row in demand])

    def status(self) -> QuotaStatus:
        with self._database.read() as connection:
            now = self._now(connection)
            usage = self._usage(connection, now, "")
            day = connection.execute(
                sa.select(quota_days.c.requests, quota_days.c.tokens, quota_days.c.cost_usd).where(
                    quota_days.c.quota_key == self._key, quota_days.c.day == usage.day.name
                )
            ).one_or_none()
            in_flight = connection.execute(
                sa.select(sa.func.count()).where(*self._in_window(now), llm_requests.c.status == "granted")
            ).scalar_one()
            runners = connection.execute(sa.select(sa.func.count()).where(*self._alive(now))).scalar_one()
            blocked, learned = usage.blocked_until > now, usage.learned_until > now
            return QuotaStatus(
                limits=self.limits,
                now=now,
                window_requests=usage.window_requests,
                window_tokens=usage.window_tokens,
                day=usage.day.name,
                day_ends=usage.day.end,
                day_requests=day.requests if day else 0,
                day_tokens=day.tokens if day else 0,
                day_cost_usd=day.cost_usd if day else 0.0,
                blocked_until=usage.blocked_until if blocked else None,
                block_reason=usage.block_reason if blocked else "",
                learned_requests=usage.learned_requests if learned else None,
                in_flight=in_flight,
                runners=runners,
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
                )
                for row in rows
            ]

    def latencies(self, count: int = 50) -> list[LatencySample]:
        columns = llm_requests.c
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(columns.tweet_ids, columns.granted_at, columns.finished_at)
                .where(columns.quota_key == self._key, columns.status == "answered", columns.purpose == "generate")
                .order_by(columns.granted_at.desc())
                .limit(count)
            )
            return [LatencySample(len(row.tweet_ids), row.finished_at - row.granted_at) for row in rows]

    def _now(self, connection: sa.Connection, *, lock: bool = False) -> float:
        """Seconds since the epoch by the one clock that all who share the database have."""
        if self._database.dialect == "sqlite":
            return time.time()  # one machine; the transaction already has the write lock
        if not lock:
            return float(connection.execute(_PG_CLOCK).scalar_one())
        return float(connection.execute(_PG_LOCK_AND_CLOCK, {"key": self._key}).one().now)

    def _usage(self, connection: sa.Connection, now: float, runner: str) -> Usage:
        day = pacific_day(now)
        row = connection.execute(
            _USAGE,
            {
                "key": self._key,
                "since": now - self.limits.padded_window_seconds,
                "day": day.name,
                "runner": runner,
                "late": now - LATE_IS_GONE_SECONDS,
            },
        ).one()
        return Usage(
            now=now,
            day=day,
            window_requests=row.window_requests,
            window_tokens=int(row.window_tokens),
            day_requests=row.day_requests or 0,
            day_cost_usd=row.day_cost_usd or 0.0,
            blocked_until=row.blocked_until or 0.0,
            block_reason=row.reason or "",
            learned_requests=row.learned_requests,
            learned_until=row.learned_until or 0.0,
            ahead_requests=row.ahead_requests,
            ahead_tokens=int(row.ahead_tokens),
        )

    def _in_window(self, now: float) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            llm_requests.c.quota_key == self._key,
            llm_requests.c.granted_at > now - self.limits.padded_window_seconds,
        )

    def _alive(self, now: float) -> tuple[sa.ColumnElement[bool], ...]:
        return (quota_runners.c.quota_key == self._key, quota_runners.c.seen_at > now - SILENT_IS_DEAD_SECONDS)

    def _grants_in_window(
        self, connection: sa.Connection, now: float, in_window: int | None = None
    ) -> list[tuple[float, int]]:
        """The window's grants, oldest first; with ``in_window`` only those whose slots a planner can use."""
        query = (
            sa.select(llm_requests.c.granted_at, llm_requests.c.counted_tokens)
            .where(*self._in_window(now))
            .order_by(llm_requests.c.granted_at)
        )
        if in_window is not None:
            query = query.limit(max(0, in_window - self.limits.max_requests) + PLANNED_SLOTS)
        return [(row.granted_at, row.counted_tokens) for row in connection.execute(query)]

    def _taken(self, connection: sa.Connection, ask: Ask, now: float) -> Taken | None:
        in_flight = connection.execute(
            sa.select(generation_claims.c.tweet_id)
            .join(quota_runners, quota_runners.c.runner == generation_claims.c.runner)
            .where(
                generation_claims.c.project == ask.project,
                generation_claims.c.tweet_id.in_(ask.tweet_ids),
                generation_claims.c.runner != ask.runner,
                quota_runners.c.seen_at > now - SILENT_IS_DEAD_SECONDS,
            )
        ).scalars()
        finished: Iterable[str] = ()
        if not ask.again:
            finished = connection.execute(
                sa.select(generation_outcomes.c.tweet_id).where(
                    generation_outcomes.c.project == ask.project,
                    generation_outcomes.c.tweet_id.in_(ask.tweet_ids),
                    generation_outcomes.c.outcome != "deferred",
                )
            ).scalars()
        taken = Taken(frozenset(finished), frozenset(in_flight))
        return taken if taken.finished or taken.in_flight else None

    def _grant(self, connection: sa.Connection, ask: Ask, usage: Usage, remaining: int) -> None:
        connection.execute(
            sa.insert(llm_requests),
            {
                "id": ask.request_id,
                "quota_key": self._key,
                "purpose": ask.purpose,
                "project": ask.project,
                "provider": ask.provider,
                "model": ask.model,
                "run_id": ask.run_id,
                "status": "granted",
                "granted_at": usage.now,
                "counted_tokens": ask.tokens,
                "counted_cost_usd": ask.cost_usd,
                "tweet_ids": list(ask.tweet_ids),
            },
        )
        day = self._insert(quota_days).values(
            quota_key=self._key,
            day=usage.day.name,
            requests=1,
            tokens=ask.tokens,
            cost_usd=ask.cost_usd or 0.0,
        )
        connection.execute(
            day.on_conflict_do_update(
                index_elements=["quota_key", "day"],
                set_={
                    "requests": quota_days.c.requests + 1,
                    "tokens": quota_days.c.tokens + day.excluded.tokens,
                    "cost_usd": quota_days.c.cost_usd + day.excluded.cost_usd,
                },
            )
        )
        connection.execute(
            sa.update(quota_runners)
            .where(quota_runners.c.runner == ask.runner)
            .values(asked_at=None, wake_at=None, seen_at=usage.now, tweets=remaining)
        )
        if ask.tweet_ids and ask.purpose == "generate":
            # A claim left by a dead runner passes to this one.
            claims = self._insert(generation_claims)
            connection.execute(
                claims.on_conflict_do_update(
                    index_elements=["project", "tweet_id"], set_={"runner": claims.excluded.runner}
                ),
                [{"project": ask.project, "tweet_id": tweet_id, "runner": ask.runner} for tweet_id in ask.tweet_ids],
            )

    def _queue(self, connection: sa.Connection, ask: Ask, now: float, wake_at: float) -> None:
        connection.execute(
            sa.update(quota_runners)
            .where(quota_runners.c.runner == ask.runner)
            .values(
                asked_at=sa.func.coalesce(quota_runners.c.asked_at, now),
                asked_tokens=ask.tokens,
                wake_at=wake_at,
                seen_at=now,
            )
        )

    def _set_block(self, connection: sa.Connection, until: float, reason: str, now: float, learned: int | None) -> None:
        values: dict[str, Any] = {"quota_key": self._key, "blocked_until": until, "reason": reason}
        if learned is not None:
            values["learned_requests"] = learned
            values["learned_until"] = now + LEARNED_FOR_WINDOWS * self.limits.window_seconds
        row = self._insert(quota_state).values(**values)
        changes: dict[str, sa.ColumnElement[Any]] = {name: row.excluded[name] for name in values if name != "quota_key"}
        # A shorter answer that comes later must not let anybody ask before the longer one ends.
        changes["blocked_until"] = sa.case(
            (quota_state.c.blocked_until > row.excluded.blocked_until, quota_state.c.blocked_until),
            else_=row.excluded.blocked_until,
        )
        connection.execute(row.on_conflict_do_update(index_elements=["quota_key"], set_=changes))

    def _bury_the_dead(self, connection: sa.Connection, now: float) -> None:
        """Forget runners that were killed: silent for long, or of this machine and no longer running."""
        known = connection.execute(
            sa.select(quota_runners.c.runner, quota_runners.c.host, quota_runners.c.pid, quota_runners.c.seen_at)
        ).all()
        dead = [
            row.runner
            for row in known
            if row.seen_at <= now - SILENT_IS_DEAD_SECONDS
            or (row.host == self._host and row.pid != self._pid and not _runs(row.pid))
        ]
        if dead:
            _forget_runners(connection, dead)


def _forget_runners(connection: sa.Connection, runners: list[str]) -> None:
    connection.execute(sa.delete(generation_claims).where(generation_claims.c.runner.in_(runners)))
    connection.execute(sa.delete(quota_runners).where(quota_runners.c.runner.in_(runners)))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _storable(text: str | None) -> str | None:
    """PostgreSQL has no U+0000 in text, and neither database has half a surrogate pair."""
    if text is None:
        return None
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


_CLOCK = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()), sa.Double)
_PG_CLOCK = sa.select(_CLOCK)
# One round trip: the select list is evaluated from left to right, so the clock is read once the lock is held.
_PG_LOCK_AND_CLOCK = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("key", type_=sa.String), 0)),
    _CLOCK.label("now"),
)


def _usage_query() -> sa.Select[Any]:
    key = sa.bindparam("key", type_=sa.String)
    window = (
        sa.select(
            sa.func.count().label("window_requests"),
            sa.func.coalesce(sa.func.sum(llm_requests.c.counted_tokens), 0).label("window_tokens"),
        )
        .where(llm_requests.c.quota_key == key, llm_requests.c.granted_at > sa.bindparam("since", type_=sa.Double))
        .subquery("in_window")
    )
    mine = (
        sa.select(quota_runners.c.asked_at)
        .where(quota_runners.c.runner == sa.bindparam("runner", type_=sa.String))
        .scalar_subquery()
    )
    ahead = (
        sa.select(
            sa.func.count().label("ahead_requests"),
            sa.func.coalesce(sa.func.sum(quota_runners.c.asked_tokens), 0).label("ahead_tokens"),
        )
        .where(
            quota_runners.c.quota_key == key,
            quota_runners.c.runner != sa.bindparam("runner", type_=sa.String),
            quota_runners.c.asked_at.is_not(None),
            quota_runners.c.wake_at > sa.bindparam("late", type_=sa.Double),
            sa.or_(mine.is_(None), quota_runners.c.asked_at < mine),
        )
        .subquery("ahead")
    )
    return sa.select(
        window.c.window_requests,
        window.c.window_tokens,
        ahead.c.ahead_requests,
        ahead.c.ahead_tokens,
        quota_state.c.blocked_until,
        quota_state.c.reason,
        quota_state.c.learned_requests,
        quota_state.c.learned_until,
        quota_days.c.requests.label("day_requests"),
        quota_days.c.cost_usd.label("day_cost_usd"),
    ).select_from(
        window.join(ahead, sa.true())
        .outerjoin(quota_state, quota_state.c.quota_key == key)
        .outerjoin(
            quota_days, sa.and_(quota_days.c.quota_key == key, quota_days.c.day == sa.bindparam("day", type_=sa.String))
        )
    )


_USAGE = _usage_query()
