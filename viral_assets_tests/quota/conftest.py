"""A ledger of each kind on a clock that the test moves, so that waits are exact and nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from viral_assets.quota.boot import Boot
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
    return opener_of(request, ticking)


@pytest.fixture(params=["memory", "sqlite"])
def on_this_machine(request: pytest.FixtureRequest, ticking: VirtualClock) -> Opener:
    """The same, where time is the machine's and not a server's."""
    return opener_of(request, ticking)


def opener_of(request: pytest.FixtureRequest, clock: VirtualClock) -> Opener:
    if request.param == "memory":
        made: list[Ledger] = []

        def memory(limits: Limits) -> Ledger:
            made.append(MemoryLedger(limits, clock=clock))
            return made[0]

        return memory
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    database: Database = request.getfixturevalue(name)
    boot = Boot("this one", clock.monotonic)
    return lambda limits: SqlLedger(database, "key", limits, clock=clock, boot=boot)
