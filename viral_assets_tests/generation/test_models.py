"""Quotas of each model, and lists of models: where one cannot be used, the next one goes on."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError, FatalProviderError, ModelUnavailableError
from viral_assets.generation import AsyncCommentGenerator, engine
from viral_assets.generation.combined import combined_report
from viral_assets.generation.lanes import lanes_of
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport, Progress
from viral_assets.projects.model import Generation, Project
from viral_assets.quota import Limits
from viral_assets.quota.from_settings import configured_ledgers, ledger_of
from viral_assets.quota.keys import gemini_account, part_of
from viral_assets.quota.ledger import Exhausted, Granted, GrantRequest
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, llm_requests, quota_days
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import TYPES, opportunity, project
from viral_assets_tests.generation.running import Run, on_virtual_time, outcomes_of
from viral_assets_tests.virtual_clock import VirtualClock

KEY = "AQ.not-a-real-key"
FIRST, SECOND, THIRD = "gemini-3.6-flash", "gemini-2.5-flash-lite", "gemini-3.5-flash-lite"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_ENDPOINT", "GEMINI_MODEL", "VIRAL_ASSETS_QUOTA_NAME"):
        monkeypatch.delenv(name, raising=False)


def with_models(*models: str, name: str = "calm") -> Project:
    return project(name=name, generation=Generation(model=models if len(models) > 1 else models[0]))


def some(number: int, of: str = "calm", start: int = 0) -> list[Opportunity]:
    return [opportunity(str(10**18 + start + each), project=of) for each in range(number)]


@dataclass
class Generated:
    """A generator's run against a service in this process."""

    service: GeminiEmulator
    database: Database | None
    monkeypatch: pytest.MonkeyPatch
    limits: Limits = field(default_factory=lambda: Limits(max_requests=100))
    progress: list[Progress] = field(default_factory=list)

    def __call__(
        self, opportunities: list[Opportunity], projects: Mapping[str, Project], **options: Any
    ) -> GenerationReport:
        assert isinstance(self.service.clock, VirtualClock)
        return self.service.clock.run(self._run(opportunities, projects, options))

    async def _run(
        self, opportunities: list[Opportunity], projects: Mapping[str, Project], options: Mapping[str, Any]
    ) -> GenerationReport:
        async with self.generator() as generator:
            return await generator.generate_opportunities(
                opportunities, projects, progress_callback=self.progress.append, **options
            )

    def estimate(self, opportunities: list[Opportunity], projects: Mapping[str, Project]) -> Estimate:
        return self.generator().estimate(opportunities, projects)

    def generator(self, **options: Any) -> AsyncCommentGenerator:
        self.monkeypatch.setattr(engine, "build_client", lambda *_, **__: InProcessClient(self.service, KEY))
        return AsyncCommentGenerator(
            KEY, limits=self.limits, database=self.database, clock=self.service.clock, **options
        )

    def asked(self) -> Counter[str]:
        """Requests by model."""
        return Counter(arrival.model for arrival in self.service.generated())

    def written_by(self) -> Counter[str]:
        """Suggestions by model."""
        assert self.database is not None
        with self.database.read() as connection:
            return Counter(connection.execute(sa.select(comment_suggestions.c.model)).scalars())


