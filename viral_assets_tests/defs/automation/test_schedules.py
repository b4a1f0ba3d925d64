"""The hourly schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.automation.schedules import hour_to_run, hourly_schedule
from viral_assets.defs.build import build_defs
from viral_assets.hours import HOUR
from viral_assets_tests.home import FIRST, make_home


@pytest.mark.parametrize("minute", [0, 5, 59])
def test_the_last_full_hour_is_run(minute: int) -> None:
    assert hour_to_run(datetime(2026, 3, 2, 7, minute, tzinfo=UTC)) == "2026-03-02-06:00"


def test_over_midnight() -> None:
    assert hour_to_run(datetime(2026, 1, 1, 0, 5, tzinfo=UTC)) == "2025-12-31-23:00"


def _tick(at: datetime) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=build_defs().get_repository_def())
    result = hourly_schedule(context)
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


def test_a_tick_asks_for_one_run_of_the_hour(tmp_path: Path) -> None:
    with make_home(tmp_path):
        request = _tick(FIRST + HOUR)
        assert isinstance(request, dg.RunRequest)
        assert request.partition_key == request.run_key == "2026-03-02-06:00"
        assert request.tags["viral_assets/trigger"] == "schedule"


def test_a_tick_outside_the_configured_hours_says_so(tmp_path: Path) -> None:
    with make_home(tmp_path):
        skipped = _tick(FIRST)
        assert isinstance(skipped, dg.SkipReason)
        assert "VIRAL_ASSETS_START" in str(skipped.skip_message)


def test_nothing_runs_by_itself_before_somebody_switches_it_on() -> None:
    definitions = build_defs()
    assert {each.default_status.value for each in definitions.schedules or []} == {"STOPPED"}
    assert {each.default_status.value for each in definitions.sensors or []} == {"STOPPED"}
