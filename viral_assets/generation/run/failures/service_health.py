"""Whether a service still answers, and when to stop trying."""

from __future__ import annotations

import math


class ServiceHealth:
    """Whether a service still answers at all. Times are seconds on any clock.

    Failures that began together count as one round. Where no server answers, or every request is rejected, two rounds
    before the first answer are enough: an address or a setting is wrong, and a person waits for the message. A
    service that is there and has trouble gets a minute.
    """

    ROUND_SECONDS = 0.25
    ROUNDS_BEFORE_ANY_ANSWER = 2
    FAILURES_BEFORE_ANY_ANSWER = 5
    FAILURES_WORTH_WAITING = 2
    ROUNDS = 4
    NO_ANSWER_SECONDS = 60.0

    __slots__ = (
        "_failed_since",
        "_failures",
        "_round_began",
        "_rounds",
        "_unreachable",
        "last_answer",
    )

    def __init__(self) -> None:
        self._failures = self._rounds = 0
        self._failed_since = self._round_began = -math.inf
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
        self._failures = self._rounds = 0

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
