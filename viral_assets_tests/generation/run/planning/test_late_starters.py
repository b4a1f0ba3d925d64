"""Room for who comes late, from who has come before; and four runs one after the other, as the service sees them."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.planning.late_starters import (
    USUAL_AFTER_HOURS,
    SlotReserve,
    number_come,
    slots_worth_taking,
    usually_expected,
    with_room_for_late_starters,
)
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.quota import Ledger, Limits, Priority, sql_usage
from viral_assets.quota.ledger import Arrival, QuotaState
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_arrivals
from viral_assets_tests.generation.run.test_urgency import TWEETS, World, service

WINDOW = 60.5
FIVE_FREE = QuotaState(max_requests=15, window_seconds=WINDOW, free=5, returning=(50.0,) * 10)
QUICK, SLOW = Latency(2.0, 0.35), Latency(0.5, 3.5)


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
    assert (number_come(came(*others, ME), "me") > 1) is likely


def test_all_who_have_come_in_the_window_are_counted_also_those_who_wait() -> None:
    waits, long_ago = arrival("second", -2.0, None), arrival("of the window before", -90.0, -80.0)

    assert number_come(came(long_ago, BEFORE, waits, ME), "me") == 3
    assert number_come(came(BEFORE, waits, arrival("me", -WINDOW, None)), "me") == 1, "it has been there for a window"


def hour(before: int) -> list[Arrival]:
    return [
        arrival(f"one {before}", -3600.0 * before, -3598.0 * before),
        arrival(f"late {before}", -3590.0 * before, None),
    ]


def test_who_comes_late_at_this_time_every_hour_is_expected() -> None:
    usual = [each for before in range(1, USUAL_AFTER_HOURS + 1) for each in hour(before)]

    assert usually_expected(came(*usual, ME), "me") == 1
    assert usually_expected(came(*usual[2:], ME), "me") is None, "not an hour ago"


def test_as_many_are_expected_as_came_each_hour_less_those_who_have_come() -> None:
    usual = [
        each
        for before in (1, 2, 3)
        for each in (
            *hour(before),
            *(arrival(f"later {before} {number}", number - 3580.0 * before, None) for number in range(before)),
        )
    ]

    assert usually_expected(came(*usual, ME), "me") == 2, "an hour ago; before that there were more"
    assert usually_expected(came(*usual, BEFORE, ME), "me") == 1
    another = arrival("second", -1.0, -0.9)
    assert usually_expected(came(*usual, BEFORE, another, ME), "me") == 0, "the last of them"


def test_who_is_usually_followed_by_others_leaves_them_their_share_for_the_rest_of_the_window() -> None:
    usual = [each for before in range(1, USUAL_AFTER_HOURS + 1) for each in hour(before)]
    found, reserve = with_room(came(*usual, ME), tweets=10, now=100.0)
    assert (found.free, reserve) == (3, SlotReserve(2, 100.0 + WINDOW))

    later, reserve = with_room(came(*usual, ME, free=4), reserve, tweets=6, now=100.1)
    assert (later.free, reserve.slots) == (2, 2), "half of its half is not left"


@pytest.mark.parametrize(("tweets", "free"), [(20, 3), (30, 5), (50, 5), (90, 5)])
def test_a_run_never_waits_for_the_next_window_for_the_sake_of_others(tweets: int, free: int) -> None:
    assert with_room(came(BEFORE, ME), tweets=tweets)[0].free == free


def test_a_run_that_is_alone_takes_what_it_needs() -> None:
    assert with_room(came(ME), tweets=10)[0] == came(ME)
    assert with_room(FIVE_FREE, tweets=10)[0] == FIVE_FREE


def with_room(
    quota: QuotaState, reserve: SlotReserve | None = None, *, tweets: int, now: float = 0.0
) -> tuple[QuotaState, SlotReserve]:
    return with_room_for_late_starters(
        quota, "me", reserve or SlotReserve(), tweets=tweets, cap=10, latency=QUICK, now=now
    )


def taken(latency: Latency, quota: QuotaState = FIVE_FREE, *, tweets: int = 10, came: int = 2) -> int:
    return slots_worth_taking(quota, tweets, came=came, cap=10, latency=latency)


def test_who_came_late_takes_no_more_than_its_seconds_are_worth_beside_the_minute_of_others() -> None:
    assert taken(QUICK) == 1, "5.5 s instead of 2.7"
    assert taken(SLOW) == 2, "one request takes 35.5 s, two take 18 and five 7.5"
    assert taken(SLOW, replace(FIVE_FREE, returning=(59.0,) * 10), came=20) == 1, "where many have come, many come"


def test_who_comes_shortly_before_slots_come_back_takes_what_it_needs() -> None:
    assert taken(QUICK, replace(FIVE_FREE, returning=(1.0,) * 10)) == 5


def test_where_there_is_room_for_many_all_of_it_is_taken() -> None:
    assert taken(QUICK, QuotaState(1_000_000, WINDOW, free=999_990), tweets=500) == 500


@given(st.integers(1, 80), st.integers(0, 30), st.integers(2, 40), st.floats(0.1, 60.0), st.floats(0.01, 4.0))
def test_a_late_starter_takes_what_it_needs_and_less_the_more_may_come_or_the_longer_they_would_wait(
    tweets: int, free: int, came: int, wait: float, per_tweet: float
) -> None:
    quota, latency = QuotaState(30, WINDOW, free=free, returning=(wait,) * (30 - free)), Latency(1.0, per_tweet)
    mine = taken(latency, quota, tweets=tweets, came=came)

    assert min(free, math.ceil(tweets / 10)) <= mine <= free
    assert taken(latency, quota, tweets=tweets, came=came + 1) <= mine
    assert taken(latency, replace(quota, returning=(2 * wait,) * (30 - free)), tweets=tweets, came=came) <= mine


def process(world: World, number: int, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """The quota as one more machine opens it."""
    assert world.database is not None
    with monkeypatch.context() as patched:
        patched.setattr(sql_usage, "host", lambda: f"machine {number}")
        return SqlLedger(world.database, "key", world.limits, clock=world.clock)


def one_after_the_other(world: World, processes: int, apart: float, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each of these processes takes for ten tweets."""
    took = [0.0] * processes

    async def start(number: int) -> None:
        run = world.run(TWEETS[10 * number : 10 * number + 10], Priority.NEWEST_HOUR)
        ledger = process(world, number, monkeypatch)
        run.ledger = lambda: ledger  # type: ignore[method-assign]
        await world.clock.sleep(apart * number)
        began = world.clock.monotonic()
        await run.report()
        took[number] = world.clock.monotonic() - began

    async def together() -> None:
        await asyncio.gather(*(start(number) for number in range(processes)))

    world.clock.run(together())
    return took


@pytest.mark.parametrize(
    ("processes", "apart", "waiting"),
    [
        pytest.param(4, 2.0, 0, id="four"),
        pytest.param(6, 1.0, 0, id="six"),
        # The first has asked about its ten in ten requests, and nobody had come; five are left, about ten each.
        pytest.param(8, 1.0, 2, id="eight"),
    ],
)
def test_of_processes_that_come_one_after_the_other_only_those_wait_for_which_there_is_no_request(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, processes: int, apart: float, waiting: int
) -> None:
    world = World(sqlite_database, service(), Limits(max_requests=15))

    took = one_after_the_other(world, processes, apart, monkeypatch)

    assert took[0] < 2.5, "the first, which nobody had come before, takes what it needs"
    assert sum(seconds > 6 for seconds in took) == waiting, "a request about ten tweets takes 5.5 s, a window 60"
    assert max(took) < 60.5
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
