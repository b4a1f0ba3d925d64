"""Which runs give tweets to others and which take them: the same exchange, whoever reckons it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.planning.exchange import NOTHING, TweetExchange, exchange_of
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackGroup
from viral_assets.quota.ledger import Demand, QuotaState
from viral_assets.quota.priority import Priority

WINDOW = 60.5
CAP = 10
SLOW = Latency(0.5, 2.4)
ONE = PackGroup(1)


def shared(tweets: Mapping[str, int], **quota: int) -> QuotaState:
    demand = tuple(Demand(runner, number, sharing="calm") for runner, number in tweets.items())
    return QuotaState(**{"max_requests": 15, "window_seconds": WINDOW, "free": 15, **quota}, demand=demand)  # type: ignore[arg-type]


def exchange(quota: QuotaState, runner: str, *, group: PackGroup = ONE, latency: Latency = SLOW) -> TweetExchange:
    return exchange_of(quota, runner, cap=CAP, newcomer=1, group=group, latency=latency)


def runs(number: int, tweets: int) -> dict[str, int]:
    return {f"run {at}": tweets for at in range(number)}


def test_the_one_with_a_single_request_for_all_of_its_own_gives_to_the_first_with_room() -> None:
    quota = shared(runs(8, 10))
    found = {each.runner: exchange(quota, each.runner) for each in quota.demand}

    assert {each.size for each in found.values()} == {6}
    assert [each.give for each in found.values()] == [0, 0, 0, 0, 0, 0, 0, 4]
    assert [each.take for each in found.values()] == [2, 2, 0, 0, 0, 0, 0, 0], "nobody waits who is not needed"


def test_who_has_no_request_gives_everything() -> None:
    quota = shared(runs(30, 1))
    found = {each.runner: exchange(quota, each.runner) for each in quota.demand}

    assert {each.size for each in found.values()} == {2}
    assert sorted(each.give for each in found.values()) == [0] * 15 + [1] * 15
    assert sorted(each.take for each in found.values()) == [0] * 15 + [1] * 15


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=40), st.integers(1, 60), st.integers(0, 60), st.integers(1, 20)
)
def test_what_some_give_others_take_and_no_request_is_larger_than_it_may_be(
    tweets: list[int], limit: int, free: int, cap: int
) -> None:
    quota = shared({f"run {at}": number for at, number in enumerate(tweets)}, max_requests=limit, free=min(free, limit))
    found = [
        exchange_of(quota, each.runner, cap=cap, newcomer=1, group=PackGroup(1), latency=SLOW) for each in quota.demand
    ]

    assert sum(each.give for each in found) == sum(each.take for each in found)
    assert len({each.size for each in found}) == 1
    assert found[0].size <= cap
    assert all(each.give <= number for each, number in zip(found, tweets, strict=True))
    assert all(not (each.give and each.take) for each in found)
    if found[0].size:
        assert found[0].size == math.ceil(sum(tweets) / min(quota.free, sum(tweets)))


@pytest.mark.parametrize(
    "quota",
    [
        pytest.param(shared({"run 0": 10}), id="alone"),
        pytest.param(shared(runs(4, 3)), id="everybody has a request for each tweet"),
        pytest.param(shared(runs(40, 5)), id="more than a window takes"),
        pytest.param(replace(shared(runs(8, 10)), demand=(Demand("run 0", 10), Demand("run 1", 300))), id="no sharing"),
        pytest.param(
            replace(
                shared({}),
                demand=(
                    Demand("run 0", 10, sharing="calm"),
                    *(Demand(f"r{at}", 10, sharing="loud") for at in range(7)),
                ),
            ),
            id="others ask otherwise",
        ),
        pytest.param(
            replace(
                shared({}),
                demand=(
                    Demand("run 0", 10, sharing="calm"),
                    *(Demand(f"r{at}", 10, Priority.BACKGROUND, sharing="calm") for at in range(7)),
                ),
            ),
            id="others are served later",
        ),
    ],
)
def test_where_nothing_is_won_nothing_is_exchanged(quota: QuotaState) -> None:
    assert exchange(quota, "run 0") == NOTHING


def test_a_gain_of_less_than_a_second_is_none() -> None:
    quota = shared(runs(8, 10))

    assert exchange(quota, "run 0", latency=Latency(0.5, 0.2)).size == 0


def test_a_window_without_a_free_request_is_waited_for_together() -> None:
    later = replace(shared(runs(30, 3), free=0), returning=(40.0,) * 15)
    soon = replace(later, returning=(1.0,) * 15)

    assert exchange(later, "run 3") == TweetExchange(may_wait_together=True)
    assert exchange(soon, "run 3").size == 6
    assert exchange(replace(soon, blocked_for=30.0), "run 3") == TweetExchange(may_wait_together=True)


def test_tokens_that_are_short_are_not_promised() -> None:
    group = PackGroup(10, tokens_fixed=500, tokens_per_tweet=100)
    quota = replace(shared(runs(8, 10)), max_tokens=20_000)

    assert exchange(quota, "run 0", group=group).size == 6
    assert exchange(replace(quota, tokens_used=6_000), "run 0", group=group).size == 0
    assert exchange(replace(quota, max_tokens=10_000), "run 0", group=group) == NOTHING
