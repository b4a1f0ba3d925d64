"""A ledger of each kind on a clock that the test moves, so that waits are exact and nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database

NOON = datetime(2026, 11, 21, 20, 0, tzinfo=UTC).timestamp()
"""Noon in Los Angeles: 12 hours of the quota's day are left."""


class Clock:
    """Seconds since the epoch; moves only when told."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def about(value: Any) -> Any:
    """Equal to numbers that went through a clock or a database."""
    return pytest.approx(value, abs=1e-5)


Opener = Callable[[Limits], Ledger]
"""Opens the quota as one more process would. The ledger in memory is one process's: it is opened once."""


@pytest.fixture
def ticking() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, ticking: Clock) -> Opener:
    if request.param == "memory":
        made: list[Ledger] = []

        def memory(limits: Limits) -> Ledger:
            made.append(MemoryLedger(limits, clock=ticking))
            return made[0]

        return memory
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    database: Database = request.getfixturevalue(name)
    return lambda limits: SqlLedger(database, "key", limits, clock=ticking)
