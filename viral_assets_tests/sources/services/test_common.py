"""Waiting with a deadline, and reports that add up."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import RetryCallState, Retrying

from viral_assets.errors import ServiceRefusedError, ServiceUnavailableError
from viral_assets.projects.model import Project
from viral_assets.sources.services.collect import apify_search
from viral_assets.sources.services.common import ATTEMPTS, LONGEST_BACKOFF_SECONDS, FullJitter, retrying
from viral_assets_tests.sources.services.service_time import SleepingTime

NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(0, 200))
def test_no_sequence_of_waits_goes_beyond_the_deadline(waits: list[float], allowed: float) -> None:
    time = SleepingTime(NOW)
    deadline = time.deadline(allowed)
    for seconds in waits:
        before = time.slept
        waited = deadline.wait(seconds)
        assert waited == (seconds <= allowed - before)
    assert time.slept <= allowed + 1e-6
    assert deadline.left == max(0.0, allowed - time.slept)


def test_a_long_wait_gives_signs_of_life() -> None:
    signs: list[float] = []
    time = SleepingTime(NOW)
    time.deadline(100).wait(60, lambda: signs.append(time.slept))
    assert len(signs) == 12
    assert time.slept == 60


@given(st.integers(2, 30), st.integers())
def test_backoff_is_bounded(attempt: int, seed: int) -> None:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt - 1
    assert 0 <= FullJitter(random.Random(seed))(state) <= min(LONGEST_BACKOFF_SECONDS, 0.5 * 2**attempt)


@given(st.floats(0, 100), st.integers())
def test_what_fails_is_tried_a_few_times_and_not_beyond_the_deadline(allowed: float, seed: int) -> None:
    time, tried = SleepingTime(NOW), []

    def fail() -> None:
        tried.append(time.slept)
        raise ServiceUnavailableError(f"attempt {len(tried)}")

    with pytest.raises(ServiceUnavailableError, match=r"attempt \d") as caught:
        retrying(time.deadline(allowed), random.Random(seed))(fail)
    assert 1 <= len(tried) <= ATTEMPTS
    assert str(caught.value) == f"attempt {len(tried)}", "the last one"
    assert time.slept <= allowed + 1e-6
    if allowed > 60:
        assert len(tried) == ATTEMPTS


def test_what_will_not_mend_itself_is_not_tried_again() -> None:
    tried = []

    def refuse() -> None:
        tried.append(1)
        raise ServiceRefusedError("no")

    with pytest.raises(ServiceRefusedError):
        retrying(SleepingTime(NOW).deadline(100), random.Random(1))(refuse)
    assert tried == [1]


def test_an_actor_is_asked_with_its_own_queries_or_with_the_translated_ones() -> None:
    sources = {"queries": ["bread -is:retweet"], "apify": {"max_items_per_hour": 7, "input": {"sort": "Top"}}}
    project = {"name": "p", "taxonomy": [{"label": "a", "description": "b"}], "voice": {"persona": "c"}}
    search = apify_search(Project.model_validate({**project, "sources": sources}))
    assert (search.queries, search.max_items) == (("bread -filter:nativeretweets",), 7)
    assert search.input_for(NOW)["sort"] == "Top"
    sources["apify"] = {"queries": ["crust min_faves:10"]}
    assert apify_search(Project.model_validate({**project, "sources": sources})).queries == ("crust min_faves:10",)
