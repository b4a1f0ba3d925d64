"""Room for runs that come late: who comes when all slots of a window are used waits for almost a minute, for want of
one slot that others could have spared with somewhat larger requests.

A run that finds the window empty takes what it needs. Where others usually come late at this time, it shares what it
found free with as many as are still expected. Where nobody usually does but it came late itself, more may follow: it
takes so many requests that all of them end earliest on average. It never leaves so much that its own tweets do not fit
into the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from viral_assets.generation.run.planning.latency import Latency
from viral_assets.quota.ledger import Arrival, QuotaState

USUAL_AFTER_HOURS = 3
"""So many hours in a row somebody came late at this time: it will be so again."""

MOST_EXPECTED = 10
"""Room for more is not left, however many have come: where a window allows hundreds, there is some anyway."""


@dataclass(frozen=True, slots=True)
class SlotReserve:
    """Slots that a run leaves free until a moment on its clock."""

    slots: int = 0
    until: float = -math.inf


def with_room_for_late_starters(
    quota: QuotaState, runner: str, reserve: SlotReserve, *, tweets: int, cap: int, latency: Latency, now: float
) -> tuple[QuotaState, SlotReserve]:
    """The quota to plan with, and what is left free for the rest of the window.

    Args:
        quota: the run's share.
        reserve: what the plan before this one left free: a run that goes on does not leave half of its half.
        tweets: that the run wants to ask about.
        cap: tweets per request at most.
        latency: of a request.
        now: by the run's clock.
    """
    if now >= reserve.until:
        if (expected := usually_expected(quota, runner)) is not None:
            mine = math.ceil(quota.free / (1 + expected))
        else:
            came = number_come(quota, runner)
            mine = slots_worth_taking(quota, tweets, came=came, cap=cap, latency=latency) if came > 1 else quota.free
        reserve = SlotReserve(quota.free - mine, now + quota.window_seconds)
    left = min(reserve.slots, quota.free - math.ceil(tweets / cap))
    return (replace(quota, free=quota.free - left) if left > 0 else quota), reserve


def slots_worth_taking(quota: QuotaState, tweets: int, *, came: int, cap: int, latency: Latency) -> int:
    """How many of the free slots a run should take, so that all end earliest on average, it and those who may come.

    Whoever comes is taken to have as much to do as this one, and either finds the few slots that it needs at least, or
    waits for the first that comes back. How many will come is judged by how many have: of runs that are ``came``
    already, at least j more come ``came`` times out of ``came + j``.

    Args:
        came: runs that have come in this window, this one included.
        cap: tweets per request at most.
        latency: of a request.
    """
    needed = math.ceil(tweets / cap)
    if needed >= quota.free:
        return quota.free
    until_next = quota.returning[0] if quota.returning else quota.window_seconds
    late = until_next + _seconds(quota.max_requests, tweets, latency)
    spared = max(0.0, late - _seconds(needed, tweets, latency))

    def expected(mine: int) -> float:
        served = min(MOST_EXPECTED, (quota.free - mine) // needed)
        return _seconds(mine, tweets, latency) - spared * sum(came / (came + each) for each in range(1, served + 1))

    return min(range(needed, min(quota.free, tweets) + 1), key=expected)


def usually_expected(quota: QuotaState, runner: str) -> int | None:
    """How many more runs are to be expected in this window: as many as usually come late at this time. None where
    nobody usually does."""
    window, me = quota.window_seconds, _arrival_of(quota, runner)
    before_me = sum(me is not None and me.joined - window < each.joined < me.joined for each in quota.arrivals)
    usual = min(_number_late(quota.arrivals, -3_600.0 * hours, window) for hours in range(1, USUAL_AFTER_HOURS + 1))
    return max(usual - before_me, 0) if usual else None


def number_come(quota: QuotaState, runner: str) -> int:
    """How many runs have come in this window up to one that came late, itself included; 1 for one that did not."""
    window, me = quota.window_seconds, _arrival_of(quota, runner)
    if me is None or me.joined <= -window:
        return 1
    others = [each for each in quota.arrivals if each.elsewhere]
    came = sum(_was_late(me, each, window) or me.joined - window < each.joined < me.joined for each in others)
    return 1 + came if any(_was_late(me, each, window) for each in others) else 1


def _seconds(requests: int, tweets: int, latency: Latency) -> float:
    """How long so many take that are sent at once."""
    return latency.of(math.ceil(tweets / requests))


def _arrival_of(quota: QuotaState, runner: str) -> Arrival | None:
    return next((each for each in quota.arrivals if each.runner == runner), None)


def _was_late(one: Arrival, other: Arrival, window: float) -> bool:
    """Whether the other had been granted something in the same window when it joined."""
    return other.began is not None and other.began < one.joined < other.began + window


def _number_late(arrivals: Iterable[Arrival], at: float, window: float) -> int:
    """How many came late around a moment."""
    around = [each for each in arrivals if abs(each.joined - at) <= window]
    return sum(any(_was_late(one, other, window) for other in around) for one in around)
