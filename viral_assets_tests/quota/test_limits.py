"""What limits may be, and which day a moment belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import QuotaError
from viral_assets.quota.limits import Limits, pacific_day, unlimited


@pytest.mark.parametrize("field", ["max_requests", "max_tokens", "requests_per_day"])
@pytest.mark.parametrize("value", [0, -1, 0.5, 1.5, float("nan"), float("inf"), "15", True])
def test_a_limit_of_requests_or_tokens_is_a_whole_number_of_at_least_one(field: str, value: Any) -> None:
    with pytest.raises(QuotaError, match="whole number of at least 1"):
        Limits(**{field: value})


@pytest.mark.parametrize("field", ["daily_budget_usd", "window_seconds"])
@pytest.mark.parametrize("value", [0, -0.01, float("nan"), float("inf"), "1"])
def test_a_budget_and_a_window_are_above_zero(field: str, value: Any) -> None:
    with pytest.raises(QuotaError, match="above 0"):
        Limits(**{field: value})


def test_there_is_always_a_limit_of_requests() -> None:
    with pytest.raises(QuotaError):
        Limits(max_requests=None)  # type: ignore[arg-type]


def test_a_whole_number_written_with_a_point_counts_as_one() -> None:
    limits = Limits(max_requests=15.0, max_tokens=1e6, requests_per_day=200.0)  # type: ignore[arg-type]

    assert (limits.max_requests, limits.max_tokens, limits.requests_per_day) == (15, 1_000_000, 200)
    assert isinstance(limits.max_requests, int)


def test_a_minute_is_padded_by_a_quarter_of_a_second_and_a_short_window_by_less() -> None:
    assert Limits(window_seconds=60).padded_window_seconds == 60.5
    assert Limits(window_seconds=1).padded_window_seconds == pytest.approx(1.04)


def test_the_offline_provider_is_not_held_up() -> None:
    assert unlimited().max_requests >= 1_000_000


@pytest.mark.parametrize(
    ("moment", "day", "hours"),
    [
        ("2026-03-08T07:59:59", "2026-03-07", 24),
        ("2026-03-08T08:00:00", "2026-03-08", 23),  # the clocks go forward
        ("2026-03-09T06:59:59", "2026-03-08", 23),
        ("2026-03-09T07:00:00", "2026-03-09", 24),
        ("2026-11-01T06:59:59", "2026-10-31", 24),
        ("2026-11-01T07:00:00", "2026-11-01", 25),  # the clocks go back
        ("2026-11-02T07:59:59", "2026-11-01", 25),
        ("2026-11-02T08:00:00", "2026-11-02", 24),
        ("2026-07-15T12:00:00", "2026-07-15", 24),
    ],
)
def test_a_day_ends_at_midnight_us_pacific_however_long_it_was(moment: str, day: str, hours: int) -> None:
    found = pacific_day(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())

    assert found.name == day
    assert found.end - found.start == hours * 3600


@given(st.floats(1.7e9, 1.9e9))
def test_days_follow_each_other_without_gap_or_overlap(now: float) -> None:
    day = pacific_day(now)

    assert day.start <= now < day.end
    assert pacific_day(day.end).start == day.end
    assert pacific_day(day.start - 1).end == day.start
    assert pacific_day(day.end).name == (datetime.fromisoformat(day.name) + timedelta(days=1)).date().isoformat()
