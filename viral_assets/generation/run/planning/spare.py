"""What a window and the day have to spare once all that waits has been granted: requests, tokens and USD for them."""

from __future__ import annotations

import math
from collections import deque

from viral_assets.quota.ledger import QuotaState


class SpareQuota:
    """What one run could still be granted at once, from what the quota was when it was last looked at.

    Args:
        quota: as it was then.
        at: when that was. All times are seconds on the run's clock.
    """

    def __init__(self, quota: QuotaState, at: float) -> None:
        self._requests = 0
        self._tokens = math.inf if quota.max_tokens is None else float(quota.max_tokens - quota.tokens_used)
        self._usd = math.inf if quota.usd_today is None else quota.usd_today
        self._today = math.inf if quota.requests_today is None else quota.requests_today
        self._free = (at + quota.blocked_for, quota.free)
        self._returning = deque(at + each for each in sorted(quota.returning))
        self._releases = deque((at + each, tokens) for each, tokens in sorted(quota.token_releases))

    def granted(self, tokens: float, usd: float = 0.0) -> None:
        """A request has been granted."""
        self._requests -= 1
        self._today -= 1
        self._tokens -= tokens
        self._usd -= usd

    def requests(self, now: float) -> int:
        """How many could be granted now, as far as their number counts."""
        self._take_back(now)
        return self._requests

    def allows(self, tokens: float, now: float, *, usd: float = 0.0) -> bool:
        """Whether one more could be granted now."""
        self._take_back(now)
        return self._requests > 0 and self._today > 0 and self._tokens >= tokens and self._usd >= usd

    def _take_back(self, now: float) -> None:
        if self._free[0] <= now:
            self._requests += self._free[1]
            self._free = (math.inf, 0)
        while self._returning and self._returning[0] <= now:
            self._returning.popleft()
            self._requests += 1
        while self._releases and self._releases[0][0] <= now:
            self._tokens += self._releases.popleft()[1]
