"""How many requests of a window are kept for what will have to be asked again.

Where the last tweets use the window up, whatever fails waits for the next one, up to a minute. A request that is kept
makes the others a little larger, which takes seconds. Which is dearer depends on how often requests fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from viral_assets.generation.run.planning.failure_rate import at_most, at_risk
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackPlan
from viral_assets.generation.run.planning.stretch import Stretch
from viral_assets.quota.ledger import QuotaState

MOST_KEPT = 10
"""More are not kept, however often requests fail. Where a window allows hundreds, none has to be."""

SECONDS_OF_A_REQUEST = 1.0
"""What has been asked already is asked again in fewer requests, unless more of them end so much earlier for each: what
failed in one may come back in one."""


@dataclass(frozen=True, slots=True)
class LastRequests:
    """How a run could end within what is free now, all times in seconds from now.

    Args:
        requests: that are under way or will be, each of which may fail.
        end: when the last of them should have ended.
        once_more: how long one takes that asks again.
        kept: how many more requests are left then.
    """

    requests: int
    end: float
    once_more: float
    kept: int


def plan_with_reserve(
    plan: Callable[[QuotaState], PackPlan],
    quota: QuotaState,
    *,
    share: float,
    busy: Sequence[float],
    latency: Latency,
    request_seconds: float = 0.0,
    stretch: Stretch | None = None,
) -> PackPlan:
    """The plan that ends earliest on average, over what may fail: with fewer and larger requests where that pays.

    Where tweets wait for a later window anyway, nothing is kept: what fails is asked again together with them.

    Args:
        plan: makes one for a state of the quota.
        share: of the requests to come, those that probably fail.
        busy: seconds until each request now under way should end; they may fail too.
        request_seconds: how much earlier the end has to be for a request more to be worth it.
        stretch: packs beyond the usual cap, where they may be chosen.
    """
    best = plan(quota)
    if stretch is not None and (larger := stretch.instead_of(best, quota, under_way=len(busy))) is not None:
        plan, best = stretch.plan, larger
    if not share or not best.packs:
        return best
    near = sum(slot <= best.makespan for slot in quota.returning)
    # Free ones may be a million.
    near += quota.free if quota.blocked_for <= best.makespan else 0
    if len(best.packs) > near:
        return best
    later = quota.returning[max(0, near - quota.free) :]
    next_free = later[0] if later else best.packs[0].start + quota.window_seconds
    planned, earliest = best, math.inf
    for kept in range(min(near, MOST_KEPT + 1)):
        left = near - kept
        if len(planned.packs) > left:
            returning = quota.returning[: max(0, left - quota.free)]
            planned = plan(replace(quota, free=min(quota.free, left), returning=returning))
        if not planned.packs or len(planned.packs) > left:
            break
        once_more = latency.of(max(pack.tweets for pack in planned.packs))
        number, last_end = len(planned.packs), max(planned.makespan, *busy, 0.0)
        last = LastRequests(len(busy) + number, last_end, once_more, near - number)
        end = expected_end(last, share, next_free=next_free) + request_seconds * number
        if end < earliest:
            best, earliest = planned, end
    return best


def expected_end(last: LastRequests, share: float, *, next_free: float) -> float:
    """Seconds until everything has been answered, on average over what may fail.

    Args:
        share: of the requests, those that probably fail.
        next_free: seconds until the window has room for a request that is not kept now.
    """
    may_fail = at_risk(last.requests, share)
    none, enough = at_most(0, may_fail, share), at_most(last.kept, may_fail, share)
    late = max(last.end, next_free) + last.once_more
    return none * last.end + (enough - none) * (last.end + last.once_more) + (1 - enough) * late
