"""Packs beyond the usual cap: only where something is likely to fail, only where that saves a window, never beyond what
a person has said."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.run.planning.failure_rate import ASSUMED_FAILURES, UNKNOWN_REQUESTS, at_most
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackGroup, PackPlan
from viral_assets.generation.run.planning.planner import plan
from viral_assets.generation.run.planning.reserve import plan_with_reserve
from viral_assets.generation.run.planning.stretch import (
    CAP_AFTER_FAILURES,
    STRETCHED_CAP,
    stretch_of,
    stretched_cap,
)
from viral_assets.projects.model import Generation
from viral_assets.quota.ledger import QuotaState
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.generation.running import Run, all_done, on_virtual_time

MINUTE, CAP = 60.0, 10
FRESH = QuotaState(max_requests=15, window_seconds=MINUTE, free=15)
UNKNOWN = ASSUMED_FAILURES / UNKNOWN_REQUESTS
LATENCY = Latency(1.0, 0.6)
FAULTS = {
    "503": 0.05, "malformed": 0.02, "truncated": 0.02, "missing": 0.02, "reset": 0.01, "hang": 0.01, "no_text": 0.01,
    "echo": 0.01, "prompt_block": 0.01,
}  # fmt: skip


def planned(
    tweets: int,
    share: float = 0.0,
    assumed: float = UNKNOWN,
    quota: QuotaState = FRESH,
    *,
    stretched: bool = True,
    asked: int = 0,
) -> PackPlan:
    larger = stretched_cap(Generation(), asked_before=asked > 0)
    groups = [PackGroup(tweets, cap=CAP, stretched_cap=larger)]
    make = partial(plan, concurrency=15, latency=LATENCY)
    stretch = stretch_of(make, groups, quota, usual_cap=CAP, share=assumed, asked=(asked,))
    return plan_with_reserve(
        partial(make, groups, cap=CAP),
        quota,
        share=share,
        busy=(),
        latency=LATENCY,
        stretch=stretch if stretched else None,
    )


def largest(made: PackPlan) -> int:
    return max(each.tweets for each in made.packs)


def test_tweets_that_fill_two_windows_share_a_little_more_so_that_there_is_room_for_what_fails() -> None:
    made = planned(300)

    assert largest(made) == STRETCHED_CAP
    assert made.makespan <= planned(300, stretched=False).makespan


@pytest.mark.parametrize("tweets", [100, 150, 155, 200, 270, 500])
def test_where_nothing_is_known_to_fail_and_a_window_has_room_the_cap_is_what_it_is(tweets: int) -> None:
    assert planned(tweets) == planned(tweets, stretched=False)


def test_a_service_that_has_answered_a_hundred_times_is_trusted() -> None:
    assert largest(planned(300, assumed=ASSUMED_FAILURES / (100 + UNKNOWN_REQUESTS))) == CAP


def test_where_requests_fail_the_last_window_keeps_some_with_larger_packs() -> None:
    made = planned(149, share=0.1, assumed=0.1)

    assert len(made.packs) == 13
    assert largest(made) == STRETCHED_CAP


def test_what_has_failed_takes_no_further_window_where_larger_packs_do() -> None:
    assert planned(160, share=0.1, assumed=0.1).makespan > MINUTE
    assert planned(160, share=0.1, assumed=0.1, asked=20).makespan < MINUTE / 2


def test_larger_packs_that_save_no_window_are_not_made() -> None:
    assert largest(planned(250, share=0.02, assumed=0.02, asked=100)) == CAP


def test_nor_are_such_as_save_a_window_that_was_needed_before_anything_had_failed() -> None:
    assert largest(planned(200, share=0.02, assumed=0.02, asked=60)) > STRETCHED_CAP
    assert largest(planned(200, share=0.02, assumed=0.02, asked=40)) == CAP


def test_a_project_file_has_the_last_word() -> None:
    assert stretched_cap(Generation(), asked_before=False) == STRETCHED_CAP
    assert stretched_cap(Generation(), asked_before=True) == CAP_AFTER_FAILURES
    for asked_before in (False, True):
        said = [
            stretched_cap(Generation(max_tweets_per_request=given), asked_before=asked_before) for given in (1, 10, 20)
        ]
        assert said == [1, 10, 20]


@given(st.integers(1, 400), st.floats(0.0, 0.5), st.integers(0, 15), st.booleans())
def test_every_tweet_is_in_a_pack_of_no_more_than_the_larger_cap(
    tweets: int, share: float, free: int, some_asked: bool
) -> None:
    quota = QuotaState(15, MINUTE, free=free, returning=tuple(40.0 + number for number in range(15 - free)))
    made = planned(tweets, share, max(share, UNKNOWN), quota, asked=int(some_asked))

    assert sum(each.tweets for each in made.packs) == tweets
    assert largest(made) <= (CAP_AFTER_FAILURES if some_asked else STRETCHED_CAP)


@given(st.integers(1, 400), st.floats(0.0, 0.5), st.integers(0, 15))
def test_no_run_of_which_nothing_fails_ends_later_for_it(tweets: int, assumed: float, free: int) -> None:
    quota = QuotaState(15, MINUTE, free=free, returning=tuple(40.0 + number for number in range(15 - free)))
    usual = planned(tweets, 0.0, assumed, quota, stretched=False)

    # Deadlines are searched to half a percent.
    assert planned(tweets, 0.0, assumed, quota).makespan <= 1.01 * usual.makespan


@given(st.integers(0, 2_000), st.integers(0, 2_000), st.floats(0.0, 0.99))
def test_the_more_may_fail_the_likelier_it_is_enough(failures: int, requests: int, share: float) -> None:
    fewer, more = at_most(failures, requests, share), at_most(failures + 1, requests, share)

    assert 0.0 <= fewer <= more + 1e-9 <= 1.0 + 2e-9


def test_how_many_of_some_fail_is_counted_as_coins_are() -> None:
    assert at_most(1, 3, 0.5) == pytest.approx(4 / 8)
    assert at_most(0, 30, 0.02) == pytest.approx(0.98**30)
    assert at_most(200, 1_000, 0.2) == pytest.approx(0.5, abs=0.03)
    assert math.isclose(at_most(5, 5, 0.9), 1.0)


# ---- whole runs


def run_with(database: Database, seed: int, **generation: int) -> Run:
    service = on_virtual_time(requests_per_window=15, latency=(1.0, 0.6), faults=FAULTS if seed else {}, seed=seed)
    projects = {"calm": project(generation=generation)}
    return Run(pack(300), service, database, Limits(max_requests=15), projects=projects)


def packs_of(run: Run) -> list[int]:
    return [len(arrival.tweet_ids) for arrival in run.service.arrivals]  # type: ignore[union-attr]


def test_a_run_in_which_one_request_of_six_goes_wrong_may_still_end_with_the_second_window(
    sqlite_database: Database,
) -> None:
    run = run_with(sqlite_database, seed=4)

    report = run()

    assert all_done(run)
    assert report.seconds < 1.35 * (MINUTE + 7.5)
    assert len(packs_of(run)) <= 30, "what fails is asked in the requests that were kept"
    assert STRETCHED_CAP <= max(packs_of(run)) <= CAP_AFTER_FAILURES


def test_no_request_of_a_run_is_larger_than_a_person_has_said(sqlite_database: Database) -> None:
    run = run_with(sqlite_database, seed=4, max_tweets_per_request=CAP)

    run()

    assert all_done(run)
    assert max(packs_of(run)) == CAP
