"""Somebody sets the machine's clock: windows, blocks and waits take as long as they take, and days stay those of the
wall. On SQLite the machine's start is what processes have in common."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.quota.boot import Boot, this_boot
from viral_assets.quota.ledger import Exhausted, Granted, Settlement, Waiting
from viral_assets.quota.limits import Limits
from viral_assets.quota.sql import SqlLedger
from viral_assets.quota.sql_clock import SET_SECONDS, was_set
from viral_assets.store.engine import Database
from viral_assets.store.tables import llm_requests, quota_clock
from viral_assets_tests.quota.conftest import Opener, about
from viral_assets_tests.quota.test_ledgers import ask
from viral_assets_tests.virtual_clock import NOON, VirtualClock

HOUR = 3600.0
REQUESTS = "requests of the window are used up"

EITHER_WAY = pytest.mark.parametrize("back", [HOUR, -HOUR, 30.0, -30.0], ids="{:+.0f} s back".format)


@EITHER_WAY
def test_a_window_lasts_as_long_as_before(on_this_machine: Opener, ticking: VirtualClock, back: float) -> None:
    mine, other = on_this_machine(Limits(max_requests=1)), on_this_machine(Limits(max_requests=1))
    assert ask(mine) == Granted()
    ticking.advance(20)

    ticking.set_back(back)

    assert ask(other, "you") == Waiting(about(40.5), REQUESTS)
    assert other.state().returning == about((40.5,))
    ticking.advance(40.6)
    assert ask(other, "you") == Granted()
    assert isinstance(ask(mine), Waiting)


@EITHER_WAY
def test_a_block_lasts_as_long_as_before(on_this_machine: Opener, ticking: VirtualClock, back: float) -> None:
    ledger = on_this_machine(Limits())
    ledger.block(36, "refused")
    ticking.advance(6)

    ticking.set_back(back)

    assert ledger.status().blocked_until == about(ticking.time() + 30)
    assert ask(ledger) == Waiting(about(30), "refused")
    ticking.advance(30.1)
    assert ask(ledger) == Granted()


@EITHER_WAY
def test_a_limit_that_was_learnt_is_believed_for_as_long(
    on_this_machine: Opener, ticking: VirtualClock, back: float
) -> None:
    ledger = on_this_machine(Limits())
    ledger.block(0, "refused", limit=5)
    ticking.advance(14 * 60)

    ticking.set_back(back)

    assert ledger.state().max_requests == 5
    ticking.advance(61)
    assert ledger.state().max_requests == 15


@EITHER_WAY
def test_who_waits_keeps_its_place(on_this_machine: Opener, ticking: VirtualClock, back: float) -> None:
    ledger = on_this_machine(Limits(max_requests=1, window_seconds=10))
    ask(ledger, "first")
    ask(ledger, "one")
    ticking.advance(1)
    ask(ledger, "other")

    ticking.set_back(back)

    ticking.advance(9.6)
    assert isinstance(ask(ledger, "other"), Waiting)
    assert ask(ledger, "one") == Granted()


@EITHER_WAY
def test_a_day_ends_when_the_clock_on_the_wall_says_so(
    on_this_machine: Opener, ticking: VirtualClock, back: float
) -> None:
    ledger = on_this_machine(Limits(requests_per_day=1))
    assert ask(ledger) == Granted()

    ticking.set_back(back)

    assert ask(ledger) == Exhausted(about(12 * HOUR + back), "the day's 1 request is used up")


@EITHER_WAY
def test_a_day_that_the_service_calls_over_ends_then_too(
    on_this_machine: Opener, ticking: VirtualClock, back: float
) -> None:
    ledger = on_this_machine(Limits())
    ledger.block_today("used up")

    ticking.set_back(back)

    assert ask(ledger) == Exhausted(about(12 * HOUR + back), "used up")


def test_a_request_takes_as_long_as_it_takes(on_this_machine: Opener, ticking: VirtualClock) -> None:
    ledger = on_this_machine(Limits())
    ask(ledger, name="under way", tweet_ids=("1",))
    ticking.advance(1)
    ticking.set_back(HOUR)
    ask(ledger)
    ticking.advance(2)

    ledger.settle("under way", Settlement("answered"))

    (found,) = ledger.latencies()
    assert found.seconds == about(3)


# ---- what is stored


@pytest.fixture
def booted(sqlite_database: Database, ticking: VirtualClock) -> Any:
    def opened(name: str = "this one") -> SqlLedger:
        boot = Boot(name, ticking.monotonic)
        return SqlLedger(sqlite_database, "key", Limits(max_requests=1), clock=ticking, boot=boot)

    return opened


def test_what_was_measured_long_ago_keeps_its_date(
    booted: Any, sqlite_database: Database, ticking: VirtualClock
) -> None:
    ledger = booted()
    ask(ledger, name="long ago")
    ticking.advance(2 * HOUR)
    ask(ledger, name="just now")

    ticking.set_back(HOUR)
    ledger.join("me", 1)

    with sqlite_database.read() as connection:
        found = {row.id: row.granted_at for row in connection.execute(sa.select(llm_requests))}
    assert found == {"long ago": about(NOON), "just now": about(NOON + HOUR)}


def test_a_clock_that_goes_right_moves_nothing(booted: Any, sqlite_database: Database, ticking: VirtualClock) -> None:
    ledger = booted()
    for _ in range(3):
        ask(ledger)
        ticking.advance(100)

    with sqlite_database.read() as connection:
        assert [tuple(row) for row in connection.execute(sa.select(quota_clock))] == [("this one", about(NOON))]
        granted = connection.execute(sa.select(llm_requests.c.granted_at).order_by("granted_at")).scalars().all()
    assert granted == [about(NOON + each) for each in (0, 100, 200)]


def test_after_a_start_of_the_machine_the_clock_on_the_wall_is_believed(booted: Any, ticking: VirtualClock) -> None:
    ask(booted())
    ticking.set_back(-30)

    assert ask(booted("the next one")) == Waiting(about(30.5), REQUESTS)
    ticking.set_back(HOUR)
    assert ask(booted("the next one")) == Waiting(about(30.5), REQUESTS)


def test_two_readings_that_were_interrupted_tell_nothing() -> None:
    assert not was_set(SET_SECONDS / 2, uncertain=0.0)
    assert was_set(-2 * SET_SECONDS, uncertain=0.0)
    assert not was_set(1.0, uncertain=1.0)


def test_the_machine_s_own_clock_goes_on_and_has_one_name() -> None:
    boot = this_boot()
    before = boot.seconds()
    time.sleep(0.01)
    assert boot.seconds() > before
    assert boot.name == this_boot().name
    assert len(boot.name) <= 128, "as long as the column"


def test_processes_of_this_machine_know_that_their_clock_is_one(sqlite_database: Database) -> None:
    """With the real clocks: nobody sets them, so nothing is moved, however often they are read."""
    ledger = SqlLedger(sqlite_database, "key", Limits())
    for number in range(20):
        ask(ledger, name=f"request {number}")

    with sqlite_database.read() as connection:
        (row,) = connection.execute(sa.select(quota_clock)).all()
    assert row.boot == this_boot().name
    assert abs(row.started_at - (time.time() - this_boot().seconds())) < 60
