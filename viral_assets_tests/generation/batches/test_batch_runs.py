"""Runs that ask in batches: half the price, nothing asked twice, nothing lost, whatever becomes of the batch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.errors import FatalProviderError, ModelUnavailableError
from viral_assets.generation import AsyncCommentGenerator, engine
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.outcome import IN_OPEN_BATCH
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport
from viral_assets.llm.tiers import BATCH, FLEX, STANDARD
from viral_assets.projects.model import Generation, Project
from viral_assets.quota import Limits, Priority
from viral_assets.quota.from_settings import batch_ledger_of
from viral_assets.quota.ledger import Granted, GrantRequest
from viral_assets.store.batches import CLOSED, PREPARING, OpenBatch, add_batch
from viral_assets.store.engine import Database
from viral_assets.store.tables import generation_batches, quota_days
from viral_assets_tests.gemini_emulator import BLOCKED_MARKER, BatchConfig, GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessBatches, InProcessClient
from viral_assets_tests.generation.make import TYPES, opportunity, pack, project
from viral_assets_tests.generation.running import on_virtual_time, outcomes_of, requests_of, suggestions_of
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.virtual_clock import VirtualClock

KEY = "AQ.not-a-real-key"
BATCHED = project(generation=Generation(background="batch", background_deadline_hours=0.5, max_tweets_per_request=4))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_ENDPOINT", "GEMINI_MODEL", "VIRAL_ASSETS_QUOTA_NAME"):
        monkeypatch.delenv(name, raising=False)


@dataclass
class Background:
    """Runs in the background against a service in this process, one after the other or at once."""

    service: GeminiEmulator
    database: Database
    monkeypatch: pytest.MonkeyPatch
    opportunities: list[Opportunity] = field(default_factory=lambda: pack(20))
    limits: Limits = field(default_factory=lambda: Limits(max_requests=100))
    projects: dict[str, Project] = field(default_factory=lambda: {"calm": BATCHED})
    client: Callable[[GeminiEmulator, str], InProcessClient] = InProcessClient

    def __call__(self, **options: Any) -> GenerationReport:
        return self.clock.run(self.report(**options))

    @property
    def clock(self) -> VirtualClock:
        assert isinstance(self.service.clock, VirtualClock)
        return self.service.clock

    async def report(
        self, *, stop: threading.Event | None = None, force: bool = False, **options: Any
    ) -> GenerationReport:
        async with self.generator(**options) as generator:
            return await generator.generate_opportunities(self.opportunities, self.projects, stop=stop, force=force)

    def estimate(self) -> Estimate:
        return self.generator().estimate(self.opportunities, self.projects)

    def generator(self, **options: Any) -> AsyncCommentGenerator:
        self.monkeypatch.setattr(engine, "build_client", lambda *_, **__: self.client(self.service, KEY))
        given: dict[str, Any] = {"priority": Priority.BACKGROUND, "run_id": "first", **options}
        return AsyncCommentGenerator(
            KEY, provider="google-genai", limits=self.limits, database=self.database, clock=self.clock, **given
        )

    def change(self, **batches: Any) -> None:
        self.service.config = replace(self.service.config, batches=BatchConfig(**batches))

    def batches(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(sa.select(generation_batches).order_by(generation_batches.c.created_at)))

    def all_done(self) -> bool:
        return outcomes_of(self.database) == {each.tweet_id: "done" for each in self.opportunities}

    def each_paid_once(self) -> bool:
        return self.service.answered() == {each.tweet_id: 1 for each in self.opportunities}

    def stop_after(self, seconds: float, **options: Any) -> GenerationReport:
        """A run that somebody stops."""
        stop = threading.Event()

        async def stopped() -> GenerationReport:
            import asyncio

            async def press() -> None:
                await self.clock.sleep(seconds)
                stop.set()

            pressing = asyncio.create_task(press())
            try:
                return await self.report(stop=stop, **options)
            finally:
                pressing.cancel()

        return self.clock.run(stopped())


@pytest.fixture
def background(database: Database, monkeypatch: pytest.MonkeyPatch) -> Background:
    """A service whose batches wait a minute and take five more."""
    batches = BatchConfig(queued_seconds=60, seconds=300)
    return Background(on_virtual_time(latency=(1, 0.1), batches=batches), database, monkeypatch)


class TestInBatches:
    @BOTH_DATABASES
    def test_all_is_answered_in_one_batch_for_half_the_price(self, background: Background) -> None:
        report = background()
        assert background.all_done()
        assert background.each_paid_once()
        assert background.service.generated() == [], "nothing was asked the usual way"
        assert suggestions_of(background.database) == {each.tweet_id: set(TYPES) for each in background.opportunities}
        (batch,) = background.batches()
        assert (batch.state, batch.ended, batch.run_id) == (CLOSED, "succeeded", "first")
        rows = requests_of(background.database)
        assert [len(row.tweet_ids) for row in rows] == [4] * 5
        assert {(row.status, row.service_tier, row.batch_id) for row in rows} == {("answered", BATCH, batch.id)}
        assert all(row.parsed_at is not None for row in rows)
        for row in rows:
            whole = (0.10 * row.input_tokens + 0.40 * row.output_tokens) / 1e6
            assert row.counted_cost_usd == row.spared_usd == pytest.approx(whole / 2)
        assert report.cost_usd == report.spared_usd == pytest.approx(sum(row.counted_cost_usd for row in rows))
        assert (report.requests, report.wasted_requests, report.saved) == (5, 0, 20 * len(TYPES))
        assert report.answered_by == {"gemini-2.5-flash-lite": 5}
        assert report.notes == []
        assert sum(each.requests for each in report.windows.values()) == pytest.approx(5)

    def test_each_answer_goes_to_its_own_request_whatever_the_order(self, background: Background) -> None:
        """The service answers the last request first."""
        background()
        for row in requests_of(background.database):
            assert all(tweet_id in row.raw_answer for tweet_id in row.tweet_ids)

    @BOTH_DATABASES
    def test_a_budget_counts_batches_and_is_kept_to(self, background: Background) -> None:
        whole = background.estimate()
        assert whole.cost_usd is not None
        background.limits = Limits(max_requests=100, daily_budget_usd=whole.cost_usd)
        report = background()
        assert 0 < report.deferred < 20
        with background.database.read() as connection:
            spent = connection.execute(sa.select(sa.func.sum(quota_days.c.cost_usd))).scalar_one()
        assert 0 < spent <= whole.cost_usd

    def test_an_estimate_is_what_it_then_costs_and_says_what_it_would(self, background: Background) -> None:
        estimate = background.estimate()
        assert (estimate.tiers, estimate.packs, estimate.seconds) == ((BATCH,), (4,) * 5, 1800)
        assert estimate.cost_usd is not None
        assert estimate.standard_cost_usd == pytest.approx(2 * estimate.cost_usd)
        assert background.service.arrivals == []
        report = background()
        assert report.cost_usd is not None
        assert 0.5 < report.cost_usd / estimate.cost_usd < 1.5

    def test_no_minute_of_the_quota_is_used(self, background: Background) -> None:
        background.limits = Limits(max_requests=1)
        report = background()
        assert report.outcomes == {"done": 20}
        assert report.seconds < 500

    def test_what_nobody_waits_for_only(self, background: Background) -> None:
        background(priority=Priority.NEWEST_HOUR)
        assert background.all_done()
        assert background.batches() == []

    def test_who_starts_a_run_may_say_another_tier(self, background: Background) -> None:
        background(tier=FLEX)
        assert background.all_done()
        assert background.batches() == []
        assert {each.tier for each in background.service.generated()} == {FLEX}

    @BOTH_DATABASES
    def test_a_second_run_sends_nothing(self, background: Background) -> None:
        background()
        arrived = len(background.service.arrivals)
        report = background(run_id="second")
        assert report.already_done == 20
        assert len(background.service.arrivals) == arrived
        assert len(background.batches()) == 1


class TestWithoutAnAnswer:
    @BOTH_DATABASES
    def test_requests_that_failed_are_asked_the_usual_way(self, background: Background) -> None:
        background.service.batches.script("ok", "503", "no_json", "missing")
        report = background()
        assert background.all_done()
        left_out = background.opportunities[15].tweet_id
        assert background.service.answered() == {
            each.tweet_id: 2 if each.tweet_id == left_out else 1 for each in background.opportunities
        }
        normally = [each for each in background.service.generated() if each.status == 200]
        assert sorted(t for each in normally for t in each.tweet_ids) == sorted(
            {each.tweet_id for each in background.opportunities[4:12]} | {left_out}
        )
        failed = [row for row in requests_of(background.database) if row.status == "failed"]
        assert [row.counted_cost_usd for row in failed] == [0, 0]
        assert report.wasted_requests == 2

    def test_where_all_of_a_batch_is_useless_little_more_is_asked_and_no_tweet_is_lost(
        self, background: Background
    ) -> None:
        background.change(seconds=60, faults={"no_text": 1.0})
        background.service.config = replace(background.service.config, faults={"no_text": 1.0})
        with pytest.raises(ModelUnavailableError, match="without anything of use"):
            background()
        assert set(outcomes_of(background.database).values()) == {"deferred"}
        assert len(requests_of(background.database)) <= 5 + 15, "the batch's, and some one by one"

    def test_a_blocked_tweet_does_not_cost_its_neighbours(self, background: Background) -> None:
        background.opportunities = [*pack(7), opportunity("7", f"a tweet with {BLOCKED_MARKER} in it")]
        background()
        outcomes = outcomes_of(background.database)
        assert outcomes.pop("7") == "blocked"
        assert set(outcomes.values()) == {"done"}

    @pytest.mark.parametrize(("ends", "kept"), [("FAILED", 0.0), ("EXPIRED", 0.0), ("EXPIRED", 0.4)])
    def test_a_batch_that_fails_or_expires_is_asked_the_usual_way(
        self, background: Background, ends: str, kept: float
    ) -> None:
        background.change(seconds=60, ends=ends, kept=kept)
        report = background()
        assert background.all_done()
        assert background.each_paid_once()
        (batch,) = background.batches()
        assert batch.ended == ends.lower()
        (note,) = report.notes
        assert ends.lower() in note

    @pytest.mark.parametrize("fault", ["400", "404", "429", "429_per_day"])
    def test_where_the_service_takes_no_batch_it_is_asked_the_usual_way(
        self, background: Background, fault: str
    ) -> None:
        background.service.script_batches(fault)
        report = background()
        assert background.all_done()
        assert background.each_paid_once()
        assert {row.service_tier for row in requests_of(background.database) if row.status == "answered"} == {STANDARD}
        assert "takes no batch" in report.notes[0]
        with background.database.read() as connection:
            costs = connection.execute(sa.select(quota_days.c.quota_key, quota_days.c.cost_usd)).all()
        assert sum(cost for key, cost in costs if key.endswith("/batch")) == pytest.approx(0, abs=1e-12)


class TestAtTheDeadline:
    @pytest.mark.parametrize("kept", [0.0, 0.4])
    def test_a_batch_that_does_not_end_is_cancelled_and_the_rest_asked(
        self, background: Background, kept: float
    ) -> None:
        background.change(seconds=None, kept=kept)
        report = background()
        assert background.all_done()
        assert background.each_paid_once()
        assert 1800 <= report.seconds < 2200
        assert list(background.service.batches.states().values()) == ["CANCELLED"]
        assert report.requests == 5 + sum(each.status == 200 for each in background.service.generated())

    def test_it_counts_from_when_the_batch_was_sent(self, background: Background) -> None:
        background.change(seconds=None)
        background.stop_after(900)
        background.clock.advance(450)
        report = background(run_id="second")
        assert background.all_done()
        assert 425 < report.seconds < 850

    def test_one_that_cannot_even_be_cancelled_is_given_up(self, background: Background) -> None:
        background.change(seconds=None)
        background.client = Undying
        report = background()
        assert background.all_done()
        (batch,) = background.batches()
        assert (batch.state, batch.ended) == (CLOSED, "given up")
        assert 1800 + 600 <= report.seconds < 3600


class Undying(InProcessClient):
    """Its batches take no notice of being cancelled."""

    def __init__(self, emulator: GeminiEmulator, key: str) -> None:
        super().__init__(emulator, key)
        self.batches = UndyingBatches(self, emulator, key)


class UndyingBatches(InProcessBatches):
    async def cancel(self, name: str) -> None:
        return None


class TestAfterAStop:
    @BOTH_DATABASES
    def test_the_batch_is_left_at_the_service_and_the_next_run_takes_its_answers(self, background: Background) -> None:
        report = background.stop_after(100)
        assert report.deferred == 20
        assert any("left at the service" in note for note in report.notes)
        background.clock.advance(3600)
        again = background(run_id="second")
        assert again.outcomes == {"done": 20}
        assert background.each_paid_once()
        assert len(background.batches()) == 1
        assert again.cost_usd is not None
        assert again.cost_usd > 0, "paid by the run that took the answers"

    def test_a_run_of_any_urgency_goes_on_with_it(self, background: Background) -> None:
        background.stop_after(100)
        background(run_id="second", priority=Priority.NEWEST_HOUR)
        assert background.all_done()
        assert background.each_paid_once()

    @BOTH_DATABASES
    def test_its_tweets_are_nobody_elses(self, background: Background) -> None:
        """A provider that knows no batches asks about the others, and leaves these for later."""
        background.stop_after(100)
        background.clock.advance(60)
        background.client = WithoutBatches
        background.opportunities = [*background.opportunities, opportunity("21")]
        report = background(run_id="second", priority=Priority.NEWEST_HOUR)
        assert report.outcomes == {"deferred": 20, "done": 1}
        assert any(IN_OPEN_BATCH in note for note in report.notes) or report.deferred == 20
        assert background.service.answered() == {"21": 1}

    def test_they_are_not_left_for_ever_where_nobody_asks_that_model_any_more(self, background: Background) -> None:
        background.stop_after(100)
        background.clock.advance(1800)
        other = {"model": "gemini-3.5-flash-lite", "priority": Priority.NEWEST_HOUR}
        assert background(run_id="second", **other).deferred == 20, "the answers may still be taken"
        background.clock.advance(1800)
        assert background(run_id="third", **other).outcomes == {"done": 20}

    @BOTH_DATABASES
    def test_who_writes_anew_does_not_wait_for_it(self, background: Background) -> None:
        background.stop_after(100)
        background.opportunities = background.opportunities[:1]
        report = background(run_id="forced", force=True, priority=Priority.PERSON)
        assert report.outcomes == {"done": 1}
        assert report.seconds < 60

    def test_a_key_that_is_refused_leaves_it_open(self, background: Background) -> None:
        background.stop_after(100)
        background.client = Refused
        with pytest.raises(FatalProviderError):
            background(run_id="second")
        background.client = InProcessClient
        background.clock.advance(60)
        background(run_id="third")
        assert background.all_done()
        assert background.each_paid_once()


class WithoutBatches(InProcessClient):
    def __init__(self, emulator: GeminiEmulator, key: str) -> None:
        super().__init__(emulator, key)
        self.batches = None


class Refused(InProcessClient):
    def __init__(self, emulator: GeminiEmulator, key: str) -> None:
        super().__init__(emulator, key)
        self.batches = RefusedBatches(self, emulator, key)


class RefusedBatches(InProcessBatches):
    async def get(self, name: str, model: str) -> Any:
        raise FatalProviderError("the key is not accepted", http_status=401)


class TestWhatNobodyKnows:
    @BOTH_DATABASES
    def test_a_batch_whose_name_never_came_is_found_by_its_id(self, background: Background) -> None:
        background.service.script_batches("reset")
        report = background()
        assert background.all_done()
        assert background.each_paid_once()
        assert background.service.generated() == []
        assert "did not say that it has it" in report.notes[0]

    def test_one_that_never_came_there_is_asked_the_usual_way(self, background: Background) -> None:
        background.service.script_batches("503")
        report = background()
        assert background.all_done()
        assert background.each_paid_once()
        assert report.seconds < 900
        (batch,) = background.batches()
        assert batch.ended == "the service has no such batch"


@BOTH_DATABASES
def test_two_runs_at_once_take_the_answers_once(background: Background) -> None:
    import asyncio

    async def both() -> list[GenerationReport]:
        first = asyncio.create_task(background.report())
        await background.clock.sleep(30)
        second = asyncio.create_task(background.report(run_id="second"))
        return [await first, await second]

    first, second = background.clock.run(both())
    assert background.all_done()
    assert background.each_paid_once()
    assert (first.saved, second.saved) == (20 * len(TYPES), 0)
    assert (first.cost_usd or 0) > 0 == second.cost_usd
    assert len(background.batches()) == 1


@BOTH_DATABASES
def test_a_batch_that_was_prepared_and_never_sent_costs_nothing_and_is_sent_anew(background: Background) -> None:
    """Its process was killed in between."""
    key, ledger = batch_ledger_of(
        KEY, background.limits, background.database, model="gemini-2.5-flash-lite", clock=background.clock
    )
    now = background.clock.time()
    with background.database.begin() as connection:
        add_batch(
            connection,
            OpenBatch("dead", "gemini-2.5-flash-lite", "dead", PREPARING, None, "dead", now, now + 7200),
            key,
        )
    tweets = tuple(each.tweet_id for each in background.opportunities[:4])
    grant = GrantRequest("lost", "dead", 10, 0.5, project="calm", provider="google-genai", tweet_ids=tweets)
    assert ledger.ask(replace(grant, batch_id="dead", run_id="dead", tier=BATCH)) == Granted()
    background.clock.advance(30)

    background()

    assert background.all_done()
    assert background.each_paid_once()
    assert background.service.generated() == []
    assert [(each.id == "dead", each.state) for each in background.batches()] == [(True, CLOSED), (False, CLOSED)]
    (lost,) = [row for row in requests_of(background.database) if row.id == "lost"]
    assert (lost.status, lost.counted_cost_usd) == ("refused", 0)
