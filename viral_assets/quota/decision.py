"""Whether a request may be sent now, and else when: pure functions over what a window holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from viral_assets.errors import QuotaError
from viral_assets.quota.ledger import Arrival, Decision, Demand, Exhausted, Granted, QuotaState, Waiting
from viral_assets.quota.limits import Limits, PacificDay
from viral_assets.quota.priority import AGED_AFTER_WINDOWS, Priority
from viral_assets.text.amounts import how_many

STATED_FOR_WINDOWS = 15
"""How long a limit that the service states holds before the configured one is tried again, in windows; and the longest
that one holds which was inferred from refusals."""

REFUSALS_THAT_TEACH = 2
"""In a row. One may be chance."""

SHORTEST_WAIT_SECONDS = 0.001

TOLD_APART_SECONDS = 1e-6
"""Moments that are closer are one, as far as numbers of seconds since the epoch go."""

RECHECKS_PER_WINDOW = 20
"""With tokens to be refunded, a waiter looks again after this part of a window at the latest."""

NOT_WORTH_WAITING_SECONDS = 900.0
"""Who is blocked for longer than this ends for now; a later run goes on."""

LEARNS_BELOW = 0.75
"""A service that accepted more than this share of the limit only disagrees about when the window began."""


@dataclass(frozen=True, slots=True)
class QuotaUsage:
    """What counts at one moment. Times in seconds, all by one clock; ``ahead_*`` is what those in front will take, and
    ``ages_at`` when nobody who asked later is in front any more.

    ``day_cost_usd`` is the spending of all that share the budget, requests and tokens are this quota's own.
    """

    now: float
    day: PacificDay
    window_requests: int
    window_tokens: int
    day_requests: int = 0
    day_tokens: int = 0
    day_cost_usd: float = 0.0
    blocked_until: float = 0.0
    block_reason: str = ""
    learned_requests: int | None = None
    learned_until: float = 0.0
    ahead_requests: int = 0
    ahead_tokens: int = 0
    ages_at: float = math.inf

    def allowed_requests(self, limits: Limits) -> int:
        """The configured limit, or the lower one that the service was seen to apply."""
        if self.learned_requests is None or self.now >= self.learned_until:
            return limits.max_requests
        return min(limits.max_requests, self.learned_requests)

    def with_one_more(self, tokens: int, cost_usd: float | None) -> QuotaUsage:
        """The same when a request has been granted besides."""
        return replace(
            self,
            window_requests=self.window_requests + 1,
            window_tokens=self.window_tokens + tokens,
            day_requests=self.day_requests + 1,
            day_tokens=self.day_tokens + tokens,
            day_cost_usd=self.day_cost_usd + (cost_usd or 0.0),
        )


Amount = TypeVar("Amount", int, float)

Releases = Callable[[], Iterable[tuple[float, int]]]
"""The window's grants as (granted_at, tokens), oldest first. Called only when something has to leave first."""


def check_possible(limits: Limits, tokens: int, cost_usd: float | None) -> None:
    """Refuse at once what no waiting can make possible.

    Raises:
        QuotaError: the request alone is larger than a limit, or its cost cannot be held against the budget.
    """
    if limits.max_tokens is not None and tokens > limits.max_tokens:
        raise QuotaError(f"one request needs {tokens} tokens, the quota allows {limits.max_tokens} per window")
    if limits.daily_budget_usd is not None:
        if cost_usd is None:
            raise QuotaError("a daily budget needs a known price: add the model to the price table or drop the budget")
        if cost_usd > limits.daily_budget_usd:
            raise QuotaError(
                f"one request costs about {cost_usd:.6f} USD, more than the daily budget of "
                f"{limits.daily_budget_usd:g} USD"
            )


def decide(limits: Limits, usage: QuotaUsage, tokens: int, cost_usd: float | None, releases: Releases) -> Decision:
    """Grant, or say how long to wait.

    Source of the rules: the sliding windows of https://ai.google.dev/gemini-api/docs/rate-limits, each of which must
    hold at the same time. Those in front in the queue are served first, so they count as if they had been granted.
    """
    until_tomorrow = usage.day.end - usage.now
    if limits.requests_per_day is not None and usage.day_requests + 1 > limits.requests_per_day:
        requests = how_many(limits.requests_per_day, "request is", "requests are")
        return Exhausted(until_tomorrow, f"the day's {requests} used up")
    if limits.daily_budget_usd is not None and usage.day_cost_usd + (cost_usd or 0.0) > limits.daily_budget_usd:
        return Exhausted(until_tomorrow, f"the day's budget of {limits.daily_budget_usd:g} USD is used up")
    blocked_for = usage.blocked_until - usage.now
    if blocked_for > 0:
        # A block that ends with the day was set because the day's quota is used up; an ordinary one may last past
        # midnight and is waited for.
        today = usage.blocked_until == usage.day.end or blocked_for > NOT_WORTH_WAITING_SECONDS
        return Exhausted(blocked_for, usage.block_reason) if today else Waiting(blocked_for, usage.block_reason)

    surplus_requests = usage.window_requests + usage.ahead_requests + 1 - usage.allowed_requests(limits)
    surplus_tokens = 0
    if limits.max_tokens is not None:
        surplus_tokens = usage.window_tokens + usage.ahead_tokens + tokens - limits.max_tokens
    if surplus_requests <= 0 and surplus_tokens <= 0:
        return Granted()
    for_requests, for_tokens = _waits(surplus_requests, surplus_tokens, usage.now, limits, releases)
    # Estimates are given back when answers arrive, so tokens may be free earlier than the window says.
    for_tokens = min(for_tokens, limits.window_seconds / RECHECKS_PER_WINDOW)
    if usage.ahead_requests and usage.ages_at > usage.now:
        # From then on others wait for this one, so it has to be there.
        for_requests = min(for_requests, usage.ages_at - usage.now)
    if for_tokens > for_requests:
        return Waiting(max(for_tokens, SHORTEST_WAIT_SECONDS), "tokens of the window are used up")
    return Waiting(max(for_requests, SHORTEST_WAIT_SECONDS), "requests of the window are used up")


