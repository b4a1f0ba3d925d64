"""How counts, sums and hours are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from viral_assets.hours import HourRange
from viral_assets.review.formatting import human_count, money, window_text
from viral_assets_tests.review.examples import DAY, HOUR, WINDOW


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1K"),
        (1249, "1.2K"),
        (9999, "9.9K"),
        (10_500, "10K"),
        (999_999, "999K"),
        (1_050_000, "1M"),
        (3_460_000, "3.4M"),
        (1_100_000_000, "1.1B"),
    ],
)
def test_counts_are_cut_off_as_x_does(count: int, text: str) -> None:
    assert human_count(count) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (0.0, "$0.00"),
        (0.00002134, "$0.000021"),
        (0.00213, "$0.0021"),
        (0.0413, "$0.041"),
        (1.5, "$1.50"),
        (0.1, "$0.10"),
    ],
)
def test_small_sums_are_not_rounded_away(cost: float, text: str) -> None:
    assert money(cost) == text


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (WINDOW, "Sat 21 Nov 2026, 20:00–21:00 UTC"),
        (DAY, "Sat 21 Nov 2026 (UTC)"),
        (HourRange(DAY.start, DAY.end + timedelta(days=1)), "Sat 21 Nov 2026 – Sun 22 Nov 2026 (UTC)"),
        (HourRange(HOUR, HOUR + timedelta(hours=4)), "Sat 21 Nov 2026, 20:00–00:00 UTC"),
        (HourRange(HOUR, HOUR + timedelta(hours=5)), "Sat 21 Nov 2026, 20:00 – Sun 22 Nov 2026, 01:00 UTC"),
    ],
)
def test_a_window_is_named_as_people_name_it(window: HourRange, text: str) -> None:
    assert window_text(window) == text
