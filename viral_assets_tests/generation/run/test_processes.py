"""Real processes: killed at any moment, and several at once on one quota."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets_tests.forks import forks
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.gemini_emulator.arrivals import Arrival, most_within
from viral_assets_tests.generation.make import TYPES, pack
from viral_assets_tests.generation.running import (
    PLENTY,
    Run,
    most_granted_in_any,
    outcomes_of,
    requests_of,
    suggestions_of,
)
from viral_assets_tests.waiting import PATIENCE

TWEETS = 60

pytestmark = pytest.mark.slow

UNHURRIED = {"timeout_seconds": PATIENCE}
"""No request is given up, and asked again, because the machine has others to see to."""


def started(*arguments: Any) -> ForkServerProcess:
    """A process that runs :func:`~viral_assets_tests.generation.processes.generate`."""
    from viral_assets_tests.generation.processes import generate

    process = forks().Process(target=generate, args=arguments)
    process.start()
    return process


WINDOW = 1.0
"""Seconds at the service, of the two for which the ledger counts a request."""


def in_time(service: GeminiEmulator, database: Database) -> list[Arrival]:
    """What came within half a window of its grant. A process that stands still, ours with the service among them, makes
    a request come later than it counts, and nobody can help it.
    """
    since_the_epoch = time.time() - time.monotonic()
    granted = {tuple(row.tweet_ids): row.granted_at for row in requests_of(database)}
    return [
        each
        for each in service.generated()
        if abs(each.at + since_the_epoch - granted[tuple(each.tweet_ids)]) <= WINDOW / 2
    ]


def most_tokens_within(arrivals: Iterable[Arrival], seconds: float) -> int:
    """Most tokens that came within any window."""
    came = sorted((each.at, each.input_tokens) for each in arrivals)
    return max(sum(tokens for at, tokens in came if begin <= at < begin + seconds) for begin, _ in came)


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_kill_at_any_moment_loses_nothing_that_was_paid_for(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    options = {"tweets_per_request": 2, "concurrency": 3, **UNHURRIED}
    with GeminiEmulator(EmulatorConfig(latency=(0.03, 0.002))) as service:
        for caught in (True, True, True, False):
            with service.holding(after=chance.randint(0, 5)) as hold:
                process = started(url_of(database), service.url, 0, TWEETS, PLENTY, options)
                hold.wait_for(1, meanwhile=process.is_alive)
                if not caught:
                    hold.release()
                # Of those that were let by, the last may be on their way back or about to be saved.
                time.sleep(chance.uniform(0, 0.05))
                process.kill()
                process.join()

        report = Run(pack(TWEETS), service.url, database, PLENTY, options=options)()

        assert report.already_done + report.outcomes["done"] == TWEETS
        everything = {tweet.tweet_id: set(TYPES) for tweet in pack(TWEETS)}
        assert suggestions_of(database) == everything
        assert set(outcomes_of(database).values()) == {"done"}
        rows = requests_of(database)
        answered = Counter(tweet_id for row in rows if row.status == "answered" for tweet_id in row.tweet_ids)
        assert answered == dict.fromkeys(everything, 1), "no answer is paid for twice"
        lost = Counter(tweet_id for row in rows if row.status == "granted" for tweet_id in row.tweet_ids)
        asked = Counter(tweet_id for arrival in service.arrivals for tweet_id in arrival.tweet_ids)
        assert all(times <= 1 + lost[tweet_id] for tweet_id, times in asked.items()), "only what was in flight"
        assert all(row.parsed_at for row in rows if row.status == "answered")
    if database.dialect == "sqlite":
        with database.read() as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"


def test_four_processes_share_one_quota_and_no_tweet_twice(database: Database) -> None:
    limits = Limits(6, max_tokens=4_500, window_seconds=2.0)
    with GeminiEmulator(EmulatorConfig(latency=(0.05, 0.005))) as service:
        start = forks().Barrier(4)
        # Neighbours overlap: every tweet but the first and last ten belongs to two runs.
        parts = [(at, at + 20) for at in range(0, 40, 10)]
        processes = [started(url_of(database), service.url, *part, limits, UNHURRIED, start) for part in parts]
        for process in processes:
            process.join(PATIENCE)
            assert process.exitcode == 0

        asked = Counter(tweet_id for arrival in service.arrivals for tweet_id in arrival.tweet_ids)
        assert asked == {tweet.tweet_id: 1 for tweet in pack(50)}
        arrivals = in_time(service, database)
        assert most_within((each.at for each in arrivals), WINDOW) <= 6
        assert most_tokens_within(arrivals, WINDOW) <= 4_500
        assert most_granted_in_any(database, limits.padded_window_seconds) <= 6
        assert set(outcomes_of(database).values()) == {"done"}


def test_processes_that_share_requests_ask_about_every_tweet_once(database: Database) -> None:
    limits = Limits(3, window_seconds=2.0)
    with GeminiEmulator(EmulatorConfig(latency=(0.05, 0.005))) as service:
        start = forks().Barrier(5)
        parts = [(at, at + 4) for at in range(0, 20, 4)]
        processes = [started(url_of(database), service.url, *part, limits, UNHURRIED, start) for part in parts]
        for process in processes:
            process.join(PATIENCE)
            assert process.exitcode == 0

        asked = Counter(tweet_id for arrival in service.arrivals for tweet_id in arrival.tweet_ids)
        assert asked == {tweet.tweet_id: 1 for tweet in pack(20)}
        assert suggestions_of(database) == {tweet.tweet_id: set(TYPES) for tweet in pack(20)}
        assert set(outcomes_of(database).values()) == {"done"}
        assert most_within((each.at for each in in_time(service, database)), WINDOW) <= 3
        assert most_granted_in_any(database, limits.padded_window_seconds) <= 3