def _waits(
    surplus_requests: int, surplus_tokens: int, now: float, limits: Limits, releases: Releases
) -> tuple[float, float]:
    """Seconds until enough requests have left the window, and enough tokens; a whole window where that is not known."""
    window = limits.padded_window_seconds
    for_requests = window if surplus_requests > 0 else 0.0
    for_tokens = window if surplus_tokens > 0 else 0.0
    for granted_at, released in releases():
        leaves_in = granted_at + window - now
        if surplus_requests > 0:
            surplus_requests -= 1
            for_requests = leaves_in if surplus_requests == 0 else for_requests
        if surplus_tokens > 0:
            surplus_tokens -= released
            for_tokens = leaves_in if surplus_tokens <= 0 else for_tokens
        if surplus_requests <= 0 and surplus_tokens <= 0:
            break
    return for_requests, for_tokens


def ages_at(limits: Limits, priority: Priority, asked_at: float) -> float:
    """When a waiter counts as first; never where it does so from the beginning."""
    if priority is Priority.PERSON:
        return math.inf
    return asked_at + AGED_AFTER_WINDOWS * limits.padded_window_seconds + TOLD_APART_SECONDS


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """Requests in a window that a service was seen to allow, until when that is believed (epoch seconds), and for how
    many windows."""

    requests: int
    until: float
    windows: int


def learned_limit(
    limits: Limits, now: float, *, stated: int | None, in_a_row: int, accepted: int, before: LearnedLimit | None
) -> LearnedLimit | None:
    """The lower limit that the service seems to apply; None where nothing is learnt.

    What it states is believed for long. What is inferred may be somebody else's use of the same quota: it takes two
    refusals in a row, and the configured limit is tried again after a window. If that is refused, once is enough, and
    what has proved true is believed for twice as long each time.

    Args:
        stated: what the service says it allows.
        in_a_row: refusals that tell of the limit, one after the other.
        accepted: requests that it accepted in the window in which it refused one.
        before: what was learnt the last time.
    """
    if stated is not None and stated < limits.max_requests:
        return LearnedLimit(stated, now + STATED_FOR_WINDOWS * limits.window_seconds, STATED_FOR_WINDOWS)
    if not in_a_row or not 0 < accepted <= LEARNS_BELOW * limits.max_requests:
        # Where nothing was accepted, somebody else has used it all, which says nothing about the limit.
        return None
    if before is not None and now < before.until:
        windows = before.windows
    elif before is not None and now < before.until + before.windows * limits.window_seconds:
        windows = min(2 * before.windows, STATED_FOR_WINDOWS)
    elif in_a_row >= REFUSALS_THAT_TEACH:
        windows = 1
    else:
        return None
    return LearnedLimit(accepted, now + windows * limits.window_seconds, windows)


def planner_state(
    limits: Limits,
    usage: QuotaUsage,
    grants: Iterable[tuple[float, int]],
    demand: Iterable[Demand],
    arrivals: tuple[Arrival, ...] = (),
) -> QuotaState:
    """The window as a planner sees it. ``grants`` are the window's (granted_at, tokens), oldest first."""
    window = limits.padded_window_seconds
    allowed = usage.allowed_requests(limits)
    blocked = max(0.0, usage.blocked_until - usage.now)
    leaving = [(max(blocked, at + window - usage.now), tokens) for at, tokens in grants]
    # With more in the window than allowed (the limit was lowered), the first to leave free nothing.
    surplus = max(0, usage.window_requests - allowed)
    return QuotaState(
        max_requests=allowed,
        window_seconds=window,
        free=max(0, allowed - usage.window_requests),
        returning=tuple(seconds for seconds, _ in leaving[surplus:]),
        blocked_for=blocked,
        max_tokens=limits.max_tokens,
        tokens_used=usage.window_tokens,
        token_releases=tuple(leaving) if limits.max_tokens is not None else (),
        demand=tuple(demand),
        arrivals=arrivals,
        requests_today=_left_of(limits.requests_per_day, usage.day_requests),
        usd_today=_left_of(limits.daily_budget_usd, usage.day_cost_usd),
        day_ends_in=usage.day.end - usage.now,
    )


def _left_of(limit: Amount | None, used: Amount) -> Amount | None:
    """What is left of a day's limit; None without one."""
    return None if limit is None else max(limit - used, type(limit)(0))
