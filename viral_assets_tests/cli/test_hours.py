"""Which hours a person means, and how figures are written for one."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.cli.ingest_report import busiest_range
from viral_assets.cli.options import choose_hours, partition_hours
from viral_assets.cli.output import duration, plain
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange
from viral_assets.settings import Settings

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


def hours(first: str, end: str) -> HourRange:
    return HourRange(*(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, end)))


def settings(start: datetime | None = None, end: datetime | None = None) -> Settings:
    return Settings(home=Path("unused"), start=start, end=end)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, hours("2026-11-21T14", "2026-11-21T20")),
        ({"hours_back": 2}, hours("2026-11-21T18", "2026-11-21T20")),
        ({"start": "2026-11-21T03:00"}, hours("2026-11-21T03", "2026-11-21T20")),
        ({"start": "2026-11-20", "end": "2026-11-21"}, hours("2026-11-20T00", "2026-11-21T00")),
        ({"start": "2026-11-20-05:00", "end": "2026-11-20-07:00"}, hours("2026-11-20T05", "2026-11-20T07")),
        ({"start": "2026-11-20T05:20", "end": "2026-11-20T07:01"}, hours("2026-11-20T05", "2026-11-20T08")),
        ({"start": "2026-11-20T05:00+02:00", "end": "2026-11-20T05:00"}, hours("2026-11-20T03", "2026-11-20T05")),
        ({"end": "2026-11-20T05:00"}, hours("2026-11-19T23", "2026-11-20T05")),
        ({"end": "2026-11-20T05:00", "hours_back": 1}, hours("2026-11-20T04", "2026-11-20T05")),
    ],
)
def test_the_hours_a_person_means(asked: dict[str, Any], expected: HourRange) -> None:
    arguments = {"hours_back": None, "start": None, "end": None, **asked}
    assert choose_hours(settings(), NOW, **arguments) == expected


def test_the_last_hours_of_a_closed_data_set_are_its_own_last_ones() -> None:
    closed = settings(start=NOW - timedelta(days=300), end=datetime(2026, 3, 1, tzinfo=UTC))
    assert choose_hours(closed, NOW, hours_back=2, start=None, end=None) == hours("2026-02-28T22", "2026-03-01T00")


def test_the_current_hour_can_be_ingested_into() -> None:
    assert NOW in partition_hours(settings(), NOW)


def test_a_first_hour_in_the_future_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="VIRAL_ASSETS_START"):
        partition_hours(settings(start=NOW.replace(minute=0) + 5 * HOUR), NOW)


counts = st.dictionaries(st.integers(0, 2000), st.integers(1, 50), min_size=1, max_size=30)


@given(counts, st.integers(1, 300))
def test_the_suggested_range_has_the_most_tweets_of_any_that_long(tweets: dict[int, int], most: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    by_hour = Counter({start + hour * HOUR: number for hour, number in tweets.items()})
    chosen = busiest_range(by_hour, most)
    assert len(chosen) <= most
    assert chosen.start in by_hour
    assert chosen.end - HOUR in by_hour
    best = max(sum(by_hour[hour] for hour in HourRange(first, first + most * HOUR)) for first in by_hour)
    assert sum(by_hour[hour] for hour in chosen) == best


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_read_like_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.text())
def test_nothing_a_terminal_obeys_is_printed(text: str) -> None:
    assert plain(text).isprintable()
