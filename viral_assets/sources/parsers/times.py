"""Times as real files write them, made into UTC; and the time that a tweet's id holds.

Everything read here is untrusted. What is no time raises :class:`~viral_assets.sources.parsers.fields.UnusableError`
with the reason the quarantine counts by.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from viral_assets.sources.parsers.fields import UnusableError, shown

FIRST_TWEET = datetime(2006, 3, 21, tzinfo=UTC)

CLOCK_SKEW = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours before its tweets count as coming from the future."""

_TIME_FORMATS = (
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
_ZONES = {name: timezone(timedelta(hours=hours)) if hours else UTC for name, hours in _HOURS_OF_ZONES.items()}

_SLASHED = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})"
    r"(?:[ ,T]{1,2}(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_DATES = ("%Y-%m-%d", "%a, %b %d, %Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d")
_FARTHEST_ZONE = timedelta(hours=15)


class Times:
    """Reads times in the notations seen in real files; remembers the last one, as a file keeps to one.

    Args:
        now: the present; what lies after it (and some skew) is from the future.
        zone: of times that do not name theirs.
    """

    __slots__ = ("_formats", "_latest", "_shifts", "_zone", "completed", "zoneless")

    def __init__(self, now: datetime, zone: tzinfo = UTC) -> None:
        self._latest = now + CLOCK_SKEW
        self._formats = list(_TIME_FORMATS)
        self._zone = zone
        self._shifts: Counter[timedelta | None] = Counter()
        self.zoneless = 0
        """How many times had no zone and were taken as being of ``zone``."""
        self.completed = 0
        """How many times had only a date, and got the time of day out of their tweet's id."""

    def zone_in_doubt(self) -> str | None:
        """What the ids say against the zone that was assumed, in a sentence; None where they say nothing.

        Ids of tweets hold the time they were made at. One may be odd; many that all differ by the same number of
        quarters of an hour are times of another zone.
        """
        (shift, agree), *_ = self._shifts.most_common(1) or [(None, 0)]
        if not shift or agree < 3 or agree < 0.8 * self._shifts.total():
            return None
        hours = abs(shift) / timedelta(hours=1)
        return (
            f"times without a zone are {hours:g} hours {'earlier' if shift > timedelta() else 'later'} than the ids of "
            "their tweets say: give their zone with --timezone"
        )

    def created_at(self, value: object, identity: str = "") -> datetime:
        """When a tweet was posted, in UTC.

        Args:
            identity: the tweet's id, which shows whether the zone that is assumed is the right one.

        Raises:
            UnusableError: ``no_time``, ``bad_time`` or ``future``.
        """
        if value is None or value == "":
            raise UnusableError("no_time", "there is no time of posting")
        zoneless = self.zoneless
        instant = self._read(value) if isinstance(value, str) else None
        if instant is None and identity and isinstance(value, str):
            instant = self._read_with_id(value.strip(), identity)
        if instant is not None and identity and self.zoneless > zoneless:
            self._shifts[_shift(instant, identity)] += 1
        if instant is None:
            raise UnusableError("bad_time", f"{shown(value)} is not a time; write it like 2026-03-17T17:47:00Z")
        if instant < FIRST_TWEET:
            raise UnusableError("bad_time", f"{shown(value)} is before the first tweet ({FIRST_TWEET:%F})")
        if instant > self._latest:
            raise UnusableError("future", f"{shown(value)} lies in the future")
        return instant

    def collected_at(self, value: object) -> datetime | None:
        """When the counts were seen; None where that is missing or makes no sense."""
        instant = self._read(value) if isinstance(value, str) else None
        return instant if instant is not None and FIRST_TWEET <= instant <= self._latest else None

    def _read(self, value: str) -> datetime | None:
        # A date alone, or a date and an hour, does not say when: ISO 8601 would make it midnight.
        try:
            instant = datetime.fromisoformat(value) if len(value) >= 16 else None
        except ValueError:
            instant = None
        if instant is None:
            instant = self._spelt_out(value)
        if instant is None:
            return None
        if instant.tzinfo is UTC:
            return instant
        if instant.tzinfo is None:
            self.zoneless += 1
            instant = instant.replace(tzinfo=self._zone)
        try:
            return instant.astimezone(UTC)
        except OverflowError:
            return None

    def _read_with_id(self, value: str, identity: str) -> datetime | None:
        """What a time alone leaves open and the tweet's id, which holds the instant, decides: whether the day or the
        month comes first, and the time of day where there is only a date.
        """
        posted = time_in_id(identity)
        if posted is None or not 8 <= len(value) <= 40:
            return None
        slashed = _SLASHED.fullmatch(value)
        if slashed is None or slashed["hour"] is None:
            days = _slashed_times(slashed) if slashed else _dates(value)
            if not any(abs(day + timedelta(hours=12) - posted) <= timedelta(hours=12) + _FARTHEST_ZONE for day in days):
                return None
            self.completed += 1
            return posted
        near = [instant for instant in _slashed_times(slashed) if abs(instant - posted) <= _FARTHEST_ZONE]
        if not near:
            return None
        self.zoneless += 1
        return min(near, key=lambda instant: abs(instant - posted)).replace(tzinfo=self._zone).astimezone(UTC)

    def _spelt_out(self, value: str) -> datetime | None:
        if not 10 <= len(value) <= 64:
            return None
        words = value.replace("·", " ").split()
        zone: Any = None
        if words and words[-1] in _ZONES:
            zone = _ZONES[words.pop()]
        elif len(words) == 6 and words[4] in _ZONES:  # Mon Apr 06 22:19:45 PDT 2009
            zone = _ZONES[words[4]]
            words[4] = "+0000"
        text = " ".join(words)
        if text.isascii() and text.removesuffix(".0").isdigit():
            return _since_epoch(text.removesuffix(".0"))
        for position, notation in enumerate(self._formats):
            try:
                instant = datetime.strptime(text, notation)  # noqa: DTZ007 - the zone, if any, is put on below
            except ValueError:
                continue
            self._formats.insert(0, self._formats.pop(position))
            return instant.replace(tzinfo=zone or instant.tzinfo)
        if zone is not None and len(text) >= 16:
            try:
                return datetime.fromisoformat(text).replace(tzinfo=zone)
            except ValueError:
                return None
        return None


