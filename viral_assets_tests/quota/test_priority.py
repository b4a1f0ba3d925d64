"""How urgent a run is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from viral_assets.defs.automation.requests import request_for
from viral_assets.defs.automation.tags import BACKFILL_TAG, TOP_UP, is_in_background
from viral_assets.hours import HOUR, HourRange
from viral_assets.quota import Priority
from viral_assets.quota.priority import priority_of_run

NOW = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
LAST_HOUR = HourRange(datetime(2026, 11, 21, 19, tzinfo=UTC), datetime(2026, 11, 21, 20, tzinfo=UTC))


def hours_back(first: int, last: int = 0) -> HourRange:
    """From ``first`` full hours ago to ``last`` full hours ago."""
    return HourRange(LAST_HOUR.end - first * HOUR, LAST_HOUR.end - last * HOUR)


@pytest.mark.parametrize(
    ("hours", "priority"),
    [
        pytest.param(LAST_HOUR, Priority.NEWEST_HOUR, id="the schedule's hour"),
        pytest.param(hours_back(0, -1), Priority.NEWEST_HOUR, id="the current hour"),
        pytest.param(hours_back(6), Priority.NEWEST_HOUR, id="the last hours, as a person types it"),
        pytest.param(hours_back(30, 6), Priority.BACKGROUND, id="old hours only"),
        pytest.param(hours_back(3, 2), Priority.BACKGROUND, id="an hour that is no longer new"),
    ],
)
def test_a_run_is_as_urgent_as_its_newest_hour(hours: HourRange, priority: Priority) -> None:
    assert priority_of_run(hours, NOW, in_background=False) is priority


def test_a_run_that_starts_late_is_still_urgent() -> None:
    assert priority_of_run(LAST_HOUR, NOW + timedelta(minutes=90), in_background=False) is Priority.NEWEST_HOUR


@pytest.mark.parametrize("hours", [LAST_HOUR, hours_back(24)])
def test_a_backfill_has_time_whatever_its_hours(hours: HourRange) -> None:
    assert priority_of_run(hours, NOW, in_background=True) is Priority.BACKGROUND


def test_a_person_who_waits_comes_before_every_run() -> None:
    assert sorted(Priority) == [Priority.PERSON, Priority.NEWEST_HOUR, Priority.BACKGROUND]


@pytest.mark.parametrize(
    ("tags", "in_background"),
    [
        ({BACKFILL_TAG: "lqzxkcpr"}, True),
        (request_for(hours_back(3), TOP_UP, "2026-11-21").tags, True),
        (request_for(hours_back(3), "deferred").tags, False),
        (request_for(LAST_HOUR, "inbox").tags, False),
        ({}, False),
    ],
    ids=["backfill", "top-up", "what was put off", "a new file", "launched in the UI"],
)
def test_runs_of_backfills_and_top_ups_are_known_by_their_tags(tags: dict[str, str], in_background: bool) -> None:
    assert is_in_background(tags) is in_background
