"""A model that takes less in one request than a pack holds: learnt from its first refusal, and packed for from then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from viral_assets.quota.limits import Limits
from viral_assets.quota.sql_state import INPUT_LIMIT_SECONDS
from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.running import Run, all_done, on_virtual_time
from viral_assets_tests.virtual_clock import VirtualClock

TWEETS = 60


def run_of(service: GeminiEmulator, database: Database, **options: object) -> Run:
    return Run(pack(TWEETS), service, database, Limits(max_requests=6), options=dict(options))


def sizes_of(service: GeminiEmulator, status: int) -> list[int]:
    return [len(each.tweet_ids) for each in service.arrivals if each.status == status]


def largest_input(service: GeminiEmulator, tweets: int) -> int:
    return max(each.input_tokens for each in service.arrivals if len(each.tweet_ids) <= tweets)


def test_the_limit_is_read_once_and_packs_are_made_for_it(sqlite_database: Database) -> None:
    sample = on_virtual_time(latency=(1.0, 0.1))
    for size in (4, 10):
        Run(pack(20), sample, limits=Limits(max_requests=20), options={"tweets_per_request": size})()
    limit = largest_input(sample, 4) + 5
    assert largest_input(sample, 10) > limit
    service = on_virtual_time(latency=(1.0, 0.1), input_limit=limit)
    run = run_of(service, sqlite_database, concurrency=1)

    report = run()

    assert all_done(run)
    [refused] = sizes_of(service, 400)
    assert refused >= 10, "one refusal tells"
    assert max(sizes_of(service, 200)) == 4
    assert report.requests <= 1 + TWEETS / 3
    assert report.outcomes == {"done": TWEETS}


def test_the_next_run_knows_it_from_the_beginning_and_a_month_later_tries_again(sqlite_database: Database) -> None:
    sample = on_virtual_time()
    Run(pack(10), sample, limits=Limits(max_requests=20), options={"tweets_per_request": 5})()
    service = on_virtual_time(latency=(1.0, 0.1), input_limit=largest_input(sample, 5) + 5)
    run_of(service, sqlite_database, concurrency=1)()
    assert len(sizes_of(service, 400)) == 1

    later = Run(pack(TWEETS + 20)[TWEETS:], service, sqlite_database, Limits(max_requests=6))
    assert max(later.estimate().packs) <= 5
    later()
    assert all_done(later)
    assert len(sizes_of(service, 400)) == 1

    assert isinstance(service.clock, VirtualClock)
    service.clock.advance(INPUT_LIMIT_SECONDS)
    run = Run(pack(20), service, sqlite_database, Limits(max_requests=2), options={"concurrency": 1, "force": True})
    run()
    assert len(sizes_of(service, 400)) == 2


def test_requests_that_were_under_way_are_refused_once_each(sqlite_database: Database) -> None:
    sample = on_virtual_time()
    Run(pack(10), sample, limits=Limits(max_requests=20), options={"tweets_per_request": 5})()
    service = on_virtual_time(latency=(1.0, 0.1), input_limit=largest_input(sample, 5) + 5)
    run = run_of(service, sqlite_database)

    run()

    assert all_done(run)
    assert len(sizes_of(service, 400)) <= 6, "what had been sent before the first refusal was known"
    assert len(service.arrivals) <= 6 + TWEETS / 4


def test_a_tweet_that_is_too_long_by_itself_costs_only_itself(sqlite_database: Database) -> None:
    sample = on_virtual_time()
    Run(pack(10), sample, limits=Limits(max_requests=20), options={"tweets_per_request": 5})()
    service = on_virtual_time(latency=(1.0, 0.1), input_limit=largest_input(sample, 5) + 5)
    tweets = pack(12)
    long = replace(tweets[3], text="word " * 4_000)
    run = Run([*tweets[:3], long, *tweets[4:]], service, sqlite_database, Limits(max_requests=100))

    report = run()

    assert Counter(each.outcome for each in run.results.values()) == {"done": 11, "failed": 1}
    assert report.requests < 24
