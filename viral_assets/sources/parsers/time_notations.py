"""Notations of times that real files have, other than ISO 8601, and the zones that they name by letters."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

TIME_FORMATS = (
    "%a %b %d %H:%M:%S %z %Y",  # X API v1.1, Apify: Fri Nov 21 20:20:00 +0000 2025
    "%B %d, %Y at %I:%M %p",  # IFTTT: March 17, 2026 at 05:47 PM
    "%b %d, %Y at %I:%M %p",
    "%B %d, %Y at %I:%M:%S %p",
    "%b %d, %Y %I:%M %p",  # Nov 21, 2025 · 8:20 PM UTC
    "%B %d, %Y %I:%M %p",
    "%a, %d %b %Y %H:%M:%S %z",  # RFC 2822
    "%a, %d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d-%b-%Y %I:%M %p",  # Meltwater: 21-Nov-2026 08:05 PM
    "%d-%b-%Y %I:%M%p",
    "%I:%M %p %b %d, %Y",  # X's own pages: 8:20 PM · Nov 21, 2025
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M %z",  # X analytics
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)

# The American ones are those of RFC 2822; of the others only those that mean one thing.
_HOURS_OF_ZONES = {
    **{"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8},  # noqa: PIE800
    **{"PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "JST": 9, "KST": 9},  # noqa: PIE800
}
ZONES = {name: timezone(timedelta(hours=hours)) if hours else UTC for name, hours in _HOURS_OF_ZONES.items()}
