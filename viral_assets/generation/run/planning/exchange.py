"""Which runs share requests: those whose tweets do not fit into their part of the window give some to those whose
requests have room, where all of them together fit.

Slots of a window go to runs one by one, so a run may have one request for ten tweets beside others with two each, and
of thirty runs with one tweet each only fifteen have a request at all. Every run computes the same exchange from what
all of them have announced. A pure function; what it says is offered and taken in ``run/sharing``.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import PackGroup
from viral_assets.generation.run.planning.quota_shares import slots_of
from viral_assets.quota.ledger import Demand, QuotaState

NEAR_SECONDS = 2.0
"""A slot that comes back so soon is as good as free."""


WORTH_SECONDS = 1.0
"""So much earlier the last run has to end. An exchange takes tenths of a second, and sometimes nobody takes part."""


@dataclass(frozen=True, slots=True)
class TweetExchange:
    """What one run gives to others and takes from them.

    Args:
        size: tweets that each request should be about, those of others included; 0 where nothing is exchanged.
        give: tweets that its own requests have no room for; all, where it has none.
        take: tweets of others that its requests are needed for.
        may_wait_together: all who could share a request would fit into one window.
    """

    size: int = 0
    give: int = 0
    take: int = 0
    may_wait_together: bool = False


NOTHING = TweetExchange()


def exchange_of(
    quota: QuotaState, runner: str, *, cap: int, newcomer: int, group: PackGroup, latency: Latency
) -> TweetExchange:
    """What a run exchanges with those that it may share requests with.

    Args:
        quota: of all runs together.
        cap: tweets per request at most.
        newcomer: see :func:`~viral_assets.generation.run.planning.quota_shares.share_of`.
        group: what tweets and requests of the run count, and those of the others too.
        latency: of a request.
    """
    me = next((each for each in quota.demand if each.runner == runner and each.tweets), None)
    if me is None or not me.sharing:
        return NOTHING
    alike = {each.runner: each.tweets for each in quota.demand if each.tweets and _may_share(each, me)}
    total, cap = sum(alike.values()), group.largest_pack(cap, quota.max_tokens)
    if len(alike) < 2 or total <= quota.free or total > cap * quota.max_requests:
        return NOTHING
    waiting = TweetExchange(may_wait_together=_has_tokens(quota, group, quota.max_requests, total))
    near = Counter(owner for at, owner in slots_of(quota, me, newcomer=newcomer) if at <= NEAR_SECONDS)
    requests = sum(near[each] for each in alike)
    if not requests or quota.blocked_for:
        return waiting
    size = math.ceil(total / requests)
    if size > cap or not _has_tokens(quota, group, requests, total, used=quota.tokens_used):
        return waiting
    longest = max(math.inf if not near[each] else math.ceil(tweets / near[each]) for each, tweets in alike.items())
    if (longest - size) * latency.per_tweet < WORTH_SECONDS:
        return waiting
    too_many = sum(max(0, tweets - size * near[each]) for each, tweets in alike.items())
    for each, tweets in alike.items():
        room = min(too_many, max(0, size * near[each] - tweets))
        if each == runner:
            return replace(waiting, size=size, give=max(0, tweets - size * near[each]), take=room)
        too_many -= room
    return waiting


def _may_share(one: Demand, other: Demand) -> bool:
    return one.sharing == other.sharing and one.priority == other.priority


def _has_tokens(quota: QuotaState, group: PackGroup, requests: int, tweets: int, *, used: int = 0) -> bool:
    if quota.max_tokens is None:
        return True
    needed = min(requests, tweets) * group.tokens_fixed + tweets * group.tokens_per_tweet
    return needed <= quota.max_tokens - used
