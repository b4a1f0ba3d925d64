"""When the days of the Gemini API end: of its quotas and of its bills."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
"""They end at midnight here (https://ai.google.dev/gemini-api/docs/rate-limits)."""


def billing_day(moment: datetime | None = None) -> date:
    """The day on which the service counts and bills a request of a moment, by default of now."""
    return (moment or datetime.now(UTC)).astimezone(PACIFIC).date()
