"""What a refusal (429) means: a quota is used up, or too much is asked at once; and how long to wait then."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viral_assets.errors import RateLimitedError


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows from a refusal.

    Args:
        wait: seconds for which nothing is asked, by nobody who shares the quota.
        too_many_at_once: ask as much at once as is under way now, rather than wait.
        in_a_row: refusals that tell of a limit of requests, one after the other.
        hopeless: there seems to be no quota at all.
        is_news: the request was sent after the last refusal was known.
    """

    wait: float = 0.0
    too_many_at_once: bool = False
    in_a_row: int = 0
    hopeless: bool = False
    is_news: bool = True


class Refusals:
    """Remembers the last refusals. Times are seconds on any clock.

    Refusals of what had been sent before one was known are one refusal: they say nothing new. Whether another one
    follows tells a service that does not take so many requests at once from one whose quota is used up: where fewer
    are under way and one is refused all the same, it is the quota. Both answer alike, unless they say more.
    """

    IN_A_ROW = 8
    WINDOWS = 3.0
    RETRY_AFTER_SECONDS = 5.0
    LEAST_RETRY_AFTER_SECONDS = 0.1

    __slots__ = ("_accepted_at_once", "_in_a_row", "_last", "_since")

    def __init__(self) -> None:
        self._in_a_row = 0
        self._last = self._since = -math.inf
        self._accepted_at_once = 0

    def accepted(self, sent_at: float, at_once: int) -> bool:
        """Take an answer into account.

        Args:
            sent_at: when its request was sent.
            at_once: how many were under way then, itself included.

        Returns:
            Whether it was sent after the last refusal was known.
        """
        self._accepted_at_once = max(self._accepted_at_once, at_once)
        if sent_at <= self._last:
            return False
        self._in_a_row = 0
        return True

    def refused(
        self, error: RateLimitedError, *, sent_at: float, at_once: int, now: float, window_seconds: float
    ) -> Reaction:
        """Take a refusal into account.

        Args:
            sent_at: when its request was sent.
            at_once: how many were under way then, itself included.
        """
        says = error.retry_after_seconds
        # What was sent alone, or as many at once as have been accepted, is not too much at once, whatever has been sent
        # since; and a quota that is named is what it is.
        too_many = at_once > max(1, self._accepted_at_once) and not error.names_quota
        if sent_at <= self._last:
            return Reaction(wait=says or 0.0, too_many_at_once=too_many, is_news=False)
        if not self._in_a_row:
            self._since = now
        doubled = 2.0 ** min(self._in_a_row, 16)
        self._in_a_row += 1
        self._last = now
        if says is not None:
            wait = max(says, min(self.LEAST_RETRY_AFTER_SECONDS * doubled, window_seconds))
        elif too_many:
            wait = 0.0
        else:
            wait = min(self.RETRY_AFTER_SECONDS * doubled, window_seconds)
        return Reaction(
            wait=wait,
            too_many_at_once=too_many,
            in_a_row=0 if too_many or error.per_tokens else self._in_a_row,
            hopeless=self._in_a_row >= self.IN_A_ROW and now - self._since > self.WINDOWS * window_seconds,
        )
