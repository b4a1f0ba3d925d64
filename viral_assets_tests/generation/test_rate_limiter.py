"""The quota's rules for a script of one's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from viral_assets.errors import QuotaError
from viral_assets.generation import AsyncRateLimiter
from viral_assets.quota import open_ledger
from viral_assets.quota.ledger import Decision, Ledger
from viral_assets.quota.limits import Limits
from viral_assets.quota.memory import MemoryLedger
from viral_assets.store.engine import Database
from viral_assets_tests.virtual_clock import VirtualClock

THREE = Limits(max_requests=3)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, clock: VirtualClock) -> Ledger:
    database: Database | None = None if request.param == "memory" else request.getfixturevalue("sqlite_database")
    return open_ledger(database, THREE, "key", clock=clock)


def test_no_window_has_more_calls_than_allowed(ledger: Ledger, clock: VirtualClock) -> None:
    limiter = AsyncRateLimiter(ledger=ledger, clock=clock)
    passed: list[float] = []

    async def call() -> None:
        async with limiter:
            passed.append(clock.monotonic())

    async def ten() -> None:
        await asyncio.gather(*(call() for _ in range(10)))

    clock.run(ten())

    assert len(passed) == 10
    assert all(later - earlier >= 60.499 for earlier, later in zip(passed, passed[3:], strict=False))
    assert max(passed) < 3 * THREE.padded_window_seconds + 1
    assert ledger.status().in_flight == 0
    assert ledger.status().runners == 0


def test_first_come_first_served(ledger: Ledger, clock: VirtualClock) -> None:
    order: list[int] = []

    async def call(limiter: AsyncRateLimiter, number: int) -> None:
        await clock.sleep(0.005 * number)
        await limiter.acquire()
        order.append(number)

    async def eight() -> None:
        limiter = AsyncRateLimiter(ledger=ledger, clock=clock)
        await asyncio.gather(*(call(limiter, number) for number in range(8)))

    clock.run(eight())

    # Those of one window may be told in any order.
    assert [sorted(order[at : at + 3]) for at in (0, 3, 6)] == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_a_cancelled_waiter_leaves_nothing_behind(ledger: Ledger, clock: VirtualClock) -> None:
    async def cancelled() -> float:
        limiter = AsyncRateLimiter(ledger=ledger, clock=clock)
        for _ in range(3):
            await limiter.acquire()
        waiters = [asyncio.create_task(limiter.acquire()) for _ in range(5)]
        await clock.sleep(0.05)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        assert ledger.status().runners == 0
        await limiter.acquire()
        return clock.monotonic()

    assert clock.run(cancelled()) < THREE.padded_window_seconds + 1
    assert ledger.status().window_requests == 1


def test_a_limiter_remembers_nothing_of_calls_long_gone(clock: VirtualClock) -> None:
    ledger = MemoryLedger(Limits(max_requests=100), clock=clock)

    async def many() -> None:
        limiter = AsyncRateLimiter(ledger=ledger, clock=clock)
        for _ in range(50):
            await limiter.acquire()

    clock.run(many())
    clock.advance(61)

    assert ledger.status().in_flight == 0
    assert ledger.status().window_requests == 0


def test_a_limiter_has_a_minute_of_its_own_unless_it_is_given_a_ledger(clock: VirtualClock) -> None:
    async def three() -> None:
        limiter = AsyncRateLimiter(2, clock=clock)
        for _ in range(3):
            await limiter.acquire()

    clock.run(three())

    assert clock.monotonic() == pytest.approx(60.5, abs=0.01)


def test_the_end_of_the_day_is_told_and_not_waited_for(clock: VirtualClock) -> None:
    limiter = AsyncRateLimiter(ledger=MemoryLedger(Limits(requests_per_day=1), clock=clock), clock=clock)

    async def twice() -> None:
        await limiter.acquire()
        await limiter.acquire()

    with pytest.raises(QuotaError, match="the day's 1 request is used up"):
        clock.run(twice())


@pytest.mark.parametrize("wrong", [0, -1, 1.5, float("nan")])
def test_a_limit_that_cannot_work_is_an_error(wrong: float) -> None:
    with pytest.raises(QuotaError):
        AsyncRateLimiter(max_per_minute=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("still", [0.0, 0.2, 30.0, 61.0])
def test_a_turn_is_dated_when_its_waiter_hears_of_it(
    ledger: Ledger, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, still: float
) -> None:
    limiter, ask, delays = AsyncRateLimiter(ledger=ledger, clock=clock), ledger.ask, iter([still])

    def slowly(*arguments: Any, **options: Any) -> Decision:
        decision = ask(*arguments, **options)
        clock.advance(next(delays, 0.0))
        return decision

    monkeypatch.setattr(ledger, "ask", slowly)
    passed: list[float] = []

    async def four() -> None:
        for _ in range(4):
            await limiter.acquire()
            passed.append(clock.monotonic())

    clock.run(four())

    assert passed[3] - passed[0] >= 60.0
    assert ledger.status().in_flight == 0
