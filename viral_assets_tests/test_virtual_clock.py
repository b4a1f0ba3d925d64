"""The clock of the tests itself: it has to be right for tests that use it to mean anything."""

from __future__ import annotations

import asyncio

import pytest

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets_tests.virtual_clock import NOON, VirtualClock


def test_sleeping_takes_exactly_so_long_and_others_go_on_meanwhile() -> None:
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic()))

    async def both() -> None:
        await asyncio.gather(sleeper("often", 10, 10, 10), sleeper("long", 25))

    clock.run(both())

    assert [name for name, _ in woken] == ["often", "often", "long", "often"]
    for (_, at), due in zip(woken, (10, 20, 25, 30), strict=True):
        assert at == pytest.approx(due)
        assert at >= due, "never too early"
    assert clock.time() == pytest.approx(NOON + 30)


def test_no_time_passes_while_anything_can_be_done() -> None:
    clock = VirtualClock()

    async def busy() -> float:
        asyncio.get_running_loop().call_later(1, lambda: None)
        for _ in range(100):
            await asyncio.to_thread(sum, range(1000))
        return clock.monotonic()

    assert clock.run(busy()) < 0.001


def test_what_runs_elsewhere_runs_in_order_and_its_errors_arrive() -> None:
    clock = VirtualClock()
    order: list[int] = []

    def broken() -> None:
        raise ValueError("broken")

    async def calls() -> None:
        await asyncio.gather(*(asyncio.to_thread(order.append, number) for number in range(5)))
        with pytest.raises(ValueError, match="broken"):
            await asyncio.to_thread(broken)

    clock.run(calls())

    assert order == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("clock", [SYSTEM_CLOCK, VirtualClock()], ids=["system", "virtual"])
def test_what_takes_too_long_is_cancelled(clock: Clock) -> None:
    async def impatient() -> bool:
        never = asyncio.create_task(asyncio.Event().wait())
        assert await clock.wait_for(asyncio.sleep(0, "in time"), 60) == "in time"
        with pytest.raises(TimeoutError):
            await clock.wait_for(never, 0.01)
        return never.cancelled()

    assert (clock.run if isinstance(clock, VirtualClock) else asyncio.run)(impatient())


def test_waiting_for_what_never_happens_is_an_error_and_no_hang() -> None:
    clock = VirtualClock()

    async def heartbeats() -> None:
        while True:
            await clock.sleep(3)

    with pytest.raises(RuntimeError, match="never happen"):
        clock.run(asyncio.Event().wait())
    with pytest.raises(RuntimeError, match="never happen"):
        clock.run(heartbeats())


def test_time_goes_on_from_one_run_to_the_next_and_by_hand() -> None:
    clock = VirtualClock()
    clock.run(clock.sleep(5))
    clock.advance(2)
    clock.run(clock.sleep(1))
    clock.set_back(3600)

    assert clock.monotonic() == pytest.approx(8)
    assert clock.time() == pytest.approx(NOON + 8 - 3600)
