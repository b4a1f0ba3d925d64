"""How many tweets each request carries and when it can start: a pure function from the state of things to a plan.

The quota is the bottleneck, not the code: at R requests per window, one request per tweet needs N/R windows however
many run at once. So a request carries as many tweets as the quota forces, and no more, because answers about single
tweets are the best ones. The plan is the one with the earliest end:

- for a given deadline, a request that starts at ``t`` can carry ``(deadline - t - a) / b`` tweets, at most the cap,
  since a request about K tweets takes about ``a + b*K`` seconds;
- starting each request as early as quota and concurrency allow is best for every deadline;
- so the earliest deadline by which all tweets are carried is found by bisection.

Nothing is faster than the bound in :func:`lower_bound`.
"""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

from viral_assets.generation.run.planning.latency import Latency
from viral_assets.quota.ledger import QuotaState

CLOSE_ENOUGH = 0.005
"""The bisection stops when the deadline is known to this share."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tweets that may share a request: those of one project, which have one voice and one system instruction.

    ``tokens_fixed`` is what each of its requests counts in the token window besides ``tokens_per_tweet`` for each of
    its tweets. ``cap`` is a limit of tweets per request that is lower than the plan's.
    """

    tweets: int
    tokens_fixed: float = 0.0
    tokens_per_tweet: float = 0.0
    cap: int | None = None

    def tokens_of(self, tweets: int) -> float:
        """What its largest request counts that asks about at most so many."""
        return self.tokens_fixed + self.tokens_per_tweet * min(tweets, self.cap or tweets)


@dataclass(frozen=True, slots=True)
class Pack:
    """A request to come: about ``tweets`` tweets of group number ``group``, not before ``start`` seconds from now."""

    group: int
    tweets: int
    start: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The packs in the order of their start, and the seconds from now until the last one should have ended."""

    packs: tuple[Pack, ...]
    makespan: float


def plan(
    groups: Sequence[Group],
    quota: QuotaState,
    *,
    concurrency: int,
    cap: int,
    latency: Latency,
    busy: Sequence[float] = (),
    exact: int | None = None,
) -> Plan:
    """Distribute the tweets of all groups over requests so that the last one ends as early as possible.

    Args:
        groups: what is to be asked, a group a project.
        quota: the state of the window.
        concurrency: requests under way at once, at least 1.
        cap: tweets per request at most.
        latency: see :class:`Latency`.
        busy: seconds until each request now under way should end.
        exact: ask for exactly so many tweets a request instead of as few as the quota allows.
    """
    total = sum(group.tweets for group in groups)
    if total == 0:
        return Plan((), 0.0)
    cap = exact or cap
    fits = _DeadlinePacker(groups, quota, max(1, concurrency), cap, latency, tuple(busy), always_full=exact is not None)
    low, high = 0.0, latency.of(1) + max([quota.blocked_for, *busy])
    while (packs := fits.pack_until(high)) is None:
        low, high = high, 2 * high
    while high - low > CLOSE_ENOUGH * high:
        middle = (low + high) / 2
        earlier = fits.pack_until(middle)
        if earlier is None:
            low = middle
        else:
            high, packs = middle, earlier
    return Plan(tuple(packs), max(pack.start + latency.of(pack.tweets) for pack in packs))


@dataclass(frozen=True, slots=True)
class _DeadlinePacker:
    """Packs for a deadline: each request as early as possible, with as much as it can carry by then."""

    groups: Sequence[Group]
    quota: QuotaState
    concurrency: int
    cap: int
    latency: Latency
    busy: tuple[float, ...]
    always_full: bool

    def pack_until(self, deadline: float) -> list[Pack] | None:
        """None when not all tweets are done by the deadline."""
        left = [group.tweets for group in self.groups]
        workers = [*self.busy, *([0.0] * (self.concurrency - len(self.busy)))]
        heapq.heapify(workers)
        while len(workers) > self.concurrency:
            heapq.heappop(workers)
        packs: list[Pack] = []
        tokens = _TokenWindow(self.quota)
        starts: list[float] = []
        while any(left):
            number = left.index(max(left))
            group = self.groups[number]
            start = max(self._slot(starts), workers[0])
            room = math.floor((deadline - start - self.latency.fixed) / self.latency.per_tweet + 1e-9)
            if room < 1:
                return None
            cap = self.cap if self.always_full else min(self.cap, group.cap or self.cap, room)
            tweets = min(left[number], cap, tokens.largest_pack(group))
            start = tokens.start(start, group.tokens_fixed + tweets * group.tokens_per_tweet)
            end = start + self.latency.of(tweets)
            if end > deadline + 1e-6:
                # Waiting for tokens took time: fewer tweets might still be done by then, but not all of them.
                return None
            heapq.heapreplace(workers, end)
            starts.append(start)
            left[number] -= tweets
            packs.append(Pack(number, tweets, start))
        return packs

    def _slot(self, starts: list[float]) -> float:
        """When the quota allows the request after those that begin at ``starts``."""
        index = len(starts)
        if index < self.quota.free:
            return self.quota.blocked_for
        index -= self.quota.free
        if index < len(self.quota.returning):
            return self.quota.returning[index]
        index -= len(self.quota.returning)
        if index < len(starts):
            return starts[index] + self.quota.window_seconds
        return self.quota.window_seconds


class _TokenWindow:
    """The sliding window of tokens, ahead of time."""

    def __init__(self, quota: QuotaState) -> None:
        self._limit = quota.max_tokens
        self._window = quota.window_seconds
        self._used = float(quota.tokens_used)
        self._leaving: list[tuple[float, float]] = sorted(quota.token_releases)
        self._last = 0.0

    def largest_pack(self, group: Group) -> int:
        """Tweets of the group that fit into one request at all (1 at least: what cannot be is refused elsewhere)."""
        if self._limit is None or group.tokens_per_tweet <= 0:
            return group.tweets
        return max(1, math.floor((self._limit - group.tokens_fixed) / group.tokens_per_tweet))

    def start(self, earliest: float, tokens: float) -> float:
        """When a request of so many tokens may begin; from then on they count."""
        if self._limit is None:
            return earliest
        start = max(earliest, self._last)
        while self._leaving and (self._leaving[0][0] <= start or self._used + tokens > self._limit):
            at, released = self._leaving.pop(0)
            self._used -= released
            start = max(start, at)
        self._used += tokens
        self._last = start
        insort(self._leaving, (start + self._window, tokens))
        return start


def lower_bound(
    tweets: int, *, max_requests: int, window_seconds: float, concurrency: int, cap: int, latency: Latency
) -> float:
    """Seconds below which no plan can end, starting with an empty window, if a full request takes less than one.

    With W full windows before the last one, which has ``rest`` tweets left: the last window's largest request; the
    whole work on all workers; the last window's work on all workers.
    """
    if tweets <= 0:
        return 0.0
    windows = math.ceil(tweets / (max_requests * cap)) - 1
    rest = tweets - max_requests * windows * cap
    a, b = latency.fixed, latency.per_tweet
    return max(
        windows * window_seconds + a + b * math.ceil(rest / max_requests),
        (a * math.ceil(tweets / cap) + b * tweets) / concurrency,
        windows * window_seconds + (b * rest + a * math.ceil(rest / cap)) / concurrency,
    )
