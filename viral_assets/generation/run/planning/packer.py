"""The packs of a given deadline: each request as early as quota, tokens and concurrency allow, with as much as it can
carry by then."""

from __future__ import annotations

import heapq
import math
import operator
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.packs import Pack, PackGroup
from viral_assets.quota.ledger import QuotaState

CLOSE_ENOUGH = 0.005
"""The bisection stops when the deadline is known to this share."""


@dataclass(frozen=True, slots=True)
class DeadlinePacker:
    """Packs for deadlines.

    Args:
        groups: what is to be asked; the day has room for all of it.
        quota: the state of the window, and what may be used of the day.
        concurrency: requests under way at once.
        cap: tweets per request at most.
        latency: of a request.
        busy: seconds until each request now under way should end.
        always_full: as many tweets a request as the cap says, however long that takes.
        apart: seconds from the start of a request to that of the next one at least.
    """

    groups: Sequence[PackGroup]
    quota: QuotaState
    concurrency: int
    cap: int
    latency: Latency
    busy: tuple[float, ...]
    always_full: bool
    apart: float = 0.0

    def earliest(self, low: float, high: float, packs: list[Pack], least: int) -> tuple[float, list[Pack]]:
        """The earliest deadline, about, and its packs.

        Args:
            low: a deadline that is too early, if there is any.
            high: one that can be met.
            packs: of that one.
            least: see :meth:`pack_until`.
        """
        while high - low > CLOSE_ENOUGH * high:
            middle = (low + high) / 2
            earlier = self.pack_until(middle, least)
            if earlier is None:
                low = middle
            else:
                high, packs = middle, earlier
        return high, packs

    def pack_until(self, deadline: float, least: int) -> list[Pack] | None:
        """None when not all tweets are done by the deadline.

        Args:
            least: no request is about fewer tweets, unless more would be late or there are no more. Where tokens are
                short it waits for those of so many tweets; else this does not matter.
        """
        quota, latency = self.quota, self.latency
        left = [group.tweets for group in self.groups]
        largest = [group.largest_pack(self.cap, quota.max_tokens) for group in self.groups]
        workers = [*self.busy, *([0.0] * (self.concurrency - len(self.busy)))]
        heapq.heapify(workers)
        while len(workers) > self.concurrency:
            heapq.heappop(workers)
        requests = math.inf if quota.requests_today is None else quota.requests_today
        usd = math.inf if quota.usd_today is None else quota.usd_today * (1 + 1e-9) + 1e-9
        needed = sum(map(math.ceil, map(operator.truediv, left, largest)))
        packs: list[Pack] = []
        tokens = None if quota.max_tokens is None else TokenWindow(quota)
        starts: list[float] = []
        while any(left):
            number = left.index(max(left))
            group = self.groups[number]
            most = min(left[number], largest[number])
            start = max(self._slot(starts), workers[0], starts[-1] + self.apart if starts else 0.0)
            tweets = min(most, self._room(deadline, start))
            if tokens is not None and tweets >= 1:
                # With no request to spare each has to be a large one.
                enough = least if len(packs) + 1 + needed <= requests else tweets
                start = tokens.wait(start, group.tokens_fixed + min(tweets, enough) * group.tokens_per_tweet)
                tweets = min(most, self._room(deadline, start))
                if tweets > enough:
                    tweets = min(tweets, max(enough, group.fitting(tokens.free)))
            end = start + latency.of(tweets)
            if tweets < 1 or end > deadline + 1e-6 or len(packs) >= requests:
                return None
            usd -= group.usd_of(tweets)
            if usd < 0:
                return None
            if tokens is not None:
                tokens.take(start, group.tokens_fixed + tweets * group.tokens_per_tweet)
            heapq.heapreplace(workers, end)
            starts.append(start)
            needed -= math.ceil(left[number] / largest[number])
            left[number] -= tweets
            needed += math.ceil(left[number] / largest[number])
            packs.append(Pack(number, tweets, start))
        return packs

    def _room(self, deadline: float, start: float) -> int:
        """Tweets that a request can be about which starts then."""
        room = math.floor((deadline - start - self.latency.fixed) / self.latency.per_tweet + 1e-9)
        return self.cap if self.always_full and room >= 1 else room

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


class TokenWindow:
    """The sliding window of tokens, ahead of time. Requests are taken in the order of their start."""

    def __init__(self, quota: QuotaState) -> None:
        self._limit = quota.max_tokens or 0
        self._window = quota.window_seconds
        self._used = float(quota.tokens_used)
        self._leaving: deque[tuple[float, float]] = deque(sorted(quota.token_releases))
        self._now = 0.0

    @property
    def free(self) -> float:
        """Tokens, at the time that was last waited for."""
        return self._limit - self._used

    def wait(self, earliest: float, tokens: float) -> float:
        """When so many tokens are free."""
        self._now = max(earliest, self._now)
        while self._leaving and (self._leaving[0][0] <= self._now or self._used + tokens > self._limit + 1e-9):
            at, released = self._leaving.popleft()
            self._used -= released
            self._now = max(self._now, at)
        return self._now

    def take(self, start: float, tokens: float) -> None:
        """They count from now on."""
        self._used += tokens
        self._leaving.append((start + self._window, tokens))