@pytest.fixture
def generated(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Generated:
    return Generated(on_virtual_time(latency=(0.5, 0.1)), sqlite_database, monkeypatch)


class TestQuotas:
    """Google counts requests by project and model; what is spent is spent by the account."""

    def test_a_used_up_day_of_one_model_leaves_the_others(self, database: Database) -> None:
        first, second = (ledger_of("google-genai", KEY, Limits(), database, model=model) for model in (FIRST, SECOND))
        first.block_today("used up")
        assert first.state().blocked_for > 0
        assert second.state().blocked_for == 0

    def test_a_models_two_names_have_one_quota(self, database: Database) -> None:
        one, other = (
            ledger_of("google-genai", KEY, Limits(), database, model=name) for name in (FIRST, f"models/{FIRST}")
        )
        one.block(30, "wait")
        assert other.state().blocked_for == pytest.approx(30, abs=5)

    def test_projects_of_two_models_use_both_quotas_at_once(self, generated: Generated) -> None:
        """Each window of each model is used, where one after the other would take twice as long."""
        generated.limits = Limits(max_requests=2)
        projects = {"calm": with_models(FIRST), "loud": with_models(SECOND, name="loud")}
        generated.service.config = on_virtual_time(requests_per_window=2, latency=(0.5, 0.1)).config
        report = generated(some(20) + some(20, "loud", 20), projects, sequential=False)
        assert report.outcomes == {"done": 40}
        assert set(generated.asked()) == {FIRST, SECOND}
        assert {arrival.status for arrival in generated.service.generated()} == {200}
        assert report.model == f"{SECOND}, {FIRST}"
        assert report.opportunities == 40
        assert report.saved == 40 * len(TYPES)

    def test_a_budget_is_one_for_all_models(self, generated: Generated) -> None:
        projects = {"calm": with_models(SECOND), "loud": with_models(THIRD, name="loud")}
        generated.limits = Limits(max_requests=100, daily_budget_usd=0.01)
        report = generated(some(300) + some(300, "loud", 300), projects)
        assert report.deferred > 0
        assert generated.database is not None
        with generated.database.read() as connection:
            spent = connection.execute(sa.select(sa.func.sum(quota_days.c.cost_usd))).scalar_one()
        assert 0.005 < spent <= 0.01

    def test_so_it_is_without_a_database(self, monkeypatch: pytest.MonkeyPatch) -> None:
        service = on_virtual_time(latency=(0.5, 0.1))
        run = Generated(service, None, monkeypatch, Limits(max_requests=100, daily_budget_usd=0.01))
        generator = run.generator()
        first, second = generator.ledger_of(SECOND), generator.ledger_of(THIRD)
        assert isinstance(first.ask(a_grant(0.008)), Granted)
        assert isinstance(second.ask(a_grant(0.008)), Exhausted)
        assert isinstance(second.ask(a_grant(0.001)), Granted)
        assert first.status().day_cost_usd == second.status().day_cost_usd == pytest.approx(0.009)
        assert second.status().day_own_cost_usd == pytest.approx(0.001)


def a_grant(cost_usd: float) -> GrantRequest:
    return GrantRequest(request_id=uuid.uuid4().hex, runner="me", tokens=10, cost_usd=cost_usd)


class TestNames:
    """A person can say that several keys belong to one Google project."""

    def test_a_rotated_key_goes_on_in_the_same_window(self, database: Database) -> None:
        before = ledger_of("google-genai", "an old key", Limits(), database, quota_name="marketing")
        before.block(30, "wait")
        after = ledger_of("google-genai", "a new key", Limits(), database, quota_name="marketing")
        assert after.state().blocked_for == pytest.approx(30, abs=5)

    def test_a_name_is_no_key(self) -> None:
        account = gemini_account("a key")
        assert gemini_account("a key", account.removeprefix("gemini:")) != account

    @pytest.mark.parametrize("name", ["a/b", "two words", "-", "x" * 41, "naïve"])
    def test_a_name_that_cannot_be_used_is_one_line(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match="VIRAL_ASSETS_QUOTA_NAME") as caught:
            gemini_account("a key", name)
        assert "\n" not in str(caught.value)

    def test_the_environment_names_it(self, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.setenv("VIRAL_ASSETS_QUOTA_NAME", "marketing")
        _, ledgers = configured_ledgers(load_settings(), sqlite_database, [FIRST, SECOND])
        ledgers[FIRST].block(30, "wait")
        _, others = configured_ledgers(load_settings(), sqlite_database, [FIRST, SECOND])
        assert others[FIRST].status().blocked_until is not None
        assert others[SECOND].status().blocked_until is None


class TestLists:
    """``model: [a, b]`` in a project file."""

    @pytest.mark.parametrize("fault", ["404", "429_not_in_plan"])
    def test_a_model_that_cannot_be_used_is_followed_by_the_next_one(self, generated: Generated, fault: str) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: fault}).config
        report = generated(some(12), {"calm": with_models(FIRST, SECOND)})
        assert report.outcomes == {"done": 12}
        assert report.deferred == report.failed == 0
        assert generated.written_by() == {SECOND: 12 * len(TYPES)}
        assert generated.asked()[FIRST] <= 5
        (note,) = report.notes
        assert FIRST in note
        assert SECOND in note

    def test_a_used_up_day_is_followed_by_the_next_model(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(requests_per_day=2, latency=(0.5, 0.1)).config
        report = generated(some(40), {"calm": with_models(FIRST, SECOND)}, sequential=False)
        assert report.outcomes["done"] + report.outcomes.get("deferred", 0) == 40
        assert set(generated.written_by()) == {FIRST, SECOND}

    def test_a_model_that_is_overloaded_for_long_is_followed_by_the_next_one(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "503"}).config
        report = generated(some(3), {"calm": with_models(FIRST, SECOND)})
        assert report.outcomes == {"done": 3}
        assert generated.written_by() == {SECOND: 3 * len(TYPES)}

    @pytest.mark.parametrize("fault", ["malformed", "400"])
    @pytest.mark.parametrize("tweets", [3, 12])
    def test_a_model_that_says_nothing_of_use_is_followed_by_the_next_one(
        self, generated: Generated, fault: str, tweets: int
    ) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: fault}).config
        report = generated(some(tweets), {"calm": with_models(FIRST, SECOND)})
        assert report.outcomes == {"done": tweets}
        assert generated.written_by() == {SECOND: tweets * len(TYPES)}
        assert generated.asked()[FIRST] <= 15

    def test_the_last_models_error_is_the_runs(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "404", SECOND: "429_not_in_plan"}).config
        with pytest.raises(ModelUnavailableError, match=SECOND):
            generated(some(3), {"calm": with_models(FIRST, SECOND)})
        assert generated.database is not None
        assert Counter(outcomes_of(generated.database).values()) == {"deferred": 3}

    def test_one_model_out_of_the_plan_is_an_error_and_no_used_up_day(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "429_not_in_plan"}).config
        with pytest.raises(ModelUnavailableError, match="another model"):
            generated(some(3), {"calm": with_models(FIRST)})

    def test_a_key_that_is_not_accepted_is_not_tried_with_every_model(
        self, generated: Generated, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "401", SECOND: "401"}).config
        with pytest.raises(FatalProviderError):
            generated(some(3), {"calm": with_models(FIRST, SECOND)})
        assert set(generated.asked()) == {FIRST}

    def test_another_projects_model_comes_to_its_end_all_the_same(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "404"}).config
        projects = {"calm": with_models(FIRST), "loud": with_models(SECOND, name="loud")}
        with pytest.raises(ModelUnavailableError):
            generated(some(3) + some(3, "loud", 3), projects)
        assert generated.database is not None
        assert Counter(outcomes_of(generated.database).values()) == {"deferred": 3, "done": 3}

    def test_a_person_who_stops_it_is_not_answered_with_another_model(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "404"}).config
        stop = threading.Event()
        stop.set()
        report = generated(some(3), {"calm": with_models(FIRST, SECOND)}, stop=stop)
        assert report.deferred == 3
        assert not generated.asked()

    def test_progress_never_goes_beyond_its_total(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(requests_per_day=3, latency=(0.5, 0.1)).config
        projects = {"calm": with_models(FIRST, SECOND), "loud": with_models(THIRD, name="loud")}
        generated(some(12) + some(5, "loud", 12), projects)
        assert all(0 < each.finished <= each.total == 17 for each in generated.progress)
        assert generated.progress[-1].finished == 17

    def test_what_the_first_model_wrote_is_kept_when_everything_is_written_anew(self, generated: Generated) -> None:
        """Its answer lacked a suggestion, then its day was over."""
        generated(some(1), {"calm": with_models(THIRD)})
        generated.service.config = on_virtual_time(requests_per_day=1, latency=(0.5, 0.1)).config
        generated.service.script("missing_type")
        report = generated(some(1), {"calm": with_models(FIRST, SECOND)}, force=True)
        assert report.outcomes == {"done": 1}
        assert report.generated == len(TYPES)
        assert generated.written_by() == {FIRST: len(TYPES) - 1, SECOND: 1}

    def test_the_requests_of_each_model_stand_in_the_ledger_under_its_name(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(model_faults={FIRST: "404"}).config
        generated(some(3), {"calm": with_models(FIRST, SECOND)})
        assert generated.database is not None
        with generated.database.read() as connection:
            found = {
                tuple(row) for row in connection.execute(sa.select(llm_requests.c.quota_key, llm_requests.c.model))
            }
        assert found == {(part_of(gemini_account(KEY), model), model) for model in (FIRST, SECOND)}

    def test_an_estimate_takes_the_next_model_for_what_the_day_leaves_over(self, generated: Generated) -> None:
        generated.limits = Limits(max_requests=100, requests_per_day=2)
        estimate = generated.estimate(some(30), {"calm": with_models(FIRST, SECOND)})
        assert estimate.requests == 4
        assert estimate.opportunities == 30
        one = generated.estimate(some(30), {"calm": with_models(FIRST)})
        assert one.requests == 2
        assert one.deferred > estimate.deferred == 30 - sum(estimate.packs)

    def test_the_report_says_who_answered_and_how_long_all_of_it_took(self, generated: Generated) -> None:
        generated.service.config = on_virtual_time(requests_per_day=2, latency=(5.0, 0.1)).config
        began = generated.service.clock.monotonic()
        report = generated(some(30), {"calm": with_models(FIRST, SECOND)})
        assert report.answered_by == {FIRST: 2, SECOND: 2}
        assert report.seconds > 10
        assert report.seconds == pytest.approx(generated.service.clock.monotonic() - began, abs=1.0)

    def test_an_estimate_of_several_models_takes_as_long_as_one_after_the_other(self, generated: Generated) -> None:
        generated.limits = Limits(max_requests=100, requests_per_day=2)
        one = generated.estimate(some(30), {"calm": with_models(FIRST)})
        both = generated.estimate(some(30), {"calm": with_models(FIRST, SECOND)})
        assert both.seconds > 1.5 * one.seconds
        side_by_side = generated.estimate(
            some(12) + some(12, "loud", 12), {"calm": with_models(FIRST), "loud": with_models(SECOND, name="loud")}
        )
        assert side_by_side.seconds < 1.5 * one.seconds
        assert side_by_side.opportunities == 24

    @pytest.mark.parametrize("faults", [(), ("missing_type", "503", "safety"), ("foreign",)])
    def test_what_one_executor_reports_is_what_the_whole_run_reports(
        self, generated: Generated, faults: tuple[str, ...]
    ) -> None:
        """Whatever a report counts: nothing is lost where reports are added up."""
        generated.service.script(*faults)
        opportunities = some(8)
        run = Run(opportunities, generated.service, generated.database)
        report = run()
        added_up = combined_report([report], opportunities, run.results.values())
        assert replace(added_up, seconds=report.seconds) == report

    def test_a_call_names_a_model_for_all_projects(self) -> None:
        projects = {"calm": with_models(FIRST, SECOND), "loud": with_models(SECOND, name="loud")}
        (lane,) = lanes_of(some(1) + some(1, "loud", 1), projects, THIRD)
        assert lane.models == (THIRD,)

    @pytest.mark.parametrize("models", [(), ("",), ("a", " ")])
    def test_a_list_without_a_name_is_refused(self, models: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="model"):
            Generation(model=models)

    def test_a_name_counts_once(self) -> None:
        assert Generation(model=(FIRST, f"models/{FIRST}", SECOND)).models == (FIRST, SECOND)
