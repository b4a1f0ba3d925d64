"""The plan: complete, within every limit on its own timeline, and as fast as the bound allows."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from viral_assets.generation.run.planning.bound import lower_bound
from viral_assets.generation.run.planning.latency import Latency, fit_latency
from viral_assets.generation.run.planning.packs import PackGroup, PackPlan
from viral_assets.generation.run.planning.planner import UNNOTICED_SECONDS, plan
from viral_assets.generation.run.planning.quota_shares import share_of
from viral_assets.quota.ledger import Demand, LatencySample, QuotaState
from viral_assets.quota.priority import Priority
from viral_assets_tests.effort import calls_made

MINUTE = 60.0
FRESH = QuotaState(max_requests=15, window_seconds=MINUTE, free=15)
PRIOR = Latency(1.0, 0.6)
EPSILON = 1e-6


@st.composite
def quotas(draw: st.DrawFn) -> QuotaState:
    """A window in any state: some slots free, the others on their way back, perhaps blocked, perhaps with tokens."""
    max_requests = draw(st.integers(1, 20))
    free = draw(st.integers(0, max_requests))
    blocked_for = draw(st.sampled_from([0.0, 0.0, 7.5]))
    back = st.floats(blocked_for, MINUTE)
    returning = tuple(sorted(draw(st.lists(back, min_size=max_requests - free, max_size=max_requests - free))))
    if draw(st.booleans()):
        return QuotaState(max_requests, MINUTE, free, returning, blocked_for)
    releases = sorted(draw(st.lists(st.tuples(back, st.integers(1, 200)), max_size=5)))
    used = sum(tokens for _, tokens in releases)
    return QuotaState(
        max_requests,
        MINUTE,
        free,
        returning,
        blocked_for,
        max_tokens=max(used, draw(st.integers(100, 1000))),
        tokens_used=used,
        token_releases=tuple(releases),
    )


groups = st.lists(
    st.builds(
        PackGroup,
        st.integers(1, 60),
        st.floats(0, 50),
        st.one_of(st.just(0.0), st.floats(0.5, 40)),
        st.one_of(st.none(), st.integers(1, 8)),
    ),
    min_size=1,
    max_size=4,
)
latencies = st.builds(Latency, st.floats(0.01, 10), st.floats(0.001, 10))


@given(groups, quotas(), st.integers(1, 20), st.integers(1, 12), latencies, st.lists(st.floats(0, 30), max_size=5))
def test_every_tweet_is_planned_once_and_no_limit_is_broken(
    wanted: list[PackGroup], quota: QuotaState, concurrency: int, cap: int, latency: Latency, busy: list[float]
) -> None:
    made = plan(wanted, quota, concurrency=concurrency, cap=cap, latency=latency, busy=busy)

    _complete(made, wanted)
    assert all(pack.tweets <= min(cap, wanted[pack.group].cap or cap) for pack in made.packs)
    _within_requests(made, quota)
    _within_concurrency(made, concurrency, latency, busy)
    _within_tokens(made, quota, wanted)
    assert made.makespan == max(pack.start + latency.of(pack.tweets) for pack in made.packs)


@given(groups, quotas(), st.integers(1, 12), latencies)
def test_an_exact_size_is_kept_to_except_for_the_rest(
    wanted: list[PackGroup], quota: QuotaState, exact: int, latency: Latency
) -> None:
    without_tokens = QuotaState(quota.max_requests, MINUTE, quota.free, quota.returning, quota.blocked_for)

    made = plan(wanted, without_tokens, concurrency=5, cap=10, latency=latency, exact=exact)

    _complete(made, wanted)
    _within_requests(made, without_tokens)
    for number, group in enumerate(wanted):
        sizes = [pack.tweets for pack in made.packs if pack.group == number]
        assert sizes == [exact] * (group.tweets // exact) + [group.tweets % exact] * (group.tweets % exact > 0)


def _complete(made: PackPlan, wanted: list[PackGroup]) -> None:
    for number, group in enumerate(wanted):
        assert sum(pack.tweets for pack in made.packs if pack.group == number) == group.tweets
    assert all(pack.tweets >= 1 for pack in made.packs)


def _within_requests(made: PackPlan, quota: QuotaState) -> None:
    starts = [pack.start for pack in made.packs]
    assert starts == sorted(starts)
    slots = [quota.blocked_for] * quota.free + list(quota.returning)
    assert all(start >= slot - EPSILON for start, slot in zip(starts, slots, strict=False))
    apart = zip(starts, starts[quota.max_requests :], strict=False)
    assert all(later - earlier >= MINUTE - EPSILON for earlier, later in apart)


def _within_concurrency(made: PackPlan, concurrency: int, latency: Latency, busy: list[float]) -> None:
    ends = [*busy, *(pack.start + latency.of(pack.tweets) for pack in made.packs)]
    for pack in made.packs:
        begun = [-1.0 for _ in busy] + [each.start for each in made.packs]
        at_once = sum(
            begin <= pack.start + EPSILON and pack.start + EPSILON < end for begin, end in zip(begun, ends, strict=True)
        )
        assert at_once <= concurrency


def _within_tokens(made: PackPlan, quota: QuotaState, wanted: list[PackGroup]) -> None:
    if quota.max_tokens is None:
        return
    counted = [
        (pack.start, wanted[pack.group].tokens_fixed + pack.tweets * wanted[pack.group].tokens_per_tweet)
        for pack in made.packs
    ]
    for start, tokens in counted:
        if tokens > quota.max_tokens:
            continue  # One tweet that is too large by itself: the ledger refuses it.
        before = quota.tokens_used - sum(released for at, released in quota.token_releases if at <= start + EPSILON)
        in_window = sum(each for at, each in counted if start - MINUTE + EPSILON < at <= start)
        larger = any(each > quota.max_tokens for at, each in counted if start - MINUTE < at <= start)
        assert larger or before + in_window <= quota.max_tokens + EPSILON


@pytest.mark.parametrize("latency", [PRIOR, Latency(0.5, 3.5), Latency(4.0, 0.05)])
@pytest.mark.parametrize("concurrency", [15, 64])
@pytest.mark.parametrize("tweets", [1, 4, 10, 50, 100, 150, 500])
def test_a_plan_takes_at_most_a_tenth_more_than_the_bound(tweets: int, concurrency: int, latency: Latency) -> None:
    bound = lower_bound(
        tweets, max_requests=15, window_seconds=MINUTE, concurrency=concurrency, cap=10, latency=latency
    )

    made = plan([PackGroup(tweets)], FRESH, concurrency=concurrency, cap=10, latency=latency)

    assert bound - EPSILON <= made.makespan <= 1.1 * bound


@given(
    st.integers(1, 400),
    st.integers(1, 30),
    st.integers(1, 12),
    st.integers(1, 30),
    latencies,
)
def test_no_plan_is_faster_than_the_bound(
    tweets: int, max_requests: int, cap: int, concurrency: int, latency: Latency
) -> None:
    assume(latency.of(cap) <= MINUTE)
    quota = QuotaState(max_requests, MINUTE, max_requests)
    bound = lower_bound(
        tweets, max_requests=max_requests, window_seconds=MINUTE, concurrency=concurrency, cap=cap, latency=latency
    )

    made = plan([PackGroup(tweets)], quota, concurrency=concurrency, cap=cap, latency=latency)

    assert made.makespan >= bound - EPSILON


@st.composite
def quotas_and_groups(draw: st.DrawFn) -> tuple[QuotaState, PackGroup]:
    """Empty windows with limits of requests, perhaps of tokens and of the day, and tweets that fit into them."""
    fixed, per_tweet = draw(st.sampled_from([0.0, 50.0, 400.0, 900.0])), float(draw(st.integers(20, 120)))
    group = PackGroup(draw(st.integers(1, 300)), fixed, per_tweet)
    requests = draw(st.integers(1, 30))
    tokens = draw(st.none() | st.floats(1.0, 40.0).map(lambda times: int(times * (fixed + 3 * per_tweet)) + 1))
    return QuotaState(
        requests, MINUTE, requests, max_tokens=tokens, requests_today=draw(st.none() | st.integers(1, 60))
    ), group


@given(
    quotas_and_groups(),
    st.sampled_from([1, 2, 3, 5, 8, 15, 64]),
    st.integers(1, 12),
    st.builds(Latency, st.sampled_from([0.05, 0.5, 1.0, 4.0]), st.sampled_from([0.01, 0.05, 0.6, 2.0])),
)
def test_a_plan_meets_the_bound_whatever_limits_there_are(
    limits: tuple[QuotaState, PackGroup], concurrency: int, cap: int, latency: Latency
) -> None:
    quota, group = limits
    bound = lower_bound(
        group.tweets,
        max_requests=quota.max_requests,
        window_seconds=MINUTE,
        concurrency=concurrency,
        cap=cap,
        latency=latency,
        max_tokens=math.inf if quota.max_tokens is None else quota.max_tokens,
        tokens_fixed=group.tokens_fixed,
        tokens_per_tweet=group.tokens_per_tweet,
        requests_today=math.inf if quota.requests_today is None else quota.requests_today,
    )

    made = plan([group], quota, concurrency=concurrency, cap=cap, latency=latency)

    assert bound - EPSILON <= made.makespan <= 1.1 * bound
    _within_requests(made, quota)
    _within_concurrency(made, concurrency, latency, [])
    _within_tokens(made, quota, [group])


def test_tokens_that_are_free_now_are_used_now() -> None:
    quota = QuotaState(15, MINUTE, 10, max_tokens=4_000, tokens_used=2_000, token_releases=((40.0, 2_000),))

    made = plan([PackGroup(30, tokens_fixed=400, tokens_per_tweet=100)], quota, concurrency=15, cap=20, latency=PRIOR)

    (first, *_), last = made.packs, made.packs[-1]
    assert (first.tweets, first.start) == (16, 0.0), "what 2,000 tokens are enough for"
    assert (last.tweets, last.start) == (14, 40.0)
    assert made.makespan < 50


def test_where_every_request_costs_many_tokens_it_waits_for_those_of_a_large_one() -> None:
    trickle = tuple((float(second), 500) for second in range(1, 41))
    quota = QuotaState(60, MINUTE, 20, max_tokens=20_000, tokens_used=20_000, token_releases=trickle)

    made = plan([PackGroup(60, tokens_fixed=450, tokens_per_tweet=50)], quota, concurrency=60, cap=20, latency=PRIOR)

    assert len(made.packs) < 30, "one tweet whenever 500 tokens come free would do 40 in that time"
    assert made.makespan < 40


@pytest.mark.parametrize(("tweets", "seconds"), [(10, 1.6), (50, 3.4), (100, 5.2), (500, 69.4)], ids=str)
def test_the_figures_of_the_design(tweets: int, seconds: float) -> None:
    bound = lower_bound(tweets, max_requests=15, window_seconds=MINUTE, concurrency=15, cap=20, latency=PRIOR)
    made = plan([PackGroup(tweets)], FRESH, concurrency=15, cap=20, latency=PRIOR)

    assert bound == pytest.approx(seconds)
    assert made.makespan == pytest.approx(seconds, rel=0.01)


def test_one_request_per_tweet_while_the_quota_allows_it() -> None:
    made = plan([PackGroup(10)], FRESH, concurrency=15, cap=10, latency=PRIOR)

    assert [pack.tweets for pack in made.packs] == [1] * 10


def test_no_more_is_packed_than_the_quota_forces() -> None:
    made = plan([PackGroup(100)], FRESH, concurrency=15, cap=10, latency=PRIOR)

    assert max(pack.tweets for pack in made.packs) == 7
    assert all(pack.start == 0 for pack in made.packs)


@given(groups, quotas(), st.integers(1, 80), st.integers(1, 12), latencies, st.floats(0.0, 1.0))
def test_no_more_requests_are_planned_than_this_process_can_begin_in_time(
    wanted: list[PackGroup], quota: QuotaState, concurrency: int, cap: int, latency: Latency, own: float
) -> None:
    unhurried = plan(wanted, quota, concurrency=concurrency, cap=cap, latency=latency)

    made = plan(wanted, quota, concurrency=concurrency, cap=cap, latency=latency, own_seconds=own)

    _complete(made, wanted)
    _within_requests(made, quota)
    _within_concurrency(made, concurrency, latency, [])
    _within_tokens(made, quota, wanted)
    in_time = max(made.makespan - made.packs[0].start, UNNOTICED_SECONDS)
    assert (len(made.packs) - 1) * own <= in_time + EPSILON
    if len(unhurried.packs) * own <= max(latency.of(1), UNNOTICED_SECONDS):
        assert made == unhurried, "what is not short forces nothing"


def test_where_this_process_is_what_is_short_tweets_share_requests() -> None:
    plenty, fast = QuotaState(1_000, MINUTE, 1_000), Latency(0.05, 0.01)

    def sizes(tweets: int, latency: Latency) -> list[int]:
        made = plan([PackGroup(tweets)], plenty, concurrency=1_000, cap=10, latency=latency, own_seconds=0.004)
        return [pack.tweets for pack in made.packs]

    assert sizes(20, fast) == [1] * 20, "they begin in a moment"
    assert 15 <= len(sizes(100, fast)) <= 50, "a hundred would take 0.4 s by themselves"
    assert sizes(500, Latency(0.5, 3.5)) == [1] * 500, "answers take longer than all of them do here"


def test_early_windows_are_full_and_the_last_one_is_not() -> None:
    made = plan([PackGroup(200)], FRESH, concurrency=15, cap=10, latency=PRIOR)

    assert [pack.tweets for pack in made.packs[:15]] == [10] * 15
    assert max(pack.tweets for pack in made.packs[15:]) == 4
    assert all(pack.start >= MINUTE for pack in made.packs[15:])


def test_projects_share_the_quota_and_no_request_has_two() -> None:
    made = plan([PackGroup(30), PackGroup(70)], FRESH, concurrency=15, cap=10, latency=PRIOR)

    _complete(made, [PackGroup(30), PackGroup(70)])
    assert len(made.packs) == 15
    assert made.makespan == pytest.approx(PRIOR.of(7), rel=0.2)


def test_nothing_to_do_takes_no_time() -> None:
    assert plan([PackGroup(0)], FRESH, concurrency=5, cap=10, latency=PRIOR) == PackPlan((), 0.0)
    assert plan([], FRESH, concurrency=5, cap=10, latency=PRIOR) == PackPlan((), 0.0)
    assert lower_bound(0, max_requests=1, window_seconds=60, concurrency=1, cap=1, latency=PRIOR) == 0


def test_a_tweet_larger_than_the_token_quota_does_not_stop_the_planner() -> None:
    quota = QuotaState(15, MINUTE, 15, max_tokens=100)

    made = plan([PackGroup(3, tokens_fixed=50, tokens_per_tweet=500)], quota, concurrency=5, cap=10, latency=PRIOR)

    assert [pack.tweets for pack in made.packs] == [1, 1, 1]


@pytest.mark.slow
def test_a_plan_for_thousands_of_tweets_is_made_in_a_moment() -> None:
    plenty = QuotaState(1_000_000, 1.0, 1_000_000)

    def effort(tweets: int) -> int:
        groups = [PackGroup(5 * tweets), PackGroup(tweets)]
        return calls_made(lambda: plan(groups, plenty, concurrency=5, cap=10, latency=PRIOR))

    assert effort(600) <= 50 * 3_600
    assert effort(6_000) <= 11 * effort(600), "it grows with the tweets and not faster"


# ---- sharing


demands = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), st.integers(1, 500), min_size=2)


def wanted_by(demand: dict[str, int]) -> tuple[Demand, ...]:
    return tuple(Demand(runner, tweets) for runner, tweets in demand.items())


@given(quotas(), demands)
def test_the_shares_of_all_runners_add_up_to_the_quota(quota: QuotaState, demand: dict[str, int]) -> None:
    shared = QuotaState(
        quota.max_requests, MINUTE, quota.free, quota.returning, quota.blocked_for, demand=wanted_by(demand)
    )

    shares = {runner: share_of(shared, runner) for runner in demand}

    slots = min(quota.max_requests, sum(demand.values()))
    total = sum(share.max_requests for share in shares.values())
    assert slots <= total <= slots + len(demand), "who would get none plans for one"
    for runner, share in shares.items():
        assert share.max_requests >= 1
        assert share.free + len(share.returning) == share.max_requests
        assert all(earlier <= later for earlier, later in pairwise(share.returning))
        exact = slots * demand[runner] / sum(demand.values())
        assert share.max_requests <= exact + len(demand), "in proportion"


def test_a_quota_is_shared_in_proportion_to_what_everybody_wants() -> None:
    quota = QuotaState(15, MINUTE, 15, demand=(Demand("a", 200), Demand("b", 100)))

    assert share_of(quota, "a").free == 10
    assert share_of(quota, "b").free == 5


@given(st.lists(st.integers(1, 60), min_size=2, max_size=5), st.integers(5, 30))
def test_the_largest_request_of_all_runners_is_as_small_as_can_be(tweets: list[int], slots: int) -> None:
    demand = {str(number): wanted for number, wanted in enumerate(tweets)}
    quota = QuotaState(slots, MINUTE, slots, demand=wanted_by(demand))

    largest = max(math.ceil(wanted / share_of(quota, name).free) for name, wanted in demand.items())

    assert largest == 1 or sum(math.ceil(wanted / (largest - 1)) for wanted in tweets) > slots


def test_room_is_left_for_who_has_not_said_how_much_it_wants() -> None:
    quota = QuotaState(15, MINUTE, 15, demand=(Demand("a", 20), Demand("b", None), Demand("c", None)))

    assert share_of(quota, "a", newcomer=20).free == 5
    assert share_of(quota, "a", newcomer=5).free == 9
    assert share_of(quota, "b", newcomer=20) is quota


def test_tokens_are_shared_as_slots_are() -> None:
    quota = QuotaState(
        15,
        MINUTE,
        15,
        max_tokens=9000,
        tokens_used=600,
        token_releases=((7.0, 600),),
        demand=(Demand("a", 200), Demand("b", 100)),
    )

    share = share_of(quota, "b")

    assert (share.max_tokens, share.tokens_used, share.token_releases) == (3000, 200, ((7.0, 200),))
    assert share_of(quota, "b", request_tokens=4500).max_tokens == 4500, "never less than one request"
    assert share_of(quota, "b", request_tokens=20_000).max_tokens == 9000


def test_who_is_alone_or_a_stranger_plans_with_everything() -> None:
    alone = QuotaState(15, MINUTE, 15, demand=(Demand("a", 200),))
    strangers = QuotaState(15, MINUTE, 15, demand=(Demand("a", 200), Demand("b", 100)))

    assert share_of(alone, "a") is alone
    assert share_of(strangers, "c") is strangers


BACKFILL = Demand("backfill", 200, Priority.BACKGROUND)


def test_the_urgent_are_planned_for_first_and_the_others_with_what_is_left() -> None:
    hour = Demand("hour", 6, Priority.NEWEST_HOUR)
    quota = QuotaState(15, MINUTE, 2, returning=tuple(range(10, 23)), demand=(BACKFILL, hour))

    assert share_of(quota, "hour") is quota, "who comes later is no reason to pack more"
    share = share_of(quota, "backfill")
    assert (share.max_requests, share.free) == (9, 0)
    assert share.returning == tuple(range(14, 23)), "the first two and four of those that come back are the hour's"


def test_equals_share_what_the_urgent_leave() -> None:
    person = Demand("person", 1, Priority.PERSON)
    other = Demand("other", 100, Priority.BACKGROUND)
    quota = QuotaState(16, MINUTE, 16, demand=(BACKFILL, other, person))

    assert (share_of(quota, "backfill").free, share_of(quota, "other").free) == (10, 5)


def test_who_is_left_nothing_plans_with_the_last_slot() -> None:
    quota = QuotaState(3, MINUTE, 1, returning=(5, 9), demand=(BACKFILL, Demand("hour", 50, Priority.NEWEST_HOUR)))

    assert share_of(quota, "backfill").returning == (9,)


def test_one_slot_is_left_for_somebody_urgent_who_has_not_said_how_much_it_wants() -> None:
    quota = QuotaState(15, MINUTE, 15, demand=(BACKFILL, Demand("person", None, Priority.PERSON)))

    assert share_of(quota, "backfill", newcomer=200).free == 14


def test_the_urgent_are_planned_for_with_their_tokens() -> None:
    hour = Demand("hour", 100, Priority.NEWEST_HOUR)
    quota = QuotaState(15, MINUTE, 15, max_tokens=9000, demand=(BACKFILL, hour))

    assert share_of(quota, "backfill").max_tokens == 6000
    assert share_of(quota, "hour").max_tokens == 9000


def test_sharing_a_quota_without_limits_takes_no_time() -> None:
    quota = QuotaState(1_000_000, 1.0, 1_000_000, demand=(Demand("a", 200), Demand("b", 100)))

    assert share_of(quota, "a").free == 200


# ---- latency


@given(st.floats(0.05, 5), st.floats(0.05, 5), st.lists(st.integers(1, 10), min_size=30, max_size=50))
def test_a_latency_is_found_from_measurements(fixed: float, per_tweet: float, sizes: list[int]) -> None:
    fitted = fit_latency([LatencySample(size, fixed + per_tweet * size) for size in [1, 5, 10, *sizes]])

    for size in (1, 10):
        assert fitted.of(size) == pytest.approx(fixed + per_tweet * size, rel=0.35)


def test_measurements_of_one_size_are_met_exactly_and_scale_the_assumption_for_others() -> None:
    fitted = fit_latency([LatencySample(7, 26.0)] * 15)

    assert fitted.of(7) == pytest.approx(26.0)
    assert fitted.of(1) < 26.0 < fitted.of(10)


def test_nothing_measured_leaves_the_assumption() -> None:
    assert fit_latency([]) == Latency()


@given(st.lists(st.builds(LatencySample, st.integers(1, 20), st.floats(0, 100)), min_size=1, max_size=20))
def test_a_latency_is_never_without_length(samples: list[LatencySample]) -> None:
    fitted = fit_latency(samples)

    assert fitted.fixed > 0
    assert fitted.per_tweet > 0
