"""Room for who comes late, from who has come before; and four runs one after the other, as the service sees them."""

from __future__ import annotations

import asyncio

import pytest

from viral_assets.generation.run.planning.late_starters import (
    USUAL_AFTER_HOURS,
    Reserve,
    late_starters_are_likely,
    with_room_for_late_starters,
)
from viral_assets.quota import Ledger, Limits, Priority, sql_usage
from viral_assets.quota.ledger import Arrival, QuotaState
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets_tests.generation.run.test_urgency import TWEETS, World, service

WINDOW = 60.5
FIVE_FREE = QuotaState(max_requests=15, window_seconds=WINDOW, free=5, returning=(50.0,) * 10)


def came(*arrivals: Arrival, free: int = 5) -> QuotaState:
    return QuotaState(15, WINDOW, free, arrivals=arrivals)


def arrival(runner: str, joined: float, began: float | None, *, elsewhere: bool = True) -> Arrival:
    return Arrival(runner, joined, began, elsewhere)


ME = arrival("me", -0.5, None, elsewhere=False)
BEFORE = arrival("first", -4.0, -2.0)


@pytest.mark.parametrize(
    ("others", "likely"),
    [
        pytest.param([], False, id="nobody else was here"),
        pytest.param([BEFORE], True, id="somebody was granted something before this one came"),
        pytest.param([arrival("first", -4.0, None)], False, id="somebody waits too"),
        pytest.param([arrival("first", -1.0, -0.2)], False, id="both came together"),
        pytest.param([arrival("first", -80.0, -70.0)], False, id="that was a window ago"),
        pytest.param([arrival("first", -4.0, -2.0, elsewhere=False)], False, id="it was this very process"),
    ],
)
def test_who_came_late_expects_others(others: list[Arrival], likely: bool) -> None:
    assert late_starters_are_likely(came(*others, ME), "me") is likely


def hour(before: int) -> list[Arrival]:
    return [
        arrival(f"one {before}", -3600.0 * before, -3598.0 * before),
        arrival(f"late {before}", -3590.0 * before, None),
    ]


def test_who_comes_late_at_this_time_every_hour_is_expected() -> None:
    usual = [each for before in range(1, USUAL_AFTER_HOURS + 1) for each in hour(before)]

    assert late_starters_are_likely(came(*usual, ME), "me")
    assert not late_starters_are_likely(came(*usual[2:], ME), "me"), "not an hour ago"


def test_half_of_what_was_found_free_is_left_for_the_rest_of_the_window() -> None:
    found, reserve = with_room_for_late_starters(came(BEFORE, ME), "me", Reserve(), tweets=10, cap=10, now=100.0)
    assert (found.free, reserve) == (3, Reserve(2, 100.0 + WINDOW))

    later, reserve = with_room_for_late_starters(came(BEFORE, ME, free=4), "me", reserve, tweets=6, cap=10, now=100.1)
    assert (later.free, reserve.slots) == (2, 2), "half of its half is not left"


@pytest.mark.parametrize(("tweets", "free"), [(30, 3), (40, 4), (50, 5), (90, 5)])
def test_a_run_never_waits_for_the_next_window_for_the_sake_of_others(tweets: int, free: int) -> None:
    found, _ = with_room_for_late_starters(came(BEFORE, ME), "me", Reserve(), tweets=tweets, cap=10, now=0.0)

    assert found.free == free


def test_a_run_that_is_alone_takes_what_it_needs() -> None:
    assert with_room_for_late_starters(came(ME), "me", Reserve(), tweets=10, cap=10, now=0.0)[0] == came(ME)
    assert with_room_for_late_starters(FIVE_FREE, "me", Reserve(), tweets=10, cap=10, now=0.0)[0] == FIVE_FREE


def test_of_four_processes_that_come_one_after_the_other_none_waits_for_the_next_window(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(sqlite_database, service(), Limits(max_requests=15))
    took: list[float] = []

    def process(number: int) -> Ledger:
        with monkeypatch.context() as patched:
            patched.setattr(sql_usage, "host", lambda: f"machine {number}")
            return SqlLedger(sqlite_database, "key", world.limits, clock=world.clock)

    async def start(number: int) -> None:
        run = world.run(TWEETS[10 * number : 10 * number + 10], Priority.NEWEST_HOUR)
        ledger = process(number)
        run.ledger = lambda: ledger  # type: ignore[method-assign]
        await world.clock.sleep(2.0 * number)
        began = world.clock.monotonic()
        await run.report()
        took.append(world.clock.monotonic() - began)

    async def four() -> None:
        await asyncio.gather(*(start(number) for number in range(4)))

    world.clock.run(four())

    assert max(took) < 20, "a window is 60 seconds"
    assert {arrival.status for arrival in world.service.arrivals} == {200}
