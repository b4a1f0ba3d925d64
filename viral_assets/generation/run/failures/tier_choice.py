"""At which tier the next request is asked: at a cheaper one while it has room and there is time, else at the standard
one.

A cheaper tier may refuse what it has no room for. What it refused is asked again, and after some refusals at the
standard tier: a tier that is busy delays a run by minutes and loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from viral_assets.generation.run.items import Item
from viral_assets.llm.tiers import STANDARD, Tier

FAILURES_OF_A_TWEET = 3
"""So often a tweet is asked about at a cheaper tier in vain; from then on at the standard one."""

FAILURES_IN_A_ROW = 3
"""So many requests in vain and none answered in between, and everything is asked at the standard tier for a while."""

PAUSE_SECONDS = 300.0
"""That while. After it one refusal is enough for another."""


class TierChoice:
    """What one run asks at, and has learnt from failures. Times are seconds on its clock.

    Args:
        tier: where there is room.
        until: when the standard tier has to do.
    """

    def __init__(self, tier: Tier = STANDARD, *, until: float = math.inf) -> None:
        self._tier, self._until = tier, until
        self._in_a_row = 0
        self._paused_until = -math.inf

    def usual(self, now: float) -> Tier:
        """The tier of requests at this time, but for tweets that had no luck there."""
        return STANDARD if now < self._paused_until or now >= self._until else self._tier

    def of(self, items: Iterable[Item], now: float) -> Tier:
        """The tier of a request about these tweets."""
        had_no_luck = any(item.cheap_failures >= FAILURES_OF_A_TWEET for item in items)
        return STANDARD if had_no_luck else self.usual(now)

    def answered(self, tier: Tier) -> None:
        """A request that was asked at this tier was answered."""
        if tier != STANDARD:
            self._in_a_row = 0

    def failed(self, tier: Tier, now: float, *, for_good: bool = False) -> bool:
        """A request that was asked at this tier was refused, or had no answer.

        Args:
            for_good: there is no such tier for this key or model.

        Returns:
            Whether the standard tier has to do from now on.
        """
        if tier == STANDARD:
            return False
        self._in_a_row += 1
        if for_good:
            self._paused_until = math.inf
        elif self._in_a_row >= FAILURES_IN_A_ROW:
            self._paused_until = now + PAUSE_SECONDS
        return now < self._paused_until
