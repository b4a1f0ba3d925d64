"""What a plan is made of: groups of tweets, the requests about them, and the whole. Values only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PackGroup:
    """Tweets that may share a request: those of one project, which have one voice and one system instruction, the most
    promising ones first.

    ``tokens_fixed`` is what each of its requests counts in the token window besides ``tokens_per_tweet`` for each of
    its tweets, ``usd_fixed`` and ``usd_per_tweet`` what they should cost. ``cap`` is a limit of tweets per request that
    is lower than the plan's, and ``stretched_cap`` the same in a plan with larger packs than usual.
    """

    tweets: int
    tokens_fixed: float = 0.0
    tokens_per_tweet: float = 0.0
    cap: int | None = None
    usd_fixed: float = 0.0
    usd_per_tweet: float = 0.0
    stretched_cap: int | None = None

    @property
    def stretched(self) -> PackGroup:
        """The same in larger packs than usual."""
        return replace(self, cap=self.stretched_cap)

    def counted(self, tweets: int) -> float:
        """Tokens of a request about so many."""
        return self.tokens_fixed + self.tokens_per_tweet * tweets

    def tokens_of(self, tweets: int) -> float:
        """What its largest request counts that asks about at most so many."""
        return self.counted(min(tweets, self.cap or tweets))

    def usd_of(self, tweets: int) -> float:
        """What a request about so many should cost."""
        return self.usd_fixed + self.usd_per_tweet * tweets

    def fitting(self, tokens: float) -> int:
        """The tweets of a request that counts no more than so many tokens."""
        if self.tokens_per_tweet <= 0:
            return self.tweets if tokens >= self.tokens_fixed else 0
        return max(0, math.floor((tokens - self.tokens_fixed) / self.tokens_per_tweet + 1e-9))

    def largest_pack(self, cap: int, max_tokens: int | None) -> int:
        """Tweets that one request takes at most; 1 at least, since what cannot be is refused elsewhere."""
        largest = min(cap, self.cap or cap)
        return largest if max_tokens is None else max(1, min(largest, self.fitting(max_tokens)))


@dataclass(frozen=True, slots=True)
class Pack:
    """A request to come: about ``tweets`` tweets of group number ``group``, not before ``start`` seconds from now."""

    group: int
    tweets: int
    start: float


@dataclass(frozen=True, slots=True)
class PackPlan:
    """The packs in the order of their start, and the seconds from now until the last one should have ended.

    ``waiting`` are the tweets of each group that the day has no room for, its last ones, and ``reason`` says why.
    """

    packs: tuple[Pack, ...]
    makespan: float
    waiting: Sequence[int] = ()
    reason: str = ""


def fewest_requests(groups: Sequence[PackGroup], cap: int, max_tokens: int | None) -> int:
    """Requests that they take at least, at most so many tweets each."""
    return sum(math.ceil(group.tweets / group.largest_pack(cap, max_tokens)) for group in groups)
