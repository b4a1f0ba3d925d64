"""What is kept for what will fail: nothing as long as nothing does, and then as much as pays."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.planning.failure_rate import FailureRate
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackGroup, PackPlan
from viral_assets.generation.run.planning.planner import plan
from viral_assets.generation.run.planning.reserve import LastRequests, expected_end, plan_with_reserve
from viral_assets.quota.ledger import QuotaState

MINUTE = 60.0
FRESH = QuotaState(max_requests=15, window_seconds=MINUTE, free=15)


def planned(
    tweets: int, share: float, quota: QuotaState = FRESH, *, b: float = 0.6, request_seconds: float = 0
) -> PackPlan:
    latency = Latency(1.0, b)
    make = partial(plan, [PackGroup(tweets)], concurrency=15, cap=10, latency=latency)
    return plan_with_reserve(make, quota, share=share, busy=(), latency=latency, request_seconds=request_seconds)


def test_where_nothing_fails_the_whole_window_is_used() -> None:
    assert len(planned(100, 0.0).packs) == 15


def test_where_requests_fail_some_are_kept_and_the_others_are_a_little_larger() -> None:
    made = planned(100, 0.1)

    assert 10 <= len(made.packs) <= 13
    assert sum(pack.tweets for pack in made.packs) == 100
    assert made.makespan < planned(100, 0.0).makespan + 4


def test_the_more_fail_the_more_is_kept() -> None:
    packs = [len(planned(60, share).packs) for share in (0.0, 0.02, 0.1, 0.3)]

    assert packs == sorted(packs, reverse=True)
    assert packs[0] > packs[1] > packs[-1]


def test_nothing_is_kept_where_tweets_wait_for_a_later_window_anyway() -> None:
    assert planned(400, 0.2) == planned(400, 0.0)


def test_nothing_is_kept_where_waiting_for_the_next_window_costs_less_than_larger_requests() -> None:
    soon = QuotaState(max_requests=15, window_seconds=1.0, free=15)
    assert len(planned(75, 0.02, soon, b=10.0).packs) == 15


def test_a_window_of_which_requests_are_left_anyway_is_left_as_it_is() -> None:
    plenty = QuotaState(max_requests=1_000, window_seconds=MINUTE, free=1_000)
    assert planned(40, 0.1, plenty) == planned(40, 0.0, plenty)


def test_what_comes_back_to_the_window_in_a_moment_counts_as_free() -> None:
    in_a_moment = QuotaState(15, MINUTE, free=1, returning=tuple(0.02 * number for number in range(1, 15)))
    assert len(planned(100, 0.1, in_a_moment).packs) <= 13


def test_what_was_asked_before_is_asked_in_fewer_requests_where_more_save_little() -> None:
    assert len(planned(40, 0.1, request_seconds=1.0).packs) < len(planned(40, 0.1).packs)


@given(st.integers(1, 200), st.floats(0.0, 0.9), st.integers(0, 15))
def test_every_tweet_is_planned_for_whatever_fails(tweets: int, share: float, free: int) -> None:
    quota = QuotaState(15, MINUTE, free=free, returning=tuple(50.0 + number for number in range(15 - free)))
    assert sum(pack.tweets for pack in planned(tweets, share, quota).packs) == tweets


@given(st.integers(1, 30), st.floats(0.01, 0.9), st.floats(0.1, 50), st.integers(0, 14))
def test_one_more_kept_never_makes_the_end_later(requests: int, share: float, end: float, kept: int) -> None:
    ends = [expected_end(LastRequests(requests, end, 1.0, each), share, next_free=MINUTE) for each in (kept, kept + 1)]
    assert ends[0] >= ends[1] - 1e-9
    assert end <= ends[1] <= MINUTE + 1.0


def test_one_failure_is_no_habit_and_old_ones_are_forgotten() -> None:
    rate = FailureRate()
    assert rate.share == 0

    rate.add(1, 1)
    assert rate.share < 0.05
    rate.add(30, 99)
    assert rate.share == pytest.approx(0.26, abs=0.02)
    for _ in range(1_000):
        rate.add(0, 1)

    assert rate.share < 0.001
