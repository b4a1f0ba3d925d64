"""Times that do not say when, and yet may confirm what a tweet's id says: dates alone, dates in which the day or the
month may come first, relative ones ("2h"), and those in languages nobody has taught us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import IntEnum

_SLASHED = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})"
    r"(?:[ ,T]{1,2}(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_DATES = (
    "%Y-%m-%d",
    "%a, %b %d, %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%b-%Y",
)
_FARTHEST_ZONE = timedelta(hours=15)
_LONGEST = 40
_WORDS = frozenset({"now", "just now", "today", "yesterday"})


class Agreement(IntEnum):
    """What vague times say of an instant; the greatest of several counts."""

    NONE = 0
    UNREADABLE = 1
    OTHER_DAY = 2
    DAY = 3


def as_text(value: object) -> str:
    """A time as text, also where it is a number since 1970; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**20:
        return str(value) if isinstance(value, int) else f"{value:.6f}"
    return ""


def is_date_alone(cell: str) -> bool:
    """Whether a cell that says when is too short to say more than the day."""
    return len(cell) <= len("21-Nov-2026") and not cell.isdecimal()


def is_time_of_day(cell: str) -> bool:
    """Whether a cell that says when may be a time of day alone."""
    return ":" in cell and len(cell) <= len("12:00:00.000 p.m.")


def agreement(written: Iterable[object], posted: datetime) -> Agreement:
    """What times that say no instant have to do with one.

    Args:
        written: as the record has them.
        posted: what the tweet's id says.
    """
    return max((_agreement(as_text(each).strip(), posted) for each in written), default=Agreement.NONE)


def _agreement(value: str, posted: datetime) -> Agreement:
    if not 0 < len(value) <= _LONGEST:
        return Agreement.NONE
    slashed = _SLASHED.fullmatch(value)
    if slashed and slashed["hour"]:
        found = _slashed_times(slashed)
        near = any(abs(instant - posted) <= _FARTHEST_ZONE for instant in found)
    else:
        found = _slashed_times(slashed) if slashed else _dates(value)
        half = timedelta(hours=12)
        near = any(abs(day + half - posted) <= half + _FARTHEST_ZONE for day in found)
    if found:
        return Agreement.DAY if near else Agreement.OTHER_DAY
    has_number = any(character.isdigit() for character in value)
    return Agreement.UNREADABLE if has_number or value.lower() in _WORDS else Agreement.NONE


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
