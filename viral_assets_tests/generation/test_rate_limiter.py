"""The quota's rules for a script of one's own."""

from __future__ import annotations

import asyncio
import time

import pytest

from viral_assets.errors import QuotaError
from viral_assets.generation import AsyncRateLimiter
from viral_assets.quota import open_ledger
from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.store.engine import Database

SHORT = Limits(max_requests=3, window_seconds=0.2)


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    database: Database | None = None if request.param == "memory" else request.getfixturevalue("sqlite_database")
    return open_ledger(database, SHORT, "key")


def test_no_window_has_more_calls_than_allowed(ledger: Ledger) -> None:
    limiter = AsyncRateLimiter(ledger=ledger)
    passed: list[float] = []

    async def call() -> None:
        async with limiter:
            passed.append(time.time())

    async def ten() -> None:
        await asyncio.gather(*(call() for _ in range(10)))

    asyncio.run(ten())

    # Passed is a moment after granted, by how much depends on how busy the machine is.
    assert len(passed) == 10
    assert max(passed) - min(passed) >= 3 * SHORT.padded_window_seconds - 0.05
    assert ledger.status().in_flight == 0
    assert ledger.status().runners == 0


def test_first_come_first_served(ledger: Ledger) -> None:
    order: list[int] = []

    async def call(limiter: AsyncRateLimiter, number: int) -> None:
        await asyncio.sleep(0.005 * number)
        await limiter.acquire()
        order.append(number)

    async def eight() -> None:
        limiter = AsyncRateLimiter(ledger=ledger)
        await asyncio.gather(*(call(limiter, number) for number in range(8)))

    asyncio.run(eight())

    # Those of one window may be told in any order.
    assert [sorted(order[at : at + 3]) for at in (0, 3, 6)] == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_a_cancelled_waiter_leaves_nothing_behind(ledger: Ledger) -> None:
    async def cancelled() -> float:
        limiter = AsyncRateLimiter(ledger=ledger)
        for _ in range(3):
            await limiter.acquire()
        waiters = [asyncio.create_task(limiter.acquire()) for _ in range(5)]
        await asyncio.sleep(0.05)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        assert ledger.status().runners == 0
        began = time.monotonic()
        await limiter.acquire()
        return time.monotonic() - began

    assert asyncio.run(cancelled()) < 5
    assert ledger.status().window_requests <= 4


def test_a_limiter_remembers_nothing_of_calls_long_gone() -> None:
    ledger = MemoryLedger(Limits(max_requests=100, window_seconds=0.001))

    async def many() -> None:
        limiter = AsyncRateLimiter(ledger=ledger)
        for _ in range(50):
            await limiter.acquire()

    asyncio.run(many())

    assert ledger.status().in_flight == 0


def test_the_end_of_the_day_is_told_and_not_waited_for() -> None:
    limiter = AsyncRateLimiter(ledger=MemoryLedger(Limits(requests_per_day=1)))

    async def twice() -> None:
        await limiter.acquire()
        await limiter.acquire()

    with pytest.raises(QuotaError, match="the day's 1 requests are used up"):
        asyncio.run(twice())


@pytest.mark.parametrize("wrong", [0, -1, 1.5, float("nan")])
def test_a_limit_that_cannot_work_is_an_error(wrong: float) -> None:
    with pytest.raises(QuotaError):
        AsyncRateLimiter(max_per_minute=wrong)  # type: ignore[arg-type]
