"""What a person has asked to see. It lives in the address, so that it can be shared and the back button works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, floor_hour, parse_hour
from viral_assets.vocabulary import AWAITING, LABELS, STATUSES

SORTS = {
    "balanced": "Score × reach",
    "score": "Score",
    "views": "Views",
    "age": "Newest",
}
STANDINGS: dict[str, str] = {
    "open": "To decide",
    "all": "All",
    **{status: status.capitalize() for status in STATUSES},
    AWAITING: "Second approval",
    "none": "Without suggestions",
}
"""``open``: something is pending, or takes a second approval, and nothing has been chosen yet. The others: some
suggestion has this status."""

ASSIGNED = {"": "All", "mine": "Mine", "nobody": "Nobody's"}
"""Whose tweets."""

RECENT = {6: "Last 6 hours", 24: "Last 24 hours", 72: "Last 3 days", 168: "Last 7 days", 720: "Last 30 days"}

USUAL_HOURS = 168
"""A reply to an older tweet is of little use, and the more history there is, the longer it takes to look through."""

MAX_SEARCH = 100
_CHOICES: dict[str, tuple[str, ...]] = {
    "label": ("", *LABELS),
    "status": tuple(STANDINGS),
    "sort": tuple(SORTS),
    "assigned": tuple(ASSIGNED),
}


class BadFilterError(ConfigurationError):
    """The address asks for something that does not exist."""


@dataclass(frozen=True, slots=True)
class Filters:
    """One list of tweets. Empty strings and 0 do not filter.

    ``recent`` is in hours before now, 0 for any time; ``start`` (included) and ``end`` (not) are hours as typed, and
    win over it. ``me`` is who looks, whom an address does not tell: "mine" in one that was sent on is the reader's.
    """

    project: str = ""
    status: str = "open"
    label: str = ""
    topic: str = ""
    recent: int = USUAL_HOURS
    start: str = ""
    end: str = ""
    search: str = ""
    sort: str = "balanced"
    assigned: str = ""
    me: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, Any], *, me: str = "") -> Self:
        """Take the filters out of an address or a form.

        Args:
            me: the name of who looks.

        Raises:
            BadFilterError: naming what cannot be used.
        """
        known = {
            name: " ".join(str(value).replace("\x00", "").split())
            for name, value in asked.items()
            if name in _NAMES and str(value).strip()
        }
        for name, choices in _CHOICES.items():
            if known.get(name, choices[0]) not in choices:
                raise BadFilterError(f"there is no {name} {known[name][:40]!r}; choose {_listed(choices)}")
        hours = known.pop("recent", str(USUAL_HOURS))
        if not hours.isascii() or not hours.isdigit() or len(hours) > 5:
            raise BadFilterError(f"{hours[:40]!r} is not a number of hours")
        made = cls(**known, recent=int(hours))
        made = replace(made, search=made.search[:MAX_SEARCH], me=me)
        first, last = made._bound(made.start), made._bound(made.end)
        if first and last and last <= first:
            raise BadFilterError(f"the range from {made.start} to {made.end} has no hour in it")
        return made

    def between(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """The hours asked for, ``[first, last)``; None where there is no bound."""
        first, last = self._bound(self.start), self._bound(self.end)
        if first is None and last is None and self.recent:
            # The current hour counts besides: its tweets are the freshest.
            return floor_hour(now) - timedelta(hours=self.recent), None
        return first, last

    def address(self, path: str = "/", **changes: Any) -> str:
        """The address of this list, with some filters changed or others (``after``) added."""
        own = {name: getattr(self, name) for name in _NAMES}
        own.update(changes)
        defaults = {each.name: each.default for each in fields(self)}
        changed = {name: value for name, value in own.items() if value != defaults.get(name, "") and value is not None}
        return f"{path}?{urlencode(changed)}" if changed else path

    @property
    def narrowed(self) -> int:
        """How many filters differ from the usual list (the order is no filter)."""
        usual = Filters()
        return sum(getattr(self, name) != getattr(usual, name) for name in _NAMES if name != "sort")

    @staticmethod
    def _bound(text: str) -> datetime | None:
        if not text:
            return None
        try:
            return parse_hour(text)
        except (ConfigurationError, OverflowError):
            raise BadFilterError(
                f"{text[:40]!r} is not an hour; write it like 2026-11-21T20:00 or 2026-11-21"
            ) from None


_NAMES = tuple(each.name for each in fields(Filters) if each.name != "me")


def recent_words(hours: int) -> str:
    """``Last 7 days``."""
    return RECENT.get(hours, f"Last {hours:,} hours")


def day_of(instant: datetime) -> tuple[str, str]:
    """``start`` and ``end`` of the day (UTC) that holds an instant."""
    day = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{day:%Y-%m-%dT%H:%M}", f"{day + 24 * HOUR:%Y-%m-%dT%H:%M}"


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(choice for choice in choices if choice)
