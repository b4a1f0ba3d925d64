"""Hour windows: the unit in which everything here is partitioned. UTC only; knows nothing of Dagster.

A window is named by its first instant, ``2026-11-21-20:00``, which is also Dagster's key for an hourly partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from viral_assets.errors import ConfigurationError

HOUR = timedelta(hours=1)
KEY_FORMAT = "%Y-%m-%d-%H:%M"

YEARS = range(1970, 9900)
"""What is written outside of them is a typing error; inside, some years of hours may be added or taken away."""


@dataclass(frozen=True, slots=True)
class HourRange:
    """Whole hours ``[start, end)``, both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if floor_hour(self.start) != self.start or floor_hour(self.end) != self.end:
            raise ConfigurationError(f"windows begin and end on full hours, not at {self.start} and {self.end}")
        if self.end <= self.start:
            raise ConfigurationError(f"the range of hours {self.start:%F %H:%M} to {self.end:%F %H:%M} is empty")

    def __iter__(self) -> Iterator[datetime]:
        """The first instant of each hour, in order."""
        hour = self.start
        while hour < self.end:
            yield hour
            hour += HOUR

    def __len__(self) -> int:
        return int((self.end - self.start) / HOUR)

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def chunks(self, hours: int) -> Iterator[HourRange]:
        """The range cut into consecutive ranges of at most ``hours`` hours."""
        start = self.start
        while start < self.end:
            end = min(start + hours * HOUR, self.end)
            yield HourRange(start, end)
            start = end


def floor_hour(instant: datetime) -> datetime:
    """The full hour at or before ``instant`` (aware), in UTC."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hour_key(hour: datetime) -> str:
    """``2026-11-21-20:00``, the name of the window that begins at ``hour``."""
    return hour.astimezone(UTC).strftime(KEY_FORMAT)


def parse_hour(text: str) -> datetime:
    """Read ``2026-11-21-20:00``, ``2026-11-21T20``, ``2026-11-21T20:15Z`` or ``2026-11-21`` as the hour it lies in.

    A time without a zone is UTC.

    Raises:
        ConfigurationError: the text is none of these, or its year is none of :data:`YEARS`.
    """
    try:
        instant = datetime.strptime(text, KEY_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise ConfigurationError(f"{text!r} is not an hour; write it like 2026-11-21T20:00") from None
    if instant.year not in YEARS:
        raise ConfigurationError(f"{text!r} is not an hour of the years {YEARS[0]} to {YEARS[-1]}")
    return floor_hour(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def last_full_hours(count: int, now: datetime) -> HourRange:
    """The ``count`` hours that end with the last full one before ``now``."""
    end = floor_hour(now)
    return HourRange(end - count * HOUR, end)
