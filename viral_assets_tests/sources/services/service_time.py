"""A time that passes only when somebody sleeps, for tests of waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

from viral_assets.sources.services.common import Deadline


class SleepingTime:
    """Begins at ``now``; ``slept`` are the seconds of all sleeps together."""

    def __init__(self, now: datetime) -> None:
        self._start, self.slept = now, 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def deadline(self, seconds: float) -> Deadline:
        """Waits in this time."""
        return Deadline(seconds, clock=lambda: self.slept, sleep=self.sleep)
