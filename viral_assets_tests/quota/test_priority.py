"""How urgent a run is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from viral_assets.defs.assets.partitions import partition_tags
from viral_assets.defs.automation.requests import request_for
from viral_assets.defs.automation.tags import BACKFILL_TAG, TOP_UP, TRIGGER_TAG
from viral_assets.defs.automation.urgency import priority_of
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


NEW, OLD = partition_tags(LAST_HOUR), partition_tags(hours_back(30, 6))


@pytest.mark.parametrize(
    ("tags", "priority"),
    [
        pytest.param({**NEW, BACKFILL_TAG: "lqzxkcpr"}, Priority.BACKGROUND, id="backfill"),
        pytest.param({**NEW, TRIGGER_TAG: TOP_UP}, Priority.BACKGROUND, id="top-up"),
        pytest.param({**OLD, TRIGGER_TAG: "deferred"}, Priority.BACKGROUND, id="what was put off, long ago"),
        pytest.param({**NEW, TRIGGER_TAG: "deferred"}, Priority.NEWEST_HOUR, id="what was put off, just now"),
        pytest.param({**NEW, TRIGGER_TAG: "schedule"}, Priority.NEWEST_HOUR, id="schedule"),
        pytest.param({**OLD, TRIGGER_TAG: "inbox"}, Priority.BACKGROUND, id="a file of old tweets"),
        pytest.param({**OLD, TRIGGER_TAG: "cli"}, Priority.BACKGROUND, id="typed, over old hours"),
        pytest.param({}, Priority.NEWEST_HOUR, id="about no hours"),
        pytest.param({BACKFILL_TAG: "lqzxkcpr"}, Priority.BACKGROUND, id="a backfill about no hours"),
    ],
)
def test_the_tags_of_a_run_say_how_urgent_it_is(tags: dict[str, str], priority: Priority) -> None:
    assert priority_of(tags, NOW) is priority


def test_what_the_top_up_asks_for_has_time() -> None:
    tags = request_for(LAST_HOUR, TOP_UP, "2026-11-21").tags or {}

    assert priority_of({**tags, **NEW}, NOW) is Priority.BACKGROUND
