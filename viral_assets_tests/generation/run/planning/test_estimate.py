"""A dry run says what the run then takes, within 15 %, and does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets.store.tables import metadata
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.make import opportunity, pack, project
from viral_assets_tests.generation.running import Run, on_virtual_time
from viral_assets_tests.virtual_clock import VirtualClock

PROJECTS = {"calm": project(), "other": project("other", generation={"max_tweets_per_request": 4})}
CLOSE = 0.15


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator(EmulatorConfig(latency=(0.1, 0.02))) as running:
        yield running


def generator(emulator: GeminiEmulator, database: Database, limits: Limits, **fields: Any) -> AsyncCommentGenerator:
    known: dict[str, Any] = {"provider": "google-genai", "batch_size": "auto"} | fields
    return AsyncCommentGenerator("test-key", endpoint=emulator.url, database=database, limits=limits, **known)


def estimated_and_run(made: AsyncCommentGenerator, tweets: list[Any], **how: Any) -> tuple[Estimate, GenerationReport]:
    async def both() -> tuple[Estimate, GenerationReport]:
        async with made:
            estimate = made.estimate(tweets, PROJECTS, **how)
            return estimate, await made.generate_opportunities(tweets, PROJECTS, **how)

    return asyncio.run(both())


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        (Limits(max_requests=15), 10),
        (Limits(max_requests=15), 100),
        (Limits(max_requests=4), 60),
        (Limits(max_requests=15), 190),
        (Limits(max_requests=15), 300),
        (Limits(max_requests=100, max_tokens=3_000), 30),
    ],
    ids=["one window", "packed", "several windows", "a last one with room", "two full ones", "by tokens"],
)
def test_an_estimate_is_what_the_run_then_takes(sqlite_database: Database, limits: Limits, count: int) -> None:
    run = Run(pack(count), on_virtual_time(latency=(1.0, 0.2)), sqlite_database, limits)

    estimate, report = run.estimate(), run()

    assert report.outcomes == {"done": count}
    assert estimate.opportunities == count
    assert estimate.requests == pytest.approx(report.requests, rel=CLOSE)
    assert estimate.input_tokens == pytest.approx(report.input_tokens, rel=CLOSE)
    assert estimate.cost_usd is not None
    assert report.cost_usd is not None
    assert report.cost_usd <= estimate.cost_usd * 1.15
    assert sum(estimate.packs) == count


def test_the_time_is_right_once_a_run_has_measured_the_service(sqlite_database: Database) -> None:
    service, limits = on_virtual_time(latency=(1.0, 0.2)), Limits(max_requests=5)
    Run(pack(5), service, sqlite_database, limits)()
    run = Run(pack(105), service, sqlite_database, limits)

    estimate, report = run.estimate(), run()

    assert estimate.already_done == 5
    assert estimate.seconds > 60
    assert report.seconds == pytest.approx(estimate.seconds, rel=0.15)


@pytest.mark.parametrize(("allowed", "count"), [(15, 16), (15, 31), (60, 70), (60, 190)])
def test_what_a_burst_makes_of_its_rest_is_foreseen(sqlite_database: Database, allowed: int, count: int) -> None:
    service, limits = on_virtual_time(latency=(2.2, 0.35)), Limits(max_requests=allowed)
    Run(pack(8), service, sqlite_database, limits)()
    assert isinstance(service.clock, VirtualClock)
    service.clock.advance(limits.padded_window_seconds)
    run = Run(pack(8 + count)[8:], service, sqlite_database, limits)

    estimate, report = run.estimate(), run()

    assert report.outcomes == {"done": count}
    assert estimate.requests == pytest.approx(report.requests, rel=CLOSE)


def test_an_estimate_changes_nothing(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    made = generator(emulator, sqlite_database, Limits(max_requests=15))

    made.estimate(pack(20), PROJECTS)
    asyncio.run(made.cleanup())

    assert emulator.arrivals == []
    with sqlite_database.read() as connection:
        counts = {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in metadata.sorted_tables
            # What the machine's clock reads, whoever looks; and what is there from the beginning.
            if table.name not in {"quota_clock", "kept_values"}
        }
    assert set(counts.values()) == {0}


def test_what_is_done_is_not_asked_again_unless_forced(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    made = generator(emulator, sqlite_database, Limits(max_requests=100))
    estimated_and_run(made, pack(6))

    plain = made.estimate(pack(10), PROJECTS)
    forced = made.estimate(pack(10), PROJECTS, force=True)

    assert (plain.already_done, sum(plain.packs)) == (6, 4)
    assert (forced.already_done, sum(forced.packs)) == (0, 10)


def test_sequentially_is_one_tweet_a_request(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    made = generator(emulator, sqlite_database, Limits(max_requests=3))

    assert made.estimate(pack(8), PROJECTS, sequential=True).packs == (1,) * 8


def test_what_the_day_or_the_budget_leaves_is_said(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    made = generator(emulator, sqlite_database, Limits(100, requests_per_day=4), tweets_per_request=1)

    estimate, report = estimated_and_run(made, pack(10))

    assert (estimate.requests, estimate.deferred) == (report.requests, report.deferred) == (4, 6)
    assert made.estimate(pack(10), PROJECTS).requests == 0
    per_tweet = (estimate.cost_usd or 0) / 4
    thrifty = generator(emulator, sqlite_database, Limits(100, daily_budget_usd=7 * per_tweet), tweets_per_request=1)
    assert thrifty.estimate(pack(10), PROJECTS).requests <= 6
    assert 1 <= thrifty.estimate(pack(10), PROJECTS).deferred <= 5


def test_several_projects_are_estimated_together(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    tweets = [*pack(25), *(opportunity(str(number), project="other") for number in range(12))]
    made = generator(emulator, sqlite_database, Limits(max_requests=8))

    estimate, report = estimated_and_run(made, tweets)

    assert estimate.requests == pytest.approx(report.requests, rel=CLOSE)
    assert estimate.input_tokens == pytest.approx(report.input_tokens, rel=CLOSE)


def test_an_unknown_price_is_an_unknown_cost(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    made = generator(emulator, sqlite_database, Limits(), model="gemini-99")

    assert made.estimate(pack(3), PROJECTS).cost_usd is None


def test_offline_costs_nothing(sqlite_database: Database) -> None:
    made = AsyncCommentGenerator(database=sqlite_database, provider="offline")

    estimate, report = estimated_and_run(made, pack(30))

    assert estimate.cost_usd == report.cost_usd == 0
    assert estimate.requests == report.requests


def test_nothing_to_do_takes_nothing(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    estimate = generator(emulator, sqlite_database, Limits()).estimate([], PROJECTS)

    assert estimate == Estimate(0, 0, (), 0, 0, 0.0, 0.0)
    assert estimate.tokens == 0
