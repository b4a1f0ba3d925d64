"""Whether a service still answers, how long to wait after a 429, and when to stop trying."""

from __future__ import annotations

import math


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
