"""The time of a ledger in a database, and what happens to what is stored when somebody sets the clock.

PostgreSQL's server has one clock for all. On SQLite it is the machine's, which may be set by an hour while a window of
a minute is open. So what the time of day was at the machine's start is stored (``quota_clock``): as long as the machine
is up that changes only where somebody sets the clock, and by as much. Whoever notices first, under the lock, moves what
is still measured by as much too: grants and answers of windows, blocks, heartbeats, places in the queue. Durations stay
what they are, and times stay those of the clock on the wall, as the days of a quota have to be.

After a start of the machine the time of day is all there is: nobody knows for how long it was off.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.quota import statements
from viral_assets.quota.boot import Boot
from viral_assets.quota.limits import pacific_day
from viral_assets.quota.script import Script
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_clock, quota_state

SET_SECONDS = 0.02
"""A clock that is off by less was not set: two clocks are not read at the same moment."""

READINGS = 5
"""Of two clocks, to find one during which the process was not interrupted."""

UNDISTURBED_SECONDS = 0.001
"""A reading that took less."""

LONGEST_WINDOW_SECONDS = 3_600.0
"""Requests so old may still be measured by a ledger of another quota. Those of longer windows are by their own."""


class LedgerClock:
    """The time of a ledger, in seconds since the epoch.

    Args:
        clock: tells it; by default the one that all who share the database have.
        boot: what durations are measured by on SQLite; None for the clock alone.
        window_seconds: for how long grants are measured.
    """

    def __init__(self, database: Database, clock: Clock | None, boot: Boot | None, *, window_seconds: float) -> None:
        self._on_postgres = database.dialect == "postgresql"
        self._clock = clock
        self._boot = None if self._on_postgres else boot
        self._measured_seconds = max(window_seconds, LONGEST_WINDOW_SECONDS)

    def in_transaction(self, connection: sa.Connection, lock: Script | None = None) -> float:
        """Now, in a transaction that writes and has the ledger's lock. What is stored is moved where the clock was set.

        Args:
            lock: what takes PostgreSQL's lock; on SQLite a write transaction has it already.
        """
        if self._on_postgres:
            *_, server_now = (lock or statements.POSTGRES_LOCK_AND_CLOCK).run(connection, statements.LOCK).one()
            return self._clock.time() if self._clock else float(server_now)
        if self._boot is not None:
            self._follow(connection, self._boot)
        return (self._clock or SYSTEM_CLOCK).time()

    def in_read(self, connection: sa.Connection) -> float | None:
        """Now, in a transaction that only reads; None where somebody set the clock and nobody has written since, so
        that what is stored cannot be measured."""
        if self._boot is not None:
            known, (started, uncertain) = _known(connection), self._started(self._boot)
            if known is not None and known.boot == self._boot.name and was_set(started - known.started_at, uncertain):
                return None
        return self.by_any_clock(connection)

    def by_own_clock(self) -> float | None:
        """Now, for who measures nothing that is stored; None where only PostgreSQL knows."""
        return None if self._on_postgres and self._clock is None else (self._clock or SYSTEM_CLOCK).time()

    def by_any_clock(self, connection: sa.Connection) -> float:
        """The same, wherever it has to be asked for."""
        if (now := self.by_own_clock()) is not None:
            return now
        return float(statements.POSTGRES_CLOCK.run(connection, {}).scalar_one())

    def _follow(self, connection: sa.Connection, boot: Boot) -> None:
        known, (started, uncertain) = _known(connection), self._started(boot)
        if known is not None and known.boot == boot.name:
            if not was_set(started - known.started_at, uncertain):
                return
            self._move(connection, boot.seconds() + known.started_at, started - known.started_at)
        connection.execute(sa.delete(quota_clock))
        connection.execute(sa.insert(quota_clock).values(boot=boot.name, started_at=started))

    def _started(self, boot: Boot) -> tuple[float, float]:
        """What the time of day was at the machine's start, by the clock as it is now, and how far that may be off."""
        clock = self._clock or SYSTEM_CLOCK
        found = (0.0, float("inf"))
        for _ in range(READINGS):
            before, now, after = boot.seconds(), clock.time(), boot.seconds()
            if after - before < found[1]:
                found = now - (before + after) / 2, after - before
            if found[1] < UNDISTURBED_SECONDS:
                break
        return found

    def _move(self, connection: sa.Connection, before: float, seconds: float) -> None:
        """
        Args:
            before: what the time would be, had nobody set the clock.
        """
        values = {"seconds": seconds, "since": before - self._measured_seconds}
        statements.MOVE_REQUESTS_AND_RUNNERS.run(connection, values)
        for row in connection.execute(sa.select(quota_state)).all():
            # Days end when they end, whatever was measured.
            ends_with_day = pacific_day(row.blocked_until - 1).end == row.blocked_until
            connection.execute(
                sa.update(quota_state)
                .where(quota_state.c.quota_key == row.quota_key)
                .values(
                    blocked_until=row.blocked_until + (0 if ends_with_day else seconds),
                    learned_until=quota_state.c.learned_until + seconds,
                )
            )


def was_set(seconds: float, uncertain: float) -> bool:
    """Whether a clock that is ahead by so much, by a reading that may be off by so much, was set by somebody."""
    return abs(seconds) > SET_SECONDS + uncertain


def _known(connection: sa.Connection) -> sa.Row[Any] | None:
    return statements.KNOWN_BOOT.run(connection, {}).one_or_none()
