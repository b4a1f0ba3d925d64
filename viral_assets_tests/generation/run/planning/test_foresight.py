"""A whole run, as it will plan itself window by window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.planning import foresight
from viral_assets.generation.run.planning.failure_rate import FailureRate
from viral_assets.generation.run.planning.foresight import foreseen, quota_after
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import Pack, PackGroup, PackPlan
from viral_assets.generation.run.planning.run_plan import PlanProgress, PlanTerms, plan_of_run
from viral_assets.quota.ledger import QuotaState
from viral_assets.quota.limits import Limits

WINDOW = 60.5
LIMITS = Limits(max_requests=15)
FRESH = QuotaState(max_requests=15, window_seconds=WINDOW, free=15)
TERMS = PlanTerms(concurrency=15, cap=10, latency=Latency(1.0, 0.6), failures=FailureRate())


def tweets_of(packs: tuple[Pack, ...]) -> int:
    return sum(pack.tweets for pack in packs)


@pytest.mark.parametrize("tweets", [1, 10, 100, 150])
def test_a_run_of_one_window_is_its_first_plan(tweets: int) -> None:
    groups = [PackGroup(tweets)]

    found, planned = foreseen(groups, FRESH, TERMS, LIMITS), plan_of_run(groups, FRESH, TERMS, PlanProgress())

    assert [pack.tweets for pack in found.packs] == [pack.tweets for pack in planned.packs]
    assert found.makespan == pytest.approx(planned.makespan, rel=0.01), "but for the distance between two requests"


@pytest.mark.parametrize(("tweets", "at_once"), [(16, 8), (31, 11), (46, 12)])
def test_a_burst_that_takes_longer_than_a_plan_holds_uses_what_its_first_plan_leaves(tweets: int, at_once: int) -> None:
    groups, measured = [PackGroup(tweets)], replace(TERMS, is_measured=True)

    found, planned = foreseen(groups, FRESH, measured, LIMITS), plan_of_run(groups, FRESH, measured, PlanProgress())

    assert len(planned.packs) == at_once
    assert at_once < len(found.packs) <= 15
    assert found.makespan < planned.makespan + 0.05


def test_hundreds_are_foreseen_by_few_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[PackPlan] = []

    def counted(*given: Any) -> PackPlan:
        plans.append(plan_of_run(*given))
        return plans[-1]

    monkeypatch.setattr(foresight, "plan_of_run", counted)
    quota, limits = replace(FRESH, max_requests=1_000, free=1_000), Limits(max_requests=1_000)

    found = foreseen([PackGroup(1_500)], quota, replace(TERMS, concurrency=1_000), limits)

    assert sum(pack.tweets for pack in found.packs) == 1_500
    assert len(plans) < 20


def test_the_last_window_of_several_is_planned_with_what_it_keeps() -> None:
    groups = [PackGroup(190)]

    found, at_once = foreseen(groups, FRESH, TERMS, LIMITS), plan_of_run(groups, FRESH, TERMS, PlanProgress())

    assert [pack.tweets for pack in found.packs[:15]] == [10] * 15
    assert len(found.packs) < len(at_once.packs)
    assert at_once.makespan < found.makespan < at_once.makespan + 2


def test_a_run_that_can_ask_about_nothing_has_no_requests() -> None:
    assert foreseen([], FRESH, TERMS, LIMITS).packs == ()
    assert foreseen([PackGroup(10)], replace(FRESH, requests_today=0), TERMS, LIMITS).waiting == (10,)


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=3),
    st.integers(0, 15),
    st.sampled_from([None, 4_000, 40_000]),
    st.integers(0, 3),
)
def test_every_tweet_is_asked_about_once_and_no_window_holds_more_than_is_allowed(
    tweets: list[int], free: int, tokens: int | None, failed: int
) -> None:
    failures = FailureRate()
    failures.add(failed, 10)
    quota = replace(FRESH, free=free, returning=tuple(20.0 + at for at in range(15 - free)), max_tokens=tokens)
    groups = [PackGroup(each, tokens_fixed=300, tokens_per_tweet=100, cap=10, stretched_cap=12) for each in tweets]

    packs = foreseen(groups, quota, replace(TERMS, failures=failures), LIMITS).packs

    assert [sum(pack.tweets for pack in packs if pack.group == at) for at in range(len(groups))] == tweets
    starts = sorted([*(pack.start for pack in packs), *(at - WINDOW for at in quota.returning)])
    assert all(late - early >= WINDOW - 1e-6 for early, late in zip(starts, starts[15:], strict=False))
    if tokens is not None:
        for first in packs:
            window = [pack for pack in packs if first.start <= pack.start < first.start + WINDOW - 1e-6]
            assert sum(300 + 100 * pack.tweets for pack in window) <= tokens


@given(st.integers(0, 15), st.integers(0, 30), st.floats(0.0, 130.0))
def test_what_was_sent_comes_back_after_a_window(free: int, sent: int, now: float) -> None:
    quota = QuotaState(
        15, WINDOW, free, tuple(float(at) for at in range(15 - free)), max_tokens=1_000, requests_today=99
    )
    packs = [Pack(0, 2, float(at)) for at in range(sent)]

    then = quota_after(quota, [PackGroup(100, tokens_fixed=10, tokens_per_tweet=5)], packs, now)

    assert then.free + len(then.returning) == 15
    assert all(at > 0 for at in then.returning)
    assert then.tokens_used == 20 * sum(now < at + WINDOW for at in range(sent))
    assert then.requests_today == 99 - sent
