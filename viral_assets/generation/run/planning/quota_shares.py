"""The part of a shared quota that one runner plans with, so that all of them end as early as possible."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping

from viral_assets.quota.ledger import Demand, QuotaState


def share_of(quota: QuotaState, runner: str, *, newcomer: int = 1, request_tokens: float = 0) -> QuotaState:
    """The part of the quota that a runner should plan with, when others have tweets to ask about too.

    Those with a higher priority are planned for first, with as many slots as they have tweets; those with a lower one
    plan with what is left, in fewer and larger requests, instead of being held up by what they did not expect. Among
    those of one priority, slots go to the runners in proportion to their demand, so that all of them compute the same
    shares without talking to each other, and so do tokens and what is left of the day. They are rounded by Adams's
    method, which makes the largest request of all runners as small as can be: that is what ends last. A plan is not
    binding: the ledger grants what is free.

    Args:
        newcomer: tweets assumed for a runner of this one's priority that has not said yet how many it wants; one of
            a higher priority wants at least one.
        request_tokens: what the runner's largest request counts. A share that is smaller would only make it ask in
            smaller requests, which count more tokens for each tweet.
    """
    me = next((each for each in quota.demand if each.runner == runner and each.tweets), None)
    if me is None:
        return quota
    before, demand = _wanted(quota, me, newcomer)
    if len(demand) < 2 and not before:
        return quota
    mine = [slot for slot, owner in slots_of(quota, me, newcomer=newcomer) if owner == runner]
    if not mine:
        # More runners than slots: each waits for its turn, and the ledger's queue decides when that is.
        mine = _next_slots(quota, before + sum(demand.values()))[-1:]
    free = sum(slot <= quota.blocked_for for slot in mine)
    part = part_of_day = demand[runner] / (before + sum(demand.values()))
    if quota.max_tokens is not None:
        part = min(1.0, max(part, request_tokens / quota.max_tokens))
    return QuotaState(
        max_requests=len(mine),
        window_seconds=quota.window_seconds,
        free=free,
        returning=tuple(mine[free:]),
        blocked_for=quota.blocked_for,
        max_tokens=None if quota.max_tokens is None else max(1, int(part * quota.max_tokens)),
        tokens_used=int(part * quota.tokens_used),
        token_releases=tuple((at, int(part * tokens)) for at, tokens in quota.token_releases),
        demand=quota.demand,
        arrivals=quota.arrivals,
        requests_today=None if quota.requests_today is None else math.ceil(part_of_day * quota.requests_today),
        usd_today=None if quota.usd_today is None else part_of_day * quota.usd_today,
        day_ends_in=quota.day_ends_in,
    )


def slots_of(quota: QuotaState, me: Demand, *, newcomer: int = 1) -> Iterator[tuple[float, str]]:
    """The slots of a window that go to runners of one priority, each with its owner: seconds from now, in order.

    Args:
        me: one of these runners.
        newcomer: see :func:`share_of`.
    """
    before, demand = _wanted(quota, me, newcomer)
    slots = _next_slots(quota, before + sum(demand.values()))
    return zip(slots[before:], _apportioned(demand), strict=False)


def _wanted(quota: QuotaState, me: Demand, newcomer: int) -> tuple[int, dict[str, int]]:
    """Tweets of those who are served before a runner, and of each of its priority."""
    before = sum(1 if each.tweets is None else each.tweets for each in quota.demand if each.priority < me.priority)
    equals = [each for each in quota.demand if each.priority == me.priority]
    return before, {each.runner: newcomer if each.tweets is None else each.tweets for each in equals}


def _next_slots(quota: QuotaState, wanted: int) -> list[float]:
    """When requests can be sent, as far as the window says. No more are needed than there are tweets."""
    slots = ([quota.blocked_for] * min(quota.free, wanted) + list(quota.returning))[:wanted]
    return slots + [quota.window_seconds] * (min(quota.max_requests, wanted) - len(slots))


def _apportioned(demand: Mapping[str, int]) -> Iterator[str]:
    """The owner of each next slot, for ever: who has none yet, then whose requests would be the largest."""
    heap = [(False, -float(tweets), order, name, 1) for order, (name, tweets) in enumerate(demand.items())]
    heapq.heapify(heap)
    while True:
        _, _, order, name, slots = heap[0]
        yield name
        heapq.heapreplace(heap, (True, -demand[name] / slots, order, name, slots + 1))
