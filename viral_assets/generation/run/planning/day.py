"""What is left of the day: the tweets that it has room for, and the part of it that one of its hours may use.

A day's requests and budget are not a matter of when but of whether: where they are short, requests carry as much as
they can, and the least promising tweets wait for another day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from viral_assets.generation.run.planning.packs import PackGroup, fewest_requests
from viral_assets.quota.ledger import QuotaState

REQUESTS = "the requests left today are not enough"
BUDGET = "what is left of today's budget is not enough"
"""Why tweets wait, for people."""

HOUR_SECONDS = 3600.0

_ROUNDING = 1e-9
"""USD. Sums of prices are not exact."""


@dataclass(frozen=True, slots=True)
class DayCapacity:
    """The tweets of each group that today has room for in requests that are as large as can be, how many requests and
    how much money that takes at least, and why it is not all of them."""

    tweets: tuple[int, ...]
    requests: int
    usd: float
    reason: str


def fitting_today(groups: Sequence[PackGroup], quota: QuotaState, cap: int) -> DayCapacity:
    """What today has room for.

    Groups take turns, each with its best tweets that are left, so that of all of them the least promising wait.

    Args:
        groups: what is to be asked.
        quota: what is left.
        cap: tweets per request at most.
    """
    largest = [group.largest_pack(cap, quota.max_tokens) for group in groups]
    requests = math.inf if quota.requests_today is None else quota.requests_today
    usd = math.inf if quota.usd_today is None else quota.usd_today + _ROUNDING
    needed = fewest_requests(groups, cap, quota.max_tokens)
    cost = sum(_usd(group, group.tweets, most) for group, most in zip(groups, largest, strict=True))
    if needed <= requests and cost <= usd:
        return DayCapacity(tuple(group.tweets for group in groups), needed, cost, "")
    fit = [0] * len(groups)
    used, spent, reason = 0, 0.0, ""
    waiting = {number for number, group in enumerate(groups) if group.tweets}
    while waiting:
        number = min(waiting, key=lambda each: (fit[each], each))
        group = groups[number]
        tweets = min(largest[number], group.tweets - fit[number])
        if used + 1 > requests:
            reason = REQUESTS
            break
        if spent + group.usd_of(tweets) > usd:
            reason = reason or BUDGET
            tweets = _affordable(group, usd - spent, tweets)
            waiting.discard(number)
        if tweets:
            fit[number] += tweets
            used, spent = used + 1, spent + group.usd_of(tweets)
        if fit[number] == group.tweets:
            waiting.discard(number)
    return DayCapacity(tuple(fit), used, spent, reason)


def share_of_this_hour(quota: QuotaState) -> tuple[float, float]:
    """The requests and the USD of one of the hours that are left of the day, the present one included."""
    hours = max(1, math.ceil(quota.day_ends_in / HOUR_SECONDS))
    requests = math.inf if quota.requests_today is None else math.ceil(quota.requests_today / hours)
    usd = math.inf if quota.usd_today is None else quota.usd_today / hours
    return requests, usd


def paced(quota: QuotaState, today: DayCapacity, share: tuple[float, float]) -> QuotaState:
    """The quota with no more of the day than an hour's share, where that takes nothing but larger requests.

    A share never makes a tweet wait that today has room for: a request that is not asked for is lost at midnight, and
    hours to come may bring nothing.

    Args:
        today: what there is room for.
        share: requests and USD.
    """
    requests, usd = share
    least = max(requests, today.requests)
    if quota.requests_today is not None and least < quota.requests_today:
        quota = replace(quota, requests_today=int(least))
    if quota.usd_today is not None:
        quota = replace(quota, usd_today=min(quota.usd_today, max(usd, today.usd)))
    return quota


def _usd(group: PackGroup, tweets: int, largest: int) -> float:
    return math.ceil(tweets / largest) * group.usd_fixed + tweets * group.usd_per_tweet


def _affordable(group: PackGroup, usd: float, most: int) -> int:
    if usd < group.usd_of(1):
        return 0
    return min(most, math.floor((usd - group.usd_fixed) / group.usd_per_tweet)) if group.usd_per_tweet else most
