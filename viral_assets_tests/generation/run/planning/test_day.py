"""A day that is short: requests carry more, the least promising tweets wait, and an hour leaves others their part."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.planning.day import BUDGET, REQUESTS, fitting_today, paced, share_of_this_hour
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackGroup, PackPlan
from viral_assets.generation.run.planning.planner import plan
from viral_assets.generation.run.planning.quota_shares import share_of
from viral_assets.quota.ledger import Demand, QuotaState
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.running import Run, on_virtual_time, outcomes_of

HOUR = 3600.0


def of_a_day(requests: int | None = None, usd: float | None = None, *, hours: float = 1.0) -> QuotaState:
    return QuotaState(15, 60.0, 15, requests_today=requests, usd_today=usd, day_ends_in=hours * HOUR)


def planned(groups: list[PackGroup], quota: QuotaState, share: tuple[float, float] | None = None) -> PackPlan:
    return plan(groups, quota, concurrency=15, cap=10, latency=Latency(), share=share)


def sizes(made: PackPlan) -> list[int]:
    return [each.tweets for each in made.packs]


# ---- plans


def test_ten_requests_that_are_left_today_do_a_hundred_tweets() -> None:
    made = planned([PackGroup(100)], of_a_day(10))

    assert sizes(made) == [10] * 10
    assert made.waiting == ()


def test_no_request_carries_more_than_the_day_forces() -> None:
    assert sizes(planned([PackGroup(40)], of_a_day(8))) == [5] * 8
    assert max(sizes(planned([PackGroup(40)], of_a_day(100)))) == 3, "that is what the window forces"


def test_what_full_requests_cannot_do_today_waits_and_is_said() -> None:
    made = planned([PackGroup(100)], of_a_day(7))

    assert sizes(made) == [10] * 7
    assert (made.waiting, made.reason) == ((30,), REQUESTS)


def test_where_nothing_is_left_everything_waits() -> None:
    made = planned([PackGroup(100), PackGroup(3)], of_a_day(0))

    assert (made.packs, made.waiting, made.reason) == ((), (100, 3), REQUESTS)


def test_money_is_spent_on_tweets_rather_than_on_many_small_requests() -> None:
    group = PackGroup(60, usd_fixed=0.01, usd_per_tweet=0.001)

    generous, tight = (planned([group], of_a_day(usd=usd)) for usd in (1.0, 0.06 + 0.06))

    assert (len(generous.packs), generous.waiting) == (15, ())
    assert (len(tight.packs), tight.waiting) == (6, ())


def test_a_budget_that_is_too_small_is_spent_on_the_most_promising() -> None:
    group = PackGroup(60, usd_fixed=0.01, usd_per_tweet=0.001)

    made = planned([group], of_a_day(usd=0.055))

    assert sum(sizes(made)) == 25, "two full requests, and one for what is left"
    assert (made.waiting, made.reason) == ((35,), BUDGET)


def test_projects_take_turns_so_that_of_all_of_them_the_least_promising_wait() -> None:
    made = planned([PackGroup(50), PackGroup(12)], of_a_day(3))

    assert made.waiting == (30, 2)


day_groups = st.lists(
    st.builds(
        PackGroup,
        st.integers(0, 60),
        cap=st.one_of(st.none(), st.integers(1, 8)),
        usd_fixed=st.floats(0, 0.01),
        usd_per_tweet=st.floats(0, 0.01),
    ),
    min_size=1,
    max_size=3,
)


@given(
    day_groups, st.one_of(st.none(), st.integers(0, 30)), st.one_of(st.none(), st.floats(0, 0.3)), st.integers(1, 12)
)
def test_a_plan_never_takes_more_than_is_left_of_the_day(
    groups: list[PackGroup], requests: int | None, usd: float | None, cap: int
) -> None:
    made = plan(groups, of_a_day(requests, usd), concurrency=5, cap=cap, latency=Latency())

    assert requests is None or len(made.packs) <= requests
    cost = sum(groups[each.group].usd_of(each.tweets) for each in made.packs)
    assert usd is None or cost <= usd + 1e-6
    waiting = made.waiting or [0] * len(groups)
    for number, group in enumerate(groups):
        assert sum(each.tweets for each in made.packs if each.group == number) == group.tweets - waiting[number]


@given(day_groups, st.integers(0, 30))
def test_nobody_waits_while_full_requests_could_do_it(groups: list[PackGroup], requests: int) -> None:
    needed = sum(math.ceil(each.tweets / min(10, each.cap or 10)) for each in groups)

    made = planned(groups, of_a_day(requests))

    assert bool(made.waiting) == (needed > requests)


# ---- the hours to come


def test_an_hour_uses_its_share_of_the_day_where_larger_requests_do_it() -> None:
    quota = of_a_day(240, hours=23.5)

    assert share_of_this_hour(quota) == (10, math.inf)
    assert sizes(planned([PackGroup(60)], quota, share_of_this_hour(quota))) == [6] * 10
    assert len(planned([PackGroup(60)], quota).packs) == 15, "a run by hand may use what is there"


def test_no_tweet_waits_for_the_sake_of_the_hours_to_come() -> None:
    quota = of_a_day(24, hours=24)

    made = planned([PackGroup(60)], quota, share_of_this_hour(quota))

    assert (len(made.packs), made.waiting) == (6, ())


def test_the_last_hour_of_a_day_may_use_all_of_it() -> None:
    assert share_of_this_hour(of_a_day(9, 0.5, hours=0.2)) == (9, 0.5)


def test_a_budget_is_paced_as_requests_are() -> None:
    group, quota = PackGroup(60, usd_fixed=0.01, usd_per_tweet=0.001), of_a_day(usd=2.4, hours=24)

    made = planned([group], quota, share_of_this_hour(quota))

    today = fitting_today([group], quota, 10)
    assert paced(quota, today, (math.inf, 0.1)).usd_today == pytest.approx(0.12), "it takes that much at least"
    assert len(made.packs) == 6


def test_who_shares_a_quota_shares_its_day() -> None:
    quota = QuotaState(
        15, 60.0, 15, demand=(Demand("a", 200), Demand("b", 100)), requests_today=30, usd_today=0.3, day_ends_in=HOUR
    )

    share = share_of(quota, "b")

    assert (share.requests_today, share.day_ends_in) == (10, HOUR)
    assert share.usd_today == pytest.approx(0.1)


# ---- runs


@pytest.mark.parametrize(("tweets", "left", "done"), [(100, 10, 100), (40, 8, 40), (100, 7, 70)])
def test_a_run_does_what_the_day_has_room_for_and_its_estimate_says_so(
    sqlite_database: Database, tweets: int, left: int, done: int
) -> None:
    limits = Limits(max_requests=15, requests_per_day=left)
    opportunities = pack(tweets)
    run = Run(opportunities, on_virtual_time(latency=(1.0, 0.6)), sqlite_database, limits)

    estimate, report = run.estimate(), run()

    assert (estimate.deferred, estimate.requests) == (tweets - done, left)
    assert estimate.deferred_because == (REQUESTS if done < tweets else "")
    assert report.outcomes == {"done": done, **({"deferred": tweets - done} if done < tweets else {})}
    assert report.requests == left
    waiting = {key for key, outcome in outcomes_of(sqlite_database).items() if outcome == "deferred"}
    assert waiting == {each.tweet_id for each in opportunities[done:]}, "the least promising ones"


def test_a_budget_that_full_requests_keep_to_leaves_nobody_waiting(sqlite_database: Database) -> None:
    service = on_virtual_time(latency=(1.0, 0.6))
    spent = Run(pack(40), service, limits=Limits(max_requests=4))().cost_usd
    unpacked = Run(pack(40), service, limits=Limits(max_requests=40))().cost_usd
    assert spent
    assert unpacked
    budget = (spent + unpacked) / 2
    run = Run(pack(40), service, sqlite_database, Limits(max_requests=40, daily_budget_usd=budget))

    estimate, report = run.estimate(), run()

    assert estimate.deferred == 0
    assert report.outcomes == {"done": 40}


def test_a_paced_run_leaves_the_hours_to_come_their_requests(sqlite_database: Database) -> None:
    service = on_virtual_time(latency=(1.0, 0.6))
    limits = Limits(max_requests=15, requests_per_day=24)

    report = Run(pack(40), service, sqlite_database, limits, options={"paced": True})()

    assert report.outcomes == {"done": 40}
    assert report.requests == 4, "full ones, where a window would have had room for 15"
