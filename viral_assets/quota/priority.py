"""How urgent a request is: who is granted first where several wait for one quota.

Those who wait are served by priority, and those of one priority in the order in which they asked. Who has waited for
:data:`AGED_AFTER_WINDOWS` counts as first, so that the low are served too, however much comes in above them: from then
on nobody overtakes who asks later. What a ledger does with it is in ``memory`` and ``statements``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum

from viral_assets.hours import HourRange

AGED_AFTER_WINDOWS = 2
"""How many windows a waiter may be passed over. A run that is alone with its quota waits for one window at most, so
one that has waited for two has lost its turn to others for a whole window. With a request in two windows, the lowest
costs the urgent ones a thirtieth of a quota of 15."""

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


def aged_since(now: float, window_seconds: float) -> float:
    """Who waits since that moment or longer counts as first."""
    return now - AGED_AFTER_WINDOWS * window_seconds


def place_in_queue(priority: Priority, asked_at: float, aged: float) -> tuple[int, float]:
    """Places compare: the smaller one is served first.

    Args:
        asked_at: since when it waits, in epoch seconds.
        aged: see :func:`aged_since`.
    """
    return (Priority.PERSON if asked_at <= aged else priority), asked_at
