"""How soon to try again, how much to do at once, and when to stop trying."""

from __future__ import annotations

import math
import random
from collections import deque

from viral_assets.quota.limits import Limits

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 30.0

STAGGER_SECONDS = 0.02
"""Between two requests of a burst, so that a service that allows less than the limits say is noticed early."""

STAGGER_SHARE = 0.05
"""The whole burst is staggered by at most this share of the time its requests take."""

LEAST_STAGGER_SECONDS = 0.005
"""Where requests take less than that allows for: about the time in which a refusal comes back from nearby."""


def full_jitter(attempt: int, rng: random.Random) -> float:
    """Seconds to wait before the next attempt, after ``attempt`` (1 or more) failed ones.

    Anything between nothing and an exponentially growing cap, so that what failed together does not come back
    together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """
    return rng.uniform(0.0, min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(attempt - 1, 16)))


def stagger_seconds(limits: Limits, expected: float, concurrency: int) -> float:
    """Seconds between two requests of a burst of so many, each of which should take ``expected`` seconds."""
    least = min(LEAST_STAGGER_SECONDS, limits.window_seconds / limits.max_requests)
    return max(least, min(STAGGER_SECONDS, STAGGER_SHARE * expected / concurrency))


class ConcurrencyControl:
    """Additive increase, multiplicative decrease of the requests under way at once.

    What counts as trouble is a service that cannot keep up: 5xx, timeouts, answers much slower than usual. Single
    failures happen to every service; the limit is halved when they are a third of the last ten. Waiting for quota is
    no trouble.
    """

    MEMORY = 10
    TROUBLE_SHARE = 1 / 3

    __slots__ = ("_limit", "_maximum", "_recent")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = float(maximum)
        self._recent: deque[bool] = deque(maxlen=self.MEMORY)

    @property
    def limit(self) -> int:
        return int(self._limit)

    def record(self, *, trouble: bool) -> None:
        """Take one ended request into account."""
        self._recent.append(trouble)
        if not trouble:
            self._limit = min(self._maximum, self._limit + 1 / self._limit)
        elif len(self._recent) == self.MEMORY and sum(self._recent) >= self.TROUBLE_SHARE * self.MEMORY:
            self._limit = max(1.0, self._limit / 2)
            self._recent.clear()


class ServiceHealth:
    """Whether a service still answers at all. Times are seconds on any clock.

    Failures that began together count as one round. Where no server answers, or every request is rejected, two rounds
    before the first answer are enough: an address or a setting is wrong, and a person waits for the message. A
    service that is there and has trouble gets a minute. One that refuses (429) whatever is asked, window after
    window, has no quota for this key at all.
    """

    ROUND_SECONDS = 0.25
    ROUNDS_BEFORE_ANY_ANSWER = 2
    FAILURES_BEFORE_ANY_ANSWER = 5
    FAILURES_WORTH_WAITING = 2
    ROUNDS = 4
    NO_ANSWER_SECONDS = 60.0
    REFUSALS = 8
    REFUSED_WINDOWS = 3.0
    RETRY_AFTER_SECONDS = 5.0
    LEAST_RETRY_AFTER_SECONDS = 0.1

    __slots__ = (
        "_failed_since",
        "_failures",
        "_refusals",
        "_refused_since",
        "_round_began",
        "_rounds",
        "_unreachable",
        "last_answer",
    )

    def __init__(self) -> None:
        self._failures = self._rounds = self._refusals = 0
        self._failed_since = self._round_began = self._refused_since = -math.inf
        self._unreachable = False
        self.last_answer = -math.inf

    @property
    def healthy(self) -> bool:
        """Nothing has failed since the last answer."""
        return not self._failures and self.last_answer > -math.inf

    @property
    def worth_waiting(self) -> bool:
        """Not so where nothing was ever answered: the run ends with the error at once instead."""
        return self.last_answer > -math.inf or self._failures < self.FAILURES_WORTH_WAITING or not self._unreachable

    def answered(self, now: float) -> None:
        self.last_answer = now
        self._failures = self._rounds = self._refusals = 0

    def failed(self, now: float, *, trouble: bool) -> bool:
        """Take a failure into account; True when there is no hope.

        Args:
            trouble: the service was there and had a problem of its own.
        """
        if not self._failures:
            self._failed_since, self._round_began = now, -math.inf
        if now - self._round_began > self.ROUND_SECONDS:
            self._rounds += 1
            self._round_began = now
        self._failures += 1
        self._unreachable = not trouble
        if self.last_answer == -math.inf and not trouble:
            return self._rounds >= self.ROUNDS_BEFORE_ANY_ANSWER and self._failures >= self.FAILURES_BEFORE_ANY_ANSWER
        return self._rounds >= self.ROUNDS and now - self._failed_since > self.NO_ANSWER_SECONDS

    def refused(self, retry_after_seconds: float | None, now: float, window_seconds: float) -> tuple[float, bool]:
        """Take a 429 into account.

        Returns:
            Seconds to wait: what the service says, else longer each time in a row, up to a window. And whether there
            is no hope.
        """
        if not self._refusals:
            self._refused_since = now
        doubled = 2.0 ** min(self._refusals, 16)
        self._refusals += 1
        if retry_after_seconds is None:
            wait = min(self.RETRY_AFTER_SECONDS * doubled, window_seconds)
        else:
            wait = max(retry_after_seconds, min(self.LEAST_RETRY_AFTER_SECONDS * doubled, window_seconds))
        hopeless = self._refusals >= self.REFUSALS and now - self._refused_since > self.REFUSED_WINDOWS * window_seconds
        return wait, hopeless
