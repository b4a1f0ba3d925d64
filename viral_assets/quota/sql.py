"""The ledger in the database: one quota for every process and machine that uses the same database.

A grant is one transaction under one lock: SQLite's write lock, or on PostgreSQL an advisory lock of the quota key and
the server's clock, so that neither two processes nor two clocks can disagree about what a window holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.quota import sql_reports, sql_runners, sql_state, statements
from viral_assets.quota.boot import Boot, this_boot
from viral_assets.quota.counting import counted_tokens, remaining_after_each
from viral_assets.quota.decision import check_possible, learned_limit, planner_state
from viral_assets.quota.ledger import (
    Decision,
    Demand,
    Granted,
    GrantRequest,
    InputLimit,
    LatencySample,
    Purpose,
    QuotaState,
    QuotaStatus,
    Settlement,
    StoredAnswer,
)
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.quota.postgres_grant import grant_where_free
from viral_assets.quota.postgres_settle import settle_granted
from viral_assets.quota.priority import Priority
from viral_assets.quota.settling import Settled, settle
from viral_assets.quota.sql_clock import LedgerClock
from viral_assets.quota.sql_grant import columns_of, decide_in, grant_together
from viral_assets.quota.sql_runners import UNKNOWN
from viral_assets.quota.sql_usage import SqlUsage, releases
from viral_assets.store.engine import Database
from viral_assets.store.tables import llm_requests


class SqlLedger:
    """See :class:`viral_assets.quota.ledger.Ledger`.

    Args:
        database: where everybody who shares the quota keeps it.
        quota_key: names the quota, see ``keys``; what is spent counts for its account.
        limits: what holds. Everybody who shares a quota should use the same.
        clock: tells the time of grants. By default the one clock that all who share the database have.
        boot: what measures durations on SQLite, so that nobody can set it; by default the machine's, or none with a
            clock of one's own.
    """

    def __init__(
        self,
        database: Database,
        quota_key: str,
        limits: Limits,
        *,
        clock: Clock | None = None,
        boot: Boot | None = None,
    ) -> None:
        self.limits = limits
        self._database = database
        self._key = quota_key
        self._clock = clock
        self._usage = SqlUsage(quota_key, limits)
        self._time = LedgerClock(
            database,
            clock,
            boot or (this_boot() if clock is None else None),
            window_seconds=limits.padded_window_seconds,
        )

    @property
    def key(self) -> str:
        """Of the quota, in the database."""
        return self._key

    def join(
        self, runner: str, tweets: int | None, priority: Priority = Priority.NEWEST_HOUR, *, sharing: str = ""
    ) -> None:
        with self._database.begin() as connection:
            values = self._usage.values(self._time.in_transaction(connection), runner, priority)
            known = {"tweets": UNKNOWN if tweets is None else tweets, "sharing": sharing or None}
            sql_runners.join(connection, values | known)

    def leave(self, runner: str) -> None:
        with self._database.begin() as connection:
            sql_runners.forget(connection, [runner])

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        return self.ask_many([ask], remaining=remaining)[0]

    def ask_many(self, asks: Sequence[GrantRequest], *, remaining: int = 0) -> list[Decision]:
        for ask in asks:
            check_possible(self.limits, ask.tokens, ask.cost_usd)
        left = remaining_after_each(asks, remaining)
        decisions: list[Decision] = []
        if self._database.dialect == "postgresql" and asks:
            decisions += [Granted()] * self._granted_at_once(asks, left)
        if len(decisions) < len(asks):
            with self._database.begin() as connection:
                now = self._time.in_transaction(connection, statements.POSTGRES_LOCK_AND_CLOCK_FOR_GRANT)
                if self._database.dialect == "sqlite" and len(asks) > 1:
                    decisions += [Granted()] * grant_together(connection, self._usage, asks, left, now=now)
                for ask, tweets in zip(asks[len(decisions) :], left[len(decisions) :], strict=True):
                    decisions.append(decide_in(connection, self._usage, ask, now=now, remaining=tweets))
                    if not isinstance(decisions[-1], Granted):
                        break
        return decisions

    def _granted_at_once(self, asks: Sequence[GrantRequest], left: Sequence[int]) -> int:
        """How many PostgreSQL has granted by itself, see ``postgres_grant``."""
        columns = [columns_of(ask, remaining=tweets) for ask, tweets in zip(asks, left, strict=True)]
        now = self._clock.time() if self._clock else None
        with self._database.one_statement() as connection:
            return grant_where_free(connection, self._usage, columns, asks[0].runner, now=now)

    def redate(self, request_id: str) -> float | None:
        return self.redate_all([request_id])[0]

    def redate_all(self, request_ids: Sequence[str]) -> list[float | None]:
        with self._database.begin() as connection:
            # On SQLite others have been waited for by now; PostgreSQL lets nobody wait for long.
            before = (self._clock or SYSTEM_CLOCK).monotonic()
            now = self._time.in_transaction(connection, statements.POSTGRES_LOCK_AND_CLOCK_FOR_GRANT)
            values = {**self._usage.values(now), "day_start": pacific_day(now).start}
            found = [statements.REDATE.run(connection, {**values, "id": each}).rowcount for each in request_ids]
        return [before if one else None for one in found]

    def withdraw(self, runner: str) -> None:
        with self._database.begin() as connection:
            statements.WITHDRAW.run(connection, {"runner": runner})

    def settle(self, request_id: str, settlement: Settlement) -> None:
        self._settle([Settled(request_id, self._key, settlement, counted_tokens(self.limits, settlement))])

    def settle_all(self, ended: Sequence[tuple[GrantRequest, Settlement]]) -> None:
        self._settle([self.settled(grant, settlement) for grant, settlement in ended])

    def take_in(self, kept: Sequence[Settled]) -> None:
        """Settle what could not be settled before, of whichever quota, unless somebody has done it since."""
        self._settle(kept, again=False)

    def settled(self, grant: GrantRequest, settlement: Settlement) -> Settled:
        """What is written of a request that has ended."""
        return Settled(grant.request_id, self._key, settlement, counted_tokens(self.limits, settlement), grant)

    def block(self, seconds: float, reason: str, *, limit: int | None = None, in_a_row: int = 0) -> None:
        with self._database.begin() as connection:
            now = self._time.in_transaction(connection)
            learned = learned_limit(
                self.limits,
                now,
                stated=limit,
                in_a_row=in_a_row,
                accepted=self._accepted(connection, now) if in_a_row else 0,
                before=sql_state.learned_requests(connection, self._key) if in_a_row else None,
            )
            sql_state.block(connection, self._key, now + seconds, reason, learned)

    def block_today(self, reason: str) -> float:
        with self._database.begin() as connection:
            now = self._time.in_transaction(connection)
            until = pacific_day(now).end
            sql_state.block(connection, self._key, until, reason, None)
            return until - now

    def left_work(self, request_ids: Sequence[str]) -> None:
        with self._database.begin() as connection:
            statements.LEFT_WORK.run(connection, {"request_ids": request_ids})

    def learn_input_limit(self, limit: InputLimit) -> None:
        with self._database.begin() as connection:
            sql_state.learn_input_limit(connection, self._key, limit, self._time.in_transaction(connection))

    def input_limit(self) -> InputLimit | None:
        with self._database.read() as connection:
            return sql_state.input_limit(connection, self._key, self._time.by_any_clock(connection))

    def now(self) -> float:
        if (now := self._time.by_own_clock()) is not None:
            return now
        with self._database.one_statement() as connection:
            return self._time.by_any_clock(connection)

    def state(self) -> QuotaState:
        with self._reading() as (connection, now):
            values = self._usage.values(now)
            window = self._usage.window(connection, values)
            usage, _ = self._usage.at(connection, values, window, self._usage.queries.usage)
            demand = [
                Demand(
                    row.runner, None if row.tweets == UNKNOWN else row.tweets, Priority(row.priority), row.sharing or ""
                )
                for row in statements.DEMAND.run(connection, values)
            ]
            arrivals = sql_runners.arrivals(connection, values, self.limits.padded_window_seconds)
            return planner_state(self.limits, usage, releases(window), demand, arrivals)

    def status(self) -> QuotaStatus:
        with self._reading() as (connection, now):
            return sql_reports.status(connection, self._usage, now)

    def unparsed(self, project: str, purpose: Purpose = "generate") -> list[StoredAnswer]:
        with self._database.read() as connection:
            return sql_reports.unparsed(connection, project, purpose)

    def latencies(self, count: int = 50, *, tier: Tier = STANDARD) -> list[LatencySample]:
        with self._database.read() as connection:
            return sql_reports.latencies(connection, self._key, count, tier)

    def failures(self, count: int = 100) -> tuple[int, int]:
        with self._database.read() as connection:
            return sql_reports.failures(connection, self._key, count)

    def _settle(self, ended: Sequence[Settled], *, again: bool = True) -> None:
        left = ended
        if self._database.dialect == "postgresql" and again and ended:
            settled = self._settled_at_once(ended)
            left = [each for each in ended if each.request_id not in settled]
        if left:
            with self._database.begin() as connection:
                # The lock, so that answers are dated in the order in which they change the window.
                settle(connection, left, self._time.in_transaction(connection), again=again)
        if any(each.settlement.status == "unsent" for each in ended):
            # Other processes go on counting it for the rest of the window, which is the safe side.
            self._usage.recent.forget()

    def _settled_at_once(self, ended: Sequence[Settled]) -> frozenset[str]:
        """Those that PostgreSQL has settled by itself, see ``postgres_settle``."""
        now = self._clock.time() if self._clock else None
        # Where this machine's clock is wrong, it is about another day, and nothing is settled by that.
        day = pacific_day(now or SYSTEM_CLOCK.time())
        with self._database.one_statement() as connection:
            return settle_granted(connection, self._key, ended, day=day, now=now)

    @contextmanager
    def _reading(self) -> Iterator[tuple[sa.Connection, float]]:
        """A transaction that reads, and now."""
        with self._database.read() as connection:
            if (now := self._time.in_read(connection)) is not None:
                yield connection, now
                return
        with self._database.begin() as connection:
            # The clock was set: what is stored has to follow it first.
            yield connection, self._time.in_transaction(connection)

    def _accepted(self, connection: sa.Connection, now: float) -> int:
        """Requests of the window that the service has not refused."""
        query = sa.select(sa.func.count()).where(*self._usage.in_window(now), llm_requests.c.status != "refused")
        return int(connection.execute(query).scalar_one())
