"""When to try again, how much at once, and when to stop."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.backoff import (
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    LEAST_STAGGER_SECONDS,
    STAGGER_SECONDS,
    STAGGER_SHARE,
    ConcurrencyControl,
    ServiceHealth,
    full_jitter,
    stagger_seconds,
)
from viral_assets.quota.limits import Limits


@given(st.integers(1, 10_000), st.integers())
def test_a_wait_is_anything_up_to_a_doubling_cap(attempt: int, seed: int) -> None:
    wait = full_jitter(attempt, random.Random(seed))

    assert 0 <= wait <= min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(attempt - 1, 60))


def test_what_failed_together_does_not_come_back_together() -> None:
    rng = random.Random(1)
    waits = [full_jitter(6, rng) for _ in range(200)]

    assert min(waits) < 1.0
    assert max(waits) > 15.0


@given(st.floats(0.001, 120.0), st.integers(1, 64), st.integers(1, 10_000))
def test_a_burst_is_staggered_by_a_small_share_of_what_its_requests_take(
    expected: float, concurrency: int, max_requests: int
) -> None:
    between = stagger_seconds(Limits(max_requests), expected, concurrency)

    assert 0 < between <= STAGGER_SECONDS
    assert between <= LEAST_STAGGER_SECONDS or between * concurrency <= STAGGER_SHARE * expected * (1 + 1e-9)


# ---- how much at once


def test_single_failures_happen_to_every_service() -> None:
    control = ConcurrencyControl(8)
    for _ in range(20):
        for trouble in (True, False, False, False):
            control.record(trouble=trouble)

    assert control.limit == 8


def test_a_service_in_trouble_is_asked_less_and_less_and_recovers_step_by_step() -> None:
    control = ConcurrencyControl(8)
    limits = []
    for _ in range(50):
        control.record(trouble=True)
        limits.append(control.limit)
    assert limits[8:11] == [8, 4, 4]
    assert limits[-1] == 1, "but never not at all"

    recovery = []
    for _ in range(40):
        control.record(trouble=False)
        recovery.append(control.limit)

    assert recovery == sorted(recovery)
    assert recovery[0] < 3, "step by step"
    assert recovery[-1] == 8


@given(st.integers(1, 64), st.lists(st.booleans(), max_size=200))
def test_the_limit_stays_between_one_and_its_maximum(maximum: int, troubles: list[bool]) -> None:
    control = ConcurrencyControl(maximum)
    for trouble in troubles:
        control.record(trouble=trouble)
        assert 1 <= control.limit <= maximum


# ---- when to stop


def test_a_place_where_nobody_is_is_given_up_after_two_rounds() -> None:
    health = ServiceHealth()

    assert not any(health.failed(0.01 * number, trouble=False) for number in range(5)), "one burst is one round"
    assert health.failed(0.5, trouble=False)


def test_nobody_waits_for_another_attempt_at_a_place_where_nobody_is() -> None:
    health, worth = ServiceHealth(), []
    for _ in range(3):
        worth.append(health.worth_waiting)
        health.failed(0.0, trouble=False)
    assert worth == [True, True, False]

    health.failed(0.1, trouble=True)
    assert health.worth_waiting, "somebody is there after all"


def test_a_service_with_a_problem_gets_a_minute() -> None:
    health = ServiceHealth()

    assert not any(health.failed(float(second), trouble=True) for second in range(60))
    assert health.failed(61.0, trouble=True)


def test_an_answer_makes_everything_good_again() -> None:
    health = ServiceHealth()
    for second in range(59):
        health.failed(float(second), trouble=True)
    health.answered(59.5)

    assert not any(health.failed(float(second), trouble=True) for second in range(60, 120))
    assert health.failed(121.0, trouble=True)


def test_a_service_is_well_from_an_answer_to_the_next_failure() -> None:
    health, well = ServiceHealth(), []

    well.append(health.healthy)
    health.answered(1.0)
    well.append(health.healthy)
    health.failed(2.0, trouble=True)
    well.append(health.healthy)

    assert well == [False, True, False]


def test_after_an_answer_an_address_is_known_to_be_right() -> None:
    health = ServiceHealth()
    health.answered(0.0)

    assert not any(health.failed(float(second), trouble=False) for second in range(1, 60))


def test_a_refusal_is_waited_for_as_long_as_it_says() -> None:
    for says in (0.4, 2.472630291, 36.0, 183.0):
        assert ServiceHealth().refused(says, 0.0, 60.0) == (says, False)


def test_a_refusal_that_says_nothing_is_waited_for_longer_each_time_up_to_a_window() -> None:
    health = ServiceHealth()

    waits = [health.refused(None, 0.0, 60.0)[0] for _ in range(6)]

    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_refusal_that_says_zero_again_and_again_does_not_make_a_busy_loop() -> None:
    health = ServiceHealth()

    waits = [health.refused(0.0, 0.0, 60.0)[0] for _ in range(12)]

    assert waits[0] > 0
    assert waits[-1] == 60.0


def test_a_service_that_refuses_window_after_window_has_no_quota_for_this_key() -> None:
    health = ServiceHealth()

    hopeless = [health.refused(1.0, 30.0 * number, 60.0)[1] for number in range(9)]

    assert hopeless == [False] * 7 + [True] * 2
    health.answered(300.0)
    assert not health.refused(1.0, 301.0, 60.0)[1]
