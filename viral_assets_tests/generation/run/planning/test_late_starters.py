"""Room for who comes late, from who has come before; and four runs one after the other, as the service sees them."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from viral_assets.generation.run.planning.late_starters import (
    USUAL_AFTER_HOURS,
    Reserve,
    late_starters,
    with_room_for_late_starters,
)
from viral_assets.quota import Ledger, Limits, Priority, sql_usage
from viral_assets.quota.ledger import Arrival, QuotaState
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_arrivals
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
    assert bool(late_starters(came(*others, ME), "me")) is likely


def hour(before: int) -> list[Arrival]:
    return [
        arrival(f"one {before}", -3600.0 * before, -3598.0 * before),
        arrival(f"late {before}", -3590.0 * before, None),
    ]


def test_who_comes_late_at_this_time_every_hour_is_expected() -> None:
    usual = [each for before in range(1, USUAL_AFTER_HOURS + 1) for each in hour(before)]

    assert late_starters(came(*usual, ME), "me") == 1
    assert late_starters(came(*usual[2:], ME), "me") == 0, "not an hour ago"


def test_as_many_are_expected_as_came_each_hour_less_those_who_have_come() -> None:
    usual = [
        each
        for before in (1, 2, 3)
        for each in (
            *hour(before),
            *(arrival(f"later {before} {number}", number - 3580.0 * before, None) for number in range(before)),
        )
    ]

    assert late_starters(came(*usual, ME), "me") == 2, "an hour ago; before that there were more"
    assert late_starters(came(*usual, BEFORE, ME), "me") == 1
    another = arrival("second", -1.0, -0.9)
    assert late_starters(came(*usual, BEFORE, another, ME), "me") == 0, "the last of them"


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


def process(world: World, number: int, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """The quota as one more machine opens it."""
    assert world.database is not None
    with monkeypatch.context() as patched:
        patched.setattr(sql_usage, "host", lambda: f"machine {number}")
        return SqlLedger(world.database, "key", world.limits, clock=world.clock)


def one_after_the_other(world: World, processes: int, apart: float, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each of these processes takes for ten tweets."""
    took: list[float] = []

    async def start(number: int) -> None:
        run = world.run(TWEETS[10 * number : 10 * number + 10], Priority.NEWEST_HOUR)
        ledger = process(world, number, monkeypatch)
        run.ledger = lambda: ledger  # type: ignore[method-assign]
        await world.clock.sleep(apart * number)
        began = world.clock.monotonic()
        await run.report()
        took.append(world.clock.monotonic() - began)

    async def together() -> None:
        await asyncio.gather(*(start(number) for number in range(processes)))

    world.clock.run(together())
    return took


def test_of_four_processes_that_come_one_after_the_other_none_waits_for_the_next_window(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(sqlite_database, service(), Limits(max_requests=15))

    took = one_after_the_other(world, 4, 2.0, monkeypatch)

    assert max(took) < 20, "a window is 60 seconds"
    assert {arrival.status for arrival in world.service.arrivals} == {200}


def test_where_eight_come_each_hour_none_of_them_waits_for_the_next_window(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(database, service(), Limits(max_requests=15))
    for hours in (3, 2, 1):
        for number in range(8):
            # The last ones had to wait for the next window then.
            joined = world.clock.time() - 3600 * hours + number
            came = {"joined_at": joined, "began_at": joined + (0.1 if number < 4 else 60.0 - number)}
            who = {"runner": f"{hours} {number}", "quota_key": "key", "host": f"machine {number}", "pid": 1}
            with database.begin() as connection:
                connection.execute(sa.insert(quota_arrivals).values(who | came))

    took = one_after_the_other(world, 8, 1.0, monkeypatch)

    assert max(took) < 10, "a window is 60 seconds"
    assert len(world.service.arrivals) <= 15
