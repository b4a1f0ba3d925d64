"""Whether a service still answers, and when to stop trying."""

from __future__ import annotations

import math


class ServiceHealth:
    """Whether a service still answers at all. Times are seconds on any clock.

    Failures that began together count as one round. A service that does not answer, because it is not there or has a
    problem, gets a minute and several rounds. Whether what it says is of use is ``usefulness``.

    That minute is one in which it is asked: whoever waits for quota between two rounds learns nothing meanwhile.
    """

    ROUND_SECONDS = 0.25
    ROUNDS = 4
    NO_ANSWER_SECONDS = 60.0
    MOST_BETWEEN_ROUNDS_SECONDS = 15.0
    DOWN_AFTER_FAILURES = 3

    __slots__ = ("_failures", "_round_began", "_rounds", "_silent_for", "last_answer")

    def __init__(self) -> None:
        self._failures, self._rounds, self._silent_for = 0, 0, 0.0
        self._round_began = -math.inf
        self.last_answer = -math.inf

    @property
    def healthy(self) -> bool:
        """Nothing has failed since the last answer."""
        return not self._failures and self.last_answer > -math.inf

    @property
    def is_down(self) -> bool:
        """It seems to answer nothing: one request at a time tries whether it does again."""
        return self._failures >= self.DOWN_AFTER_FAILURES

    def answered(self, now: float) -> None:
        self.last_answer = now
        self._failures, self._rounds, self._silent_for = 0, 0, 0.0

    def failed(self, now: float) -> bool:
        """Take a failure into account; True when there is no hope."""
        if not self._rounds or now - self._round_began > self.ROUND_SECONDS:
            between = now - self._round_began if self._rounds else 0.0
            self._silent_for += min(between, self.MOST_BETWEEN_ROUNDS_SECONDS)
            self._rounds += 1
            self._round_began = now
        self._failures += 1
        return self._rounds >= self.ROUNDS and self._silent_for > self.NO_ANSWER_SECONDS
