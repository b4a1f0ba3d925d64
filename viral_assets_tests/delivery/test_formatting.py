"""How hours are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from viral_assets.delivery.formatting import window_text
from viral_assets.hours import HourRange
from viral_assets_tests.delivery.examples import DAY, HOUR, WINDOW


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