def _slashed_times(found: re.Match[str]) -> list[datetime]:
    """What ``03/04/2026 8:05 PM`` may mean, in UTC: the month or the day first; with dots, the day."""
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    orders = [(found["one"], found["two"])] if found["mark"] != "." else []
    instants = []
    for month, day in [*orders, (found["two"], found["one"])]:
        with suppress(ValueError):
            instants.append(datetime(int(found["year"]), int(month), int(day), hour, minute, second, tzinfo=UTC))
    return instants


def _dates(value: str) -> list[datetime]:
    for notation in _DATES:
        with suppress(ValueError):
            return [datetime.strptime(value, notation).replace(tzinfo=UTC)]
    return []


_FIRST_SNOWFLAKE = 10**16
"""Since November 2010 ids hold the time they were made at, in milliseconds from this instant on."""
_SNOWFLAKE_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)


def time_in_id(identity: str) -> datetime | None:
    """When a tweet was posted, by its id; None for ids from before they held the time."""
    number = int(identity)
    return _SNOWFLAKE_EPOCH + timedelta(milliseconds=number >> 22) if number >= _FIRST_SNOWFLAKE else None


def _shift(instant: datetime, identity: str) -> timedelta | None:
    """How much later the id is than the time, in whole quarters of an hour; None where that makes no time zone."""
    posted = time_in_id(identity)
    if posted is None:
        return None
    # Times without a zone are mostly without seconds too.
    quarters = round((posted - instant) / _QUARTER)
    rest = abs(posted - instant - quarters * _QUARTER)
    return quarters * _QUARTER if abs(quarters) <= 14 * 4 and rest <= timedelta(minutes=2) else None


def _since_epoch(digits: str) -> datetime | None:
    """Seconds or milliseconds since 1970, as data frames write them."""
    scale = {10: 1, 13: 1000}.get(len(digits))
    return datetime.fromtimestamp(int(digits) / scale, UTC) if scale else None
