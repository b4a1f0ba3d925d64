"""How urgent a request is: who is granted first where several wait for one quota.

The queue of a quota is ordered by it (see ``ledger``); here are the values, and which one a run has.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum

from viral_assets.hours import HourRange

NEW_FOR = timedelta(hours=2)
"""How long after its end an hour counts as a new one: until the run of the next one should be over, so that a run that
starts late is as urgent."""


class Priority(IntEnum):
    """How urgent a request is; the smaller, the sooner. Stored in the database as its number."""

    PERSON = 0
    """Somebody waits for this answer in front of a screen."""
    NEWEST_HOUR = 1
    """A reply is worth less by the hour. Scripts have this priority too, unless they say otherwise: whoever started
    one waits for its end, and nothing is known about its tweets."""
    BACKGROUND = 2
    """Nobody waits: backfills, top-ups, old hours."""


def priority_of_run(hours: HourRange, now: datetime, *, in_background: bool) -> Priority:
    """How urgent a run is; never as urgent as a person who waits for one tweet.

    Args:
        hours: what the run is about.
        now: aware.
        in_background: whether something launched it that has time whatever its hours, as a backfill or a top-up.
    """
    if in_background or hours.end <= now - NEW_FOR:
        return Priority.BACKGROUND
    return Priority.NEWEST_HOUR
