"""Half price at the flex tier: who is asked there, what it costs, and what follows when it has no room."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.tiers import AT_ONCE, TierPolicy, notes_about_tiers, usable_tier, wanted_tier
from viral_assets.llm import gemini
from viral_assets.llm.tiers import FLEX, STANDARD
from viral_assets.llm.types import Answer
from viral_assets.projects.model import Generation
from viral_assets.quota import Priority
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_days
from viral_assets_tests.gemini_emulator import FlexConfig, GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.generation.running import Run, all_done, most_granted_in_any, on_virtual_time, requests_of

FLEXIBLE = project(generation=Generation(background="flex", background_deadline_hours=12))
IN_BACKGROUND = GenerationOptions(priority=Priority.BACKGROUND)


class TestWhoIsAskedThere:
    def test_only_runs_that_nobody_waits_for(self) -> None:
        assert wanted_tier(FLEXIBLE, IN_BACKGROUND) == TierPolicy(FLEX, 12)
        for priority in (Priority.PERSON, Priority.NEWEST_HOUR):
            assert wanted_tier(FLEXIBLE, GenerationOptions(priority=priority)) == AT_ONCE

    def test_a_project_that_says_nothing_is_asked_about_at_the_standard_tier(self) -> None:
        assert wanted_tier(project(), IN_BACKGROUND) == AT_ONCE

    def test_who_starts_a_run_may_say_it_for_this_one(self) -> None:
        assert wanted_tier(project(), GenerationOptions(tier=FLEX)).tier == FLEX
        assert wanted_tier(FLEXIBLE, replace(IN_BACKGROUND, tier=STANDARD)) == AT_ONCE

    def test_an_sdk_that_cannot_is_a_note_for_a_project_and_an_error_for_a_person(self) -> None:
        older: dict[str, Any] = {"provider": "google-generativeai", "offered": (STANDARD,)}
        assert usable_tier(FLEXIBLE, IN_BACKGROUND, **older) == AT_ONCE
        (note,) = notes_about_tiers([FLEXIBLE, FLEXIBLE], IN_BACKGROUND, **older)
        assert "VIRAL_ASSETS_PROVIDER=google-genai" in note
        with pytest.raises(ConfigurationError, match="VIRAL_ASSETS_PROVIDER=google-genai"):
            usable_tier(FLEXIBLE, GenerationOptions(tier=FLEX), **older)

    def test_drafts_of_the_offline_provider_have_no_tier_and_need_none(self) -> None:
        offline: dict[str, Any] = {"provider": "offline", "offered": (STANDARD,)}
        assert usable_tier(FLEXIBLE, GenerationOptions(tier=FLEX), **offline) == AT_ONCE
        assert notes_about_tiers([FLEXIBLE], IN_BACKGROUND, **offline) == []


def busy(shed: float = 0.0, refusal: str = "503", **config: Any) -> GeminiEmulator:
    """A service whose cheaper tier answers after two minutes, when it does."""
    return on_virtual_time(
        flex=FlexConfig(latency=(120, 0), shed=shed, refusal=refusal), **{"latency": (1, 0.1), **config}
    )


def flex_run(service: GeminiEmulator, database: Database, tweets: int = 12, **options: Any) -> Run:
    given = {"tier": FLEX, "tweets_per_request": 4, "concurrency": 3, **options}
    return Run(pack(tweets), service, database, options=given)


def tiers_asked(service: GeminiEmulator, *, served: bool = True) -> Counter[str]:
    return Counter(each.tier for each in service.arrivals if not served or each.status == 200)


class ServedAtStandard(InProcessClient):
    """The service has upgraded what it was asked."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        answer = await super().generate(request, timeout_seconds=timeout_seconds, turn=turn)
        return replace(answer, tier=STANDARD)


