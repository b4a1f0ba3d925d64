"""Models that think more than they write, and models that answer for others: what a run makes of them."""

from __future__ import annotations

import pytest

from viral_assets.errors import FatalProviderError
from viral_assets.generation.run.results import DatabaseResults
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.generation.running import Run, all_done, on_virtual_time, outcomes_of, reasons_of, requests_of

SDKS = ("google-generativeai", "google-genai")
THINKER = {"calm": project(generation={"model": "gemini-2.5-flash"})}


def test_thoughts_that_use_up_every_answer_cost_two_requests_and_a_reason(sqlite_database: Database) -> None:
    service = on_virtual_time(thinking={"MEDIUM": 1_000_000})
    run = Run(pack(6), service, sqlite_database, options={"tweets_per_request": 6})

    report = run()

    assert len(service.generated()) == 2
    assert outcomes_of(sqlite_database) == dict.fromkeys([each.tweet_id for each in pack(6)], "deferred")
    first, second = (row.output_cap for row in service.generated())
    assert second is not None
    assert first is not None
    assert first < second
    assert all("MAX_TOKENS" in reason and "thoughts" in reason for reason in reasons_of(sqlite_database).values())
    assert report.output_tokens == first + second


def test_a_higher_cap_is_all_that_some_thoughts_need(sqlite_database: Database) -> None:
    service = on_virtual_time(thinking={"MEDIUM": 20_000})
    run = Run(pack(6), service, sqlite_database, options={"tweets_per_request": 6})

    run()

    assert all_done(run)
    assert len(service.generated()) == 2
    assert [row.finish_reason for row in requests_of(sqlite_database)] == ["MAX_TOKENS", "STOP"]


def test_an_answer_full_of_thoughts_that_a_killed_run_left_needs_no_second_one_to_raise_the_cap(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = on_virtual_time(thinking={"MEDIUM": 20_000})
    run = Run(pack(6), service, sqlite_database, options={"tweets_per_request": 6})

    def killed(*_: object, **__: object) -> int:
        raise OSError("killed before anything was parsed")

    with monkeypatch.context() as patched:
        patched.setattr(DatabaseResults, "save", killed)
        with pytest.raises(OSError, match="killed"):
            run()
    run()

    assert all_done(run)
    assert [row.finish_reason for row in requests_of(sqlite_database)] == ["MAX_TOKENS", "STOP"]


def test_a_long_run_on_a_model_that_only_thinks_is_stopped_and_the_rest_is_left(sqlite_database: Database) -> None:
    """Every one of its requests is billed for all that it has thought."""
    service = on_virtual_time(thinking={"MEDIUM": 1_000_000}, latency=(1.0, 0.0))
    run = Run(pack(60), service, sqlite_database, options={"tweets_per_request": 1, "concurrency": 1})

    with pytest.raises(FatalProviderError, match=r"MAX_TOKENS.*thoughts.*gave up"):
        run()

    assert len(service.generated()) <= 12
    assert set(outcomes_of(sqlite_database).values()) == {"deferred"}, "none is given up for good"


def test_a_budget_covers_the_raised_cap(sqlite_database: Database) -> None:
    """The higher cap is there to be used up, so it is held back as a whole."""
    service = on_virtual_time(thinking={"MEDIUM": 1_000_000})
    limits = Limits(max_requests=100, window_seconds=60.0, daily_budget_usd=0.08)
    run = Run(pack(6), service, sqlite_database, limits, projects=THINKER, options={"tweets_per_request": 6})

    run()

    assert sum(row.counted_cost_usd for row in requests_of(sqlite_database)) <= 0.08


@pytest.mark.parametrize("provider", SDKS)
def test_thoughts_are_known_by_both_sdks_and_turned_down_where_they_can_be(
    provider: str, sqlite_database: Database
) -> None:
    with GeminiEmulator(EmulatorConfig(thinking={"MEDIUM": 1_000_000, "LOW": 100, "MINIMAL": 0})) as service:
        run = Run(pack(3), service.url, sqlite_database, provider=provider, projects=THINKER)
        run.options["tweets_per_request"] = 3
        run()
        arrived = len(service.generated())

    if provider == "google-genai":
        assert all_done(run)
        assert arrived == 1
    else:
        assert arrived == 2
        assert "VIRAL_ASSETS_PROVIDER=google-genai" in next(iter(reasons_of(sqlite_database).values()))


@pytest.mark.parametrize("provider", SDKS)
def test_the_model_that_answers_is_stored_billed_and_told_once(provider: str, database: Database) -> None:
    """Google reroutes models that it has retired, without a word."""
    asked, answered_by = "gemini-2.5-flash-lite", "gemini-3.5-flash-lite"
    with GeminiEmulator(EmulatorConfig(answered_by={asked: answered_by}, cached_tokens=100)) as service:
        run = Run(pack(4), service.url, database, provider=provider, options={"tweets_per_request": 2})
        report = run()

    rows = requests_of(database)
    assert [(row.model, row.model_version, row.cached_tokens) for row in rows] == [(asked, answered_by, 100)] * 2
    for row in rows:
        usd = (row.input_tokens - 100) * 0.30 + 100 * 0.03 + row.output_tokens * 2.50
        assert row.counted_cost_usd == pytest.approx(usd / 1e6)
    assert report.cost_usd == pytest.approx(sum(row.counted_cost_usd for row in rows))
    assert (report.answered_by, report.cached_tokens) == ({answered_by: 2}, 200)
    assert [note for note in report.notes if "answered by" in note] == [
        f"asked {asked}, answered by {answered_by}, which is what is billed; see viral-assets models"
    ]


def test_a_version_of_the_model_that_was_asked_is_that_model(sqlite_database: Database) -> None:
    service = on_virtual_time(answered_by={"gemini-2.5-flash-lite": "models/gemini-2.5-flash-lite-001"})
    run = Run(pack(1), service, sqlite_database)

    report = run()

    assert report.notes == []
    assert report.cost_usd


def test_an_answer_by_a_model_without_a_known_price_costs_unknown_and_the_estimate_counts(
    sqlite_database: Database,
) -> None:
    service = on_virtual_time(answered_by={"gemini-2.5-flash-lite": "gemini-99-ultra"})
    run = Run(pack(1), service, sqlite_database)

    report = run()

    assert report.cost_usd is None
    (row,) = requests_of(sqlite_database)
    assert row.counted_cost_usd > 0
