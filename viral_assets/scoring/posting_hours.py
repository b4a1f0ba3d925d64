"""When anybody is there to answer, and how much of a day's replies an hour may take.

An hour of tweets is there to be answered from its end on. So its end decides: whether it lies in the active hours, and
on which day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from viral_assets.hours import HOUR
from viral_assets.projects.engagement import Engagement

# The clocks of the world differ from UTC by less than this.
_FARTHEST = timedelta(hours=16)


class PostingHours:
    """Hours and days of one project. Windows are named by their first instant."""

    def __init__(self, engagement: Engagement) -> None:
        self._engagement, self._zone = engagement, engagement.zone
        self._active: dict[date, Sequence[datetime]] = {}

    def day(self, hour: datetime) -> date:
        """The day that an hour's replies count for."""
        return (hour + HOUR).astimezone(self._zone).date()

    def is_quiet(self, hour: datetime) -> bool:
        """Whether nobody is there to answer the tweets of an hour."""
        there, hours = (hour + HOUR).astimezone(self._zone), self._engagement.active_hours
        return self._engagement.is_quiet(there.date()) or (hours is not None and there.time() not in hours)

    def room(self, hour: datetime, chosen: Mapping[datetime, int], kept: Mapping[datetime, int]) -> int | None:
        """How many may be chosen in an hour of what the project answers in a day; None where there is no cap.

        Each active hour has an equal share, and what earlier ones left of theirs: by the ``k``-th of ``n``, the cap
        times ``k / n``, rounded up. So the night does not use up what the day is for, and an hour need not know the
        ones that come after it.

        Args:
            chosen: how many are chosen in other hours; only earlier ones matter.
            kept: how many cannot be taken back; only those in later hours matter.
        """
        cap = self._engagement.replies_per_day
        if cap is None:
            return None
        day = self.day(hour)
        before = sum(count for other, count in chosen.items() if other < hour and self.day(other) == day)
        after = sum(count for other, count in kept.items() if other > hour and self.day(other) == day)
        return max(0, min(self._share(hour, day, cap), cap - after) - before)

    def around(self, hour: datetime) -> tuple[datetime, datetime]:
        """Bounds ``[first, last)`` between which all hours of the hour's day lie."""
        middle = datetime.combine(self.day(hour), time(12), UTC)
        return middle - timedelta(hours=12) - _FARTHEST, middle + timedelta(hours=13) + _FARTHEST

    def _share(self, hour: datetime, day: date, cap: int) -> int:
        if day not in self._active:
            first, last = self.around(hour)
            hours = (first + number * HOUR for number in range(int((last - first) / HOUR)))
            self._active[day] = [each for each in hours if self.day(each) == day and not self.is_quiet(each)]
        active = self._active[day]
        if not active:
            return 0
        so_far = sum(each <= hour for each in active)
        return -(-cap * so_far // len(active))
