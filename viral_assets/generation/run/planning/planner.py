"""How many tweets each request carries and when it can start: a pure function from the state of things to a plan.

The quota is the bottleneck, not the code: at R requests per window, one request per tweet needs N/R windows however
many run at once. So a request carries as many tweets as the quota forces, and no more, because answers about single
tweets are the best ones. The plan is the one with the earliest end:

- for a given deadline, a request that starts at ``t`` can carry ``(deadline - t - a) / b`` tweets, at most the cap,
  since a request about K tweets takes about ``a + b*K`` seconds;
- starting each request as early as quota and concurrency allow is best for every deadline;
- where tokens are short, a request can start earlier with fewer tweets, for which it needs fewer tokens, or wait for
  more tokens, of which requests about more tweets need less for each: the better of some ways between the two is taken;
- so the earliest deadline by which all tweets are carried is found by bisection.

Where that would be more requests than this process can begin within the time that the plan takes, its own time is what
is short: then requests begin so far apart as the process takes for one, and carry more tweets each, as they do where
the quota is short.

What is left of the day (``day``) bounds how many requests there can be and what they cost. Tweets that it has no room
for are no part of the plan.

Nothing is faster than the bound in :func:`~viral_assets.generation.run.planning.bound.lower_bound`, which has the
formula for requests, tokens, days and concurrency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viral_assets.generation.run.planning.day import fitting_today, paced
from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packer import CLOSE_ENOUGH, DeadlinePacker
from viral_assets.generation.run.planning.packs import Pack, PackGroup, PackPlan
from viral_assets.quota.ledger import QuotaState

LEAST_SHARES = (0.0, 0.3, 0.6)
"""Of the largest request: what the smallest ones carry that do not wait for tokens, in the ways that are tried."""

UNNOTICED_SECONDS = 0.1
"""This process may always take so long for what it does itself, so that some tweets never share a request for it."""


def plan(
    groups: Sequence[PackGroup],
    quota: QuotaState,
    *,
    concurrency: int,
    cap: int,
    latency: Latency,
    busy: Sequence[float] = (),
    exact: int | None = None,
    share: tuple[float, float] | None = None,
    own_seconds: float = 0.0,
) -> PackPlan:
    """Distribute the tweets of all groups over requests so that the last one ends as early as possible.

    Args:
        groups: what is to be asked, a group a project.
        quota: the state of the window, and what is left of the day.
        concurrency: requests under way at once, at least 1.
        cap: tweets per request at most.
        latency: see :class:`Latency`.
        busy: seconds until each request now under way should end.
        exact: ask for exactly so many tweets a request instead of as few as the quota allows.
        share: requests and USD of the day that should be enough, if larger requests do it
            (:func:`~viral_assets.generation.run.planning.day.paced`).
        own_seconds: what a request takes of this process's own time; 0 where that need not be counted.
    """
    if exact is not None:
        cap, groups = exact, [replace(group, cap=None) for group in groups]
    today = fitting_today(groups, quota, cap)
    waiting = tuple(group.tweets - fit for group, fit in zip(groups, today.tweets, strict=True)) if today.reason else ()
    total = sum(today.tweets)
    if total == 0:
        return PackPlan((), 0.0, waiting, today.reason)
    packer = DeadlinePacker(
        [replace(group, tweets=fit) for group, fit in zip(groups, today.tweets, strict=True)],
        quota if share is None else paced(quota, today, share),
        min(max(1, concurrency), total + len(busy)),
        cap,
        latency,
        tuple(busy),
        always_full=exact is not None,
    )
    end, packs = _earliest(packer)
    if exact is None and len(packs) * own_seconds > max(end - packs[0].start, UNNOTICED_SECONDS):
        packer = replace(packer, apart=own_seconds)
        end, packs = _earliest(packer)
    if quota.max_tokens is not None and exact is None:
        # Only where tokens are what is waited for can another way be better.
        for least in sorted({max(1, round(part * cap)) for part in LEAST_SHARES} - {cap}):
            sooner = end * (1 - CLOSE_ENOUGH)
            if (found := packer.pack_until(sooner, least)) is not None:
                end, packs = packer.earliest(0.0, sooner, found, least)
    return PackPlan(tuple(packs), max(pack.start + latency.of(pack.tweets) for pack in packs), waiting, today.reason)


def _earliest(packer: DeadlinePacker) -> tuple[float, list[Pack]]:
    """The earliest end, about, and its packs."""
    # Nothing ends before that; where nothing is short, everything does by then.
    low = high = packer.quota.blocked_for + packer.latency.of(1)
    while (packs := packer.pack_until(high, packer.cap)) is None:
        low, high = high, 2 * high
    return packer.earliest(low, high, packs, packer.cap)
