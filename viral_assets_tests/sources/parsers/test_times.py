"""Times in the notations of real files."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.parsers.times import Times
from viral_assets_tests.sources.examples import NOW, outcome, reason


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2025-11-21T20:20:00.000Z", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("2025-11-21T21:20:00+01:00", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("2025-11-21 20:20:00+00:00", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("2025-11-21 20:20:00 UTC", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("2025-11-21 20:20 +0000", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("Fri Nov 21 20:20:00 +0000 2025", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("Fri, 21 Nov 2025 20:20:00 GMT", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("Nov 21, 2025 · 8:20 PM UTC", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("1763756400", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("1763756400000", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        ("1763756400000000", datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
        (1763756400, datetime(2025, 11, 21, 20, 20, tzinfo=UTC)),
    ],
)
def test_notations_of_real_files(written: object, expected: datetime) -> None:
    times = Times(NOW)
    assert times.created_at(written) == expected
    assert times.zoneless == 0


@pytest.mark.parametrize(
    "written", ["March 17, 2026 at 05:47 PM", "March 17, 2026 at 05:47\u202fPM", "2026-03-17 17:47:00"]
)
def test_a_time_without_a_zone_is_utc_and_counted(written: str) -> None:
    times = Times(NOW)
    assert times.created_at(written) == datetime(2026, 3, 17, 17, 47, tzinfo=UTC)
    assert times.zoneless == 1


@pytest.mark.parametrize("value", [None, ""])
def test_no_time(value: Any) -> None:
    assert reason(Times(NOW).created_at, value) == "no_time"


@pytest.mark.parametrize(
    "value",
    [
        *("yesterday", "2026-03-17", "03/04/2026 17:47", "2026-13-45T00:00:00Z", ["2026"], {}, True),
        *("1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 100),
    ],
)
def test_no_usable_time(value: Any) -> None:
    assert reason(Times(NOW).created_at, value) == "bad_time"


def test_the_future_is_rejected_beyond_what_clocks_differ() -> None:
    assert Times(NOW).created_at((NOW + timedelta(minutes=4)).isoformat()) > NOW
    assert reason(Times(NOW).created_at, (NOW + timedelta(hours=1)).isoformat()) == "future"


def test_a_useless_time_of_collection_is_none() -> None:
    assert Times(NOW).collected_at("soon") is None
    assert Times(NOW).collected_at({"at": 1}) is None
    assert Times(NOW).collected_at("2030-01-01T00:00:00Z") is None


@given(st.text(string.digits + string.ascii_letters + " :,.-+TZ/", max_size=40))
def test_any_text_gives_a_time_of_tweets_or_a_reason(text: str) -> None:
    instant = outcome(Times(NOW).created_at, text)
    assert instant in {"no_time", "bad_time", "future"} or instant.tzinfo is UTC


@given(
    st.datetimes(datetime(2006, 4, 1), datetime(2026, 11, 20), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_every_instant_survives_iso_8601_in_every_zone(instant: datetime, minutes: int) -> None:
    there = instant.astimezone(timezone(timedelta(minutes=minutes)))
    assert Times(NOW).created_at(there.isoformat(timespec="microseconds")) == instant
