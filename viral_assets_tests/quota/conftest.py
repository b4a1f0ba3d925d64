"""A ledger of each kind on a clock that the test moves, so that waits are exact and nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets_tests.virtual_clock import VirtualClock


def about(value: Any) -> Any:
    """Equal to numbers that went through a clock or a database."""
    return pytest.approx(value, abs=1e-5)


Opener = Callable[[Limits], Ledger]
"""Opens the quota as one more process would. The ledger in memory is one process's: it is opened once."""


@pytest.fixture
def ticking() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, ticking: VirtualClock) -> Opener:
    if request.param == "memory":
        made: list[Ledger] = []

        def memory(limits: Limits) -> Ledger:
            made.append(MemoryLedger(limits, clock=ticking))
            return made[0]

        return memory
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    database: Database = request.getfixturevalue(name)
    return lambda limits: SqlLedger(database, "key", limits, clock=ticking)
