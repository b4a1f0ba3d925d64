"""How soon a failed request is tried again, and how far apart the requests of a burst begin.

What follows from a 429 is in ``refusals`` (what it means, how long) and ``service_watch`` (for whom).
"""

from __future__ import annotations

import math
import random

from viral_assets.quota.limits import Limits

BACKOFF_BASE_SECONDS = 0.5
BACKOFF_CAP_SECONDS = 30.0

PROBE_SECONDS = 2.0
"""Between two attempts at a service that does not answer: so soon a run goes on when it does again."""

STAGGER_SECONDS = 0.02
"""Between two requests of a burst, so that a service that allows less than the limits say is noticed early."""

STAGGER_SHARE = 0.05
"""The whole burst is staggered by at most this share of the time its requests take."""

REFUSED_WITHIN_SECONDS = 0.005
"""About the time in which a refusal comes back from nearby. The first request to a service that has not answered yet is
alone for so long: refused beside others it would say that they were too many."""

LEAST_STAGGER_SECONDS = 0.00125
"""Where the share is less, and where nothing is known: a few begin before a refusal of the first could be known."""

MOST_STAGGER_SHARE = 0.1
"""But no more than this share of the time, however many there are: hundreds of requests would wait for each other."""

TOGETHER_OF_HUNDREDS = 12
"""So many requests of a burst of hundreds are granted and sent at once: each grant is a transaction, for which all of
them would wait. Of more, the last would be sent so late on a slow machine that they had to be dated anew."""


def full_jitter(attempt: int, rng: random.Random, *, cap: float = BACKOFF_CAP_SECONDS) -> float:
    """Seconds to wait before the next attempt, after ``attempt`` (1 or more) failed ones.

    Anything between nothing and an exponentially growing amount up to a cap, so that what failed together does not
    come back together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """
    return rng.uniform(0.0, min(cap, BACKOFF_BASE_SECONDS * 2 ** min(attempt - 1, 16)))


def probe_seconds(limits: Limits, *, costs_quota: bool) -> float:
    """Seconds until a service that does not answer is tried again.

    Args:
        costs_quota: attempts reach it and count, so that there must be some left for when it answers again.
    """
    return max(PROBE_SECONDS, limits.window_seconds / limits.max_requests) if costs_quota else PROBE_SECONDS


def stagger_seconds(
    limits: Limits, expected: float, concurrency: int, *, measured: bool = True, first: bool = False
) -> float:
    """Seconds between two requests of a burst of so many, each of which should take ``expected`` seconds.

    Args:
        measured: they are known to take so long; else they may take much less, of which a share is next to nothing.
        first: the next one comes after the first request of all, to a service that has not answered yet.
    """
    of_each = expected / concurrency
    least = min(LEAST_STAGGER_SECONDS, MOST_STAGGER_SHARE * of_each, limits.window_seconds / limits.max_requests)
    usual = max(least, min(STAGGER_SECONDS, STAGGER_SHARE * of_each)) if measured else least
    return max(usual, REFUSED_WITHIN_SECONDS) if first else usual


def sent_together(between: float, concurrency: int) -> int:
    """How many requests of a burst of so many are granted and sent at once, at least 1: as many as begin within half of
    the time in which a refusal comes back, as if at once; of hundreds a dozen.

    Args:
        between: seconds between two of them.
    """
    soon = max(1, math.floor(REFUSED_WITHIN_SECONDS / 2 / between))
    if between >= LEAST_STAGGER_SECONDS:
        return soon
    return max(soon, min(TOGETHER_OF_HUNDREDS, concurrency // TOGETHER_OF_HUNDREDS))
