"""How long an answer is waited for: as long as the others of late make likely that it comes."""

from __future__ import annotations

import asyncio

import pytest

from viral_assets.generation.run.failures.patience import answer_within, patience_seconds
from viral_assets_tests.virtual_clock import VirtualClock


def test_an_answer_has_twice_the_time_of_the_slowest_one() -> None:
    assert patience_seconds(10.0, [0.8, 1.0, 1.6], 0) == 32.0


def test_where_all_take_the_same_it_has_a_few_times_that_and_where_they_differ_many_times() -> None:
    assert patience_seconds(10.0, [1.0] * 5, 0) == 25.0
    assert patience_seconds(10.0, [1.0, 9.0], 0) == 50.0


def test_no_answer_is_given_up_within_seconds_or_waited_for_for_minutes() -> None:
    assert patience_seconds(0.1, [1.0], 0) == 5.0
    assert patience_seconds(60.0, [1.0], 0) == 90.0


def test_a_service_that_becomes_slower_is_given_more_and_more_time() -> None:
    assert [patience_seconds(4.0, [1.0], given_up) for given_up in range(5)] == [10.0, 20.0, 40.0, 80.0, 90.0]


def test_what_others_teach_meanwhile_counts_for_what_is_under_way() -> None:
    clock = VirtualClock()
    limits = iter([90.0, 90.0, 90.0])

    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        clock.run(answer_within(never(), lambda: next(limits, 12.0), clock))

    assert 12.0 <= clock.monotonic() < 17.0


def test_what_is_given_up_is_cancelled_and_has_ended() -> None:
    clock, ended = VirtualClock(), []

    async def slow() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append(clock.monotonic())

    with pytest.raises(TimeoutError):
        clock.run(answer_within(slow(), lambda: 7.0, clock))

    assert ended == [pytest.approx(7.0, abs=0.01)]


def test_an_answer_in_time_and_an_error_arrive_as_they_are() -> None:
    async def good() -> str:
        return "good"

    async def bad() -> str:
        raise ValueError("bad")

    clock = VirtualClock()
    assert clock.run(answer_within(good(), lambda: 7.0, clock)) == "good"
    with pytest.raises(ValueError, match="bad"):
        VirtualClock().run(answer_within(bad(), lambda: 7.0, clock))
