"""When to try again, how much at once, and when to stop."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.failures.backoff import (
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    LEAST_STAGGER_SECONDS,
    MOST_STAGGER_SHARE,
    REFUSED_WITHIN_SECONDS,
    STAGGER_SECONDS,
    STAGGER_SHARE,
    TOGETHER_OF_HUNDREDS,
    full_jitter,
    sent_together,
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


@given(st.floats(0.001, 120.0), st.integers(1, 1_000), st.integers(1, 10_000))
def test_a_burst_is_staggered_by_a_small_share_of_what_its_requests_take(
    expected: float, concurrency: int, max_requests: int
) -> None:
    between = stagger_seconds(Limits(max_requests), expected, concurrency)

    assert 0 < between <= STAGGER_SECONDS
    assert between * concurrency <= MOST_STAGGER_SHARE * expected * (1 + 1e-9)
    assert between <= LEAST_STAGGER_SECONDS or between * concurrency <= STAGGER_SHARE * expected * (1 + 1e-9)


def test_a_service_that_has_not_answered_yet_may_be_fast_so_a_burst_is_not_held_up_for_it() -> None:
    limits = Limits(15)

    assert stagger_seconds(limits, 5.2, 15, measured=False) == LEAST_STAGGER_SECONDS
    assert stagger_seconds(limits, 5.2, 15) == pytest.approx(STAGGER_SHARE * 5.2 / 15)
    assert stagger_seconds(Limits(1_000), 1.6, 500, measured=False) <= MOST_STAGGER_SHARE * 1.6 / 500


@given(st.floats(0.001, 120.0), st.integers(1, 1_000), st.booleans())
def test_few_requests_are_sent_as_if_at_once_and_of_hundreds_a_dozen(
    expected: float, concurrency: int, measured: bool
) -> None:
    limits = Limits(1_000)
    between = stagger_seconds(limits, expected, concurrency, measured=measured)
    first = stagger_seconds(limits, expected, concurrency, measured=measured, first=True)
    together, as_if_at_once = sent_together(between, concurrency), max(1, int(REFUSED_WITHIN_SECONDS / 2 / between))

    assert sent_together(first, concurrency) == 1, "to a service that has not answered yet"
    if between >= LEAST_STAGGER_SECONDS or concurrency <= TOGETHER_OF_HUNDREDS:
        assert together == as_if_at_once
    else:
        assert as_if_at_once <= together <= max(as_if_at_once, TOGETHER_OF_HUNDREDS)
        assert together >= min(TOGETHER_OF_HUNDREDS, concurrency // TOGETHER_OF_HUNDREDS)


# ---- how much at once