class WithoutFlex(InProcessClient):
    """A key of the free tier, say."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        if request.tier == FLEX:
            body = {"error": {"code": 400, "message": "Service tier flex is not available.", "status": "X"}}
            raise gemini.GeminiEndpoint.of("k", None).failure(400, {}, body, model=request.model, tier=FLEX)
        return await super().generate(request, timeout_seconds=timeout_seconds, turn=turn)


class TestARun:
    def test_it_costs_half_in_the_ledger_and_in_the_report(self, sqlite_database: Database) -> None:
        run = flex_run(busy(), sqlite_database)
        report = run()
        assert all_done(run)
        rows = requests_of(sqlite_database)
        assert {row.service_tier for row in rows} == {FLEX}
        for row in rows:
            whole = (0.10 * row.input_tokens + 0.40 * row.output_tokens) / 1e6
            assert row.counted_cost_usd == pytest.approx(whole / 2)
            assert row.spared_usd == pytest.approx(whole / 2)
        assert report.cost_usd == pytest.approx(sum(row.counted_cost_usd for row in rows))
        assert report.spared_usd == pytest.approx(report.cost_usd)
        with sqlite_database.read() as connection:
            (day,) = connection.execute(sa.select(quota_days.c.cost_usd, quota_days.c.spared_usd))
        assert (day.cost_usd, day.spared_usd) == pytest.approx((report.cost_usd, report.spared_usd))

    def test_an_estimate_says_both_costs(self, sqlite_database: Database) -> None:
        estimate = flex_run(busy(), sqlite_database).estimate()
        assert estimate.tiers == (FLEX,)
        assert estimate.cost_usd is not None
        assert estimate.standard_cost_usd == pytest.approx(2 * estimate.cost_usd)
        assert estimate.seconds > 60, "minutes are to be expected"

    def test_half_is_what_is_held_against_the_budget(self, sqlite_database: Database) -> None:
        run = flex_run(busy(), sqlite_database, 1)
        standard = run.estimate().standard_cost_usd
        assert standard is not None
        run.limits = Limits(max_requests=100, daily_budget_usd=standard)
        dearer = flex_run(busy(), sqlite_database, 1, tier=STANDARD)
        dearer.limits = run.limits
        assert dearer().deferred == 1, "an answer may be longer than estimated"
        run()
        assert all_done(run)

    def test_what_is_served_at_another_tier_is_billed_at_that_one(self, sqlite_database: Database) -> None:
        service = busy()
        run = flex_run(service, sqlite_database, 4)
        run.client = ServedAtStandard(service)
        report = run()
        (row,) = requests_of(sqlite_database)
        assert (row.service_tier, row.spared_usd) == (STANDARD, None)
        assert row.counted_cost_usd == pytest.approx((0.10 * row.input_tokens + 0.40 * row.output_tokens) / 1e6)
        assert report.spared_usd == 0

    def test_minutes_are_no_trouble_and_say_nothing_about_the_standard_tier(self, sqlite_database: Database) -> None:
        service = busy()
        service.config = replace(service.config, flex=FlexConfig(latency=(800, 0)))
        run = flex_run(service, sqlite_database, 24)
        report = run()
        assert all_done(run)
        assert report.wasted_requests == 0
        assert tiers_asked(service) == {FLEX: 6}
        assert run.ledger().latencies() == []
        assert {round(each.seconds) for each in run.ledger().latencies(tier=FLEX)} == {800}


class TestNoRoom:
    @pytest.mark.parametrize("refusal", ["503", "429_no_details", "429_message_only"])
    def test_a_refused_request_is_asked_again_and_nothing_is_lost(
        self, sqlite_database: Database, refusal: str
    ) -> None:
        service = busy(refusal=refusal)
        service.script("shed", "ok", "shed")
        run = flex_run(service, sqlite_database)
        report = run()
        assert all_done(run)
        assert tiers_asked(service) == {FLEX: 3}
        assert service.answered() == dict.fromkeys((each.tweet_id for each in run.opportunities), 1)
        assert report.notes == []
        refused = [row for row in requests_of(sqlite_database) if row.status == "refused"]
        assert [(row.counted_cost_usd, row.counted_tokens) for row in refused] == [(0, 0)] * 2

    def test_it_is_no_sign_of_the_quotas_limit_or_of_an_outage(self, sqlite_database: Database) -> None:
        """After a 429 of the quota nobody asks for half a minute, and the limit is taken to be lower than it is."""
        service = busy(1.0, "429_no_details")
        run = flex_run(service, sqlite_database, 60, concurrency=5)
        run.limits = Limits(max_requests=1_000)
        report = run()
        assert all_done(run)
        assert run.ledger().status().blocked_until is None
        assert run.ledger().status().learned_requests is None
        assert report.seconds < 60

    def test_a_tier_that_never_has_room_costs_a_few_refusals_and_a_note(self, sqlite_database: Database) -> None:
        service = busy(1.0)
        run = flex_run(service, sqlite_database, 60)
        report = run()
        assert all_done(run)
        assert tiers_asked(service) == {STANDARD: 15}
        assert tiers_asked(service, served=False)[FLEX] <= 6
        (note,) = report.notes
        assert "flex tier had no room" in note
        assert report.spared_usd == 0

    def test_it_is_tried_again_after_a_while(self, sqlite_database: Database) -> None:
        service = busy(latency=(80, 0))
        service.script(*["shed"] * 3)
        run = flex_run(service, sqlite_database, 40, concurrency=1)
        run()
        assert all_done(run)
        tiers = [each.tier for each in service.arrivals]
        meanwhile = tiers.count(STANDARD)
        assert meanwhile in (4, 5), "five minutes at 80 seconds each"
        assert tiers == [FLEX] * 3 + [STANDARD] * meanwhile + [FLEX] * (len(tiers) - 3 - meanwhile)
        assert tiers[-1] == FLEX

    def test_the_quotas_limit_is_still_the_quotas_limit(self, sqlite_database: Database) -> None:
        service = busy(requests_per_window=2, window_seconds=60)
        run = flex_run(service, sqlite_database, 24)
        run.limits = Limits(max_requests=10)
        run()
        assert all_done(run)
        refused = [each for each in service.arrivals if each.status == 429]
        assert refused
        assert run.ledger().status().learned_requests == 2

    def test_refused_requests_count_in_the_window(self, sqlite_database: Database) -> None:
        service = busy(0.5)
        run = flex_run(service, sqlite_database, 40, tweets_per_request=2)
        run.limits = Limits(max_requests=5)
        run()
        assert all_done(run)
        assert service.max_in_any_window(60) <= 5
        assert most_granted_in_any(sqlite_database, 60) <= 5

    def test_a_key_without_the_tier_is_asked_at_the_standard_one(self, sqlite_database: Database) -> None:
        service = busy()
        run = flex_run(service, sqlite_database, 24)
        run.client = WithoutFlex(service)
        report = run()
        assert all_done(run), "a 400 about the tier is no tweet's fault"
        assert tiers_asked(service) == {STANDARD: 6}
        (note,) = report.notes
        assert "there is no flex tier" in note

    def test_after_the_deadline_the_standard_tier_has_to_do(self, sqlite_database: Database) -> None:
        service = busy()
        run = flex_run(service, sqlite_database, 40, concurrency=1, tier_hours=0.1)
        run()
        assert all_done(run)
        assert tiers_asked(service) == {FLEX: 3, STANDARD: 7}

    def test_no_answer_there_is_followed_by_the_standard_tier(self, sqlite_database: Database) -> None:
        """Each attempt may have been billed: it is waited for longer than the service takes, and not for ever."""
        service = busy()
        service.script(*["hang"] * 3)
        run = flex_run(service, sqlite_database, 4)
        run()
        assert all_done(run)
        assert [each.tier for each in service.arrivals] == [FLEX] * 3 + [STANDARD]
