"""The executor with both SDKs over HTTP: what threads, sockets and cancelled connections have a part in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from viral_assets.errors import FatalProviderError, ProviderError
from viral_assets.generation.run.failures import backoff
from viral_assets.generation.run.failures.service_health import ServiceHealth
from viral_assets.generation.run.planning.bound import lower_bound
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import BLOCKED_MARKER, INVALID_KEY, EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.make import TYPES, opportunity, pack
from viral_assets_tests.generation.over_http import over_http
from viral_assets_tests.generation.running import (
    PLENTY,
    Run,
    all_done,
    outcomes_of,
    requests_of,
    suggestions_of,
)
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import PATIENCE


@pytest.fixture(params=["google-genai", "google-generativeai"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    """A service without quota, latency or faults; tests say what it should do."""
    with GeminiEmulator() as running:
        yield running


def test_hundred_tweets_fit_into_one_window_and_none_is_refused(provider: str, sqlite_database: Database) -> None:
    with GeminiEmulator(EmulatorConfig(requests_per_window=15, latency=(0.02, 0.002))) as service:
        run = Run(pack(100), service.url, sqlite_database, Limits(max_requests=15), provider)

        report = run()

        assert all_done(run)
        assert (report.requests, report.wasted_requests) == (15, 0)
        assert [arrival.status for arrival in service.arrivals] == [200] * 15


@pytest.mark.slow
def test_through_every_fault_at_once_each_tweet_gets_its_suggestions(provider: str, sqlite_database: Database) -> None:
    faults = {"503": 0.05, "malformed": 0.05, "truncated": 0.05, "missing": 0.05, "reset": 0.05}
    with GeminiEmulator(EmulatorConfig(faults=faults, seed=3, latency=(0.005, 0.0))) as service:
        service.script("503", "malformed", "truncated", "missing", "reset", "hang")
        tweets = pack(40)
        run = Run(tweets, service.url, sqlite_database, PLENTY, provider)
        run.options = {"tweets_per_request": 2, "concurrency": 10, "timeout_seconds": 1.0}

        report = run()

        assert all_done(run)
        assert report.wasted_requests >= 3, "no answer, three times"
        assert suggestions_of(sqlite_database) == {tweet.tweet_id: set(TYPES) for tweet in tweets}


@pytest.mark.parametrize(
    ("key", "model", "says"),
    [(INVALID_KEY, None, "GEMINI_API_KEY"), ("test-key", "no-such-model", "GEMINI_MODEL")],
)
def test_a_wrong_key_or_model_is_one_clear_error_and_everything_is_deferred(
    provider: str, key: str, model: str | None, says: str, emulator: GeminiEmulator, sqlite_database: Database
) -> None:
    tweets = pack(30)
    run = Run(tweets, emulator.url, sqlite_database, Limits(15), provider, key, options={"model": model})

    with pytest.raises(FatalProviderError, match=says) as caught:
        run()

    assert "\n" not in str(caught.value)
    assert key == "test-key" or key not in str(caught.value)
    assert len(emulator.arrivals) <= 15
    assert set(outcomes_of(sqlite_database).values()) == {"deferred"}
    assert len(outcomes_of(sqlite_database)) == 30
    assert run.ledger().status().runners == 0


def test_an_address_where_nobody_is_is_given_up_and_has_used_no_quota(
    provider: str, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServiceHealth, "NO_ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(backoff, "PROBE_SECONDS", 0.1)
    with GeminiEmulator() as gone:
        url = gone.url

    with pytest.raises(ProviderError, match="cannot reach") as caught:
        Run(pack(10), url, sqlite_database, Limits(15), provider)()

    assert "nothing is lost" in str(caught.value)
    assert {row.status for row in requests_of(sqlite_database)} == {"unsent"}
    assert set(outcomes_of(sqlite_database).values()) == {"deferred"}


def test_cancelling_saves_what_is_under_way(provider: str, sqlite_database: Database) -> None:
    with GeminiEmulator() as service, service.holding() as hold:
        options = {"concurrency": 2, "tweets_per_request": 1, "timeout_seconds": PATIENCE}
        run = Run(pack(10), service.url, sqlite_database, provider=provider, options=options)

        async def cancelled() -> None:
            task = asyncio.create_task(run.report())
            await asyncio.to_thread(hold.wait_for, 2)
            task.cancel()
            await asyncio.sleep(0)
            hold.release()
            await task

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cancelled())

        assert len(service.arrivals) == 2
    assert Counter(outcomes_of(sqlite_database).values()) == {"done": 2, "deferred": 8}
    assert {row.status for row in requests_of(sqlite_database)} == {"answered"}


def test_both_sdks_leave_the_same_rows(provider: str, emulator: GeminiEmulator, sqlite_database: Database) -> None:
    tweets = pack(3)
    tweets[1] = opportunity(tweets[1].tweet_id, BLOCKED_MARKER)
    emulator.script("503", "ok", "malformed")
    options = {"concurrency": 1, "tweets_per_request": 1, "run_id": "r"}

    Run(tweets, emulator.url, sqlite_database, provider=provider, options=options)()

    rows = requests_of(sqlite_database)
    assert {row.provider for row in rows} == {provider}
    assert {row.run_id for row in rows} == {"r"}
    assert Counter((row.status, row.http_status) for row in rows) == {
        ("answered", 200): 3,
        ("failed", 503): 1,
        ("failed", 200): 1,
    }
    assert all(row.finished_at >= row.granted_at for row in rows)


@pytest.mark.parametrize("refusal", ["429_no_details", "429_no_delay"])
@pytest.mark.parametrize("before", [0, 3])
def test_one_refusal_is_taken_for_no_limit(provider: str, refusal: str, before: int, sqlite_database: Database) -> None:
    """As either SDK says it, on virtual time: seconds. What had been accepted until then was once taken for all that
    the service allows, for fifteen windows."""
    limits, clock, latency = Limits(max_requests=15), VirtualClock(), Latency(1.0, 0.6)
    with (
        GeminiEmulator(EmulatorConfig(requests_per_window=15), clock=clock) as service,
        over_http(provider, service, latency=(latency.fixed, latency.per_tweet)) as client,
    ):
        tweets = pack(100 + before)
        Run(tweets[:before], None, sqlite_database, limits, client=client, clock=clock)()
        service.script(refusal)
        run = Run(tweets[before:], None, sqlite_database, limits, client=client, clock=clock)

        report = run()

        assert all_done(run)
        assert [arrival.status for arrival in service.arrivals[before:]].count(429) == report.wasted_requests == 1
        assert service.arrivals[before].status == 429
        assert service.max_in_any_window() <= 15
        assert run.ledger().status().learned_requests is None
    # The refused one has counted.
    free = 15 - before - 1
    undisturbed = lower_bound(100, max_requests=free, window_seconds=60.0, concurrency=free, cap=10, latency=latency)
    assert report.seconds < undisturbed + 10


def test_a_rejection_by_chance_is_made_sure_of_with_either_sdk(provider: str, emulator: GeminiEmulator) -> None:
    emulator.script("ok", "400")
    run = Run(pack(3), emulator.url, provider=provider, options={"tweets_per_request": 1, "concurrency": 1})

    report = run()

    assert all_done(run)
    assert report.requests == 4
