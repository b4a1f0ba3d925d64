"""Room for runs that come late: who comes when all slots of a window are used waits for almost a minute, for want of
one slot that others could have spared with somewhat larger requests.

A run that is alone takes what it needs. Only where others have come late before, in this window or usually at this
time, it shares what it found free with as many as are still expected, and never leaves so much that its own tweets do
not fit into the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from viral_assets.quota.ledger import Arrival, QuotaState

USUAL_AFTER_HOURS = 3
"""So many hours in a row somebody came late at this time: it will be so again."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Slots that a run leaves free until a moment on its clock."""

    slots: int = 0
    until: float = -math.inf


def with_room_for_late_starters(
    quota: QuotaState, runner: str, reserve: Reserve, *, tweets: int, cap: int, now: float
) -> tuple[QuotaState, Reserve]:
    """The quota to plan with, and what is left free for the rest of the window.

    Args:
        quota: the run's share.
        reserve: what the plan before this one left free: a run that goes on does not leave half of its half.
        tweets: that the run wants to ask about.
        cap: tweets per request at most.
        now: by the run's clock.
    """
    if now >= reserve.until:
        mine = math.ceil(quota.free / (1 + late_starters(quota, runner)))
        reserve = Reserve(quota.free - mine, now + quota.window_seconds)
    left = min(reserve.slots, quota.free - math.ceil(tweets / cap))
    return (replace(quota, free=quota.free - left) if left > 0 else quota), reserve


def late_starters(quota: QuotaState, runner: str) -> int:
    """How many more runs are to be expected in this window: as many as usually come at this time or, where nobody does,
    one if this run came late itself."""
    window = quota.window_seconds
    came = [each for each in quota.arrivals if each.joined > -2 * window]
    me = next((each for each in came if each.runner == runner), None)
    i_was_late = me is not None and any(_was_late(me, other, window) for other in came if other.elsewhere)
    before_me = sum(me is not None and me.joined - window < each.joined < me.joined for each in came)
    usual = min(_number_late(quota.arrivals, -3_600.0 * hours, window) for hours in range(1, USUAL_AFTER_HOURS + 1))
    return max(usual - before_me, 0) if usual else int(i_was_late)


def _was_late(one: Arrival, other: Arrival, window: float) -> bool:
    """Whether the other had been granted something in the same window when it joined."""
    return other.began is not None and other.began < one.joined < other.began + window


def _number_late(arrivals: Iterable[Arrival], at: float, window: float) -> int:
    """How many came late around a moment."""
    around = [each for each in arrivals if abs(each.joined - at) <= window]
    return sum(any(_was_late(one, other, window) for other in around) for one in around)
