"""How often requests fail, by the newest of them, and how likely it is that many of some requests do."""

from __future__ import annotations

import copy
import math

UNKNOWN_REQUESTS = 20.0
"""So many good requests are assumed besides those that are known: one failure is no habit, and none costs nothing.

That a run which knows of no failure keeps nothing was measured against a rate assumed for it (100 tweets, 15 requests a
window, a + b*K = 1 + 0.6*K seconds): even 1 in 400 makes each such run 6.0 s instead of 5.4, 11 % longer, which is
more than a plan may be over its bound; it would spare one in seven of them a window where 1 request in 100 fails.
"""

ASSUMED_FAILURES = 0.4
"""So many of these are assumed to fail, 1 in 50, where that costs no time: of a service that nobody knows yet, it is as
likely as not that one of 30 does."""

KNOWN_REQUESTS = 100
"""So many of the newest requests say how often something fails now."""


class FailureRate:
    """How many of the newest requests, earlier runs' included, left something to be asked again."""

    def __init__(self) -> None:
        self._failed = self._ended = 0.0

    def add(self, failed: int, ended: int) -> None:
        """Take requests into account; those longest ago count less and less."""
        self._failed, self._ended = self._failed + failed, self._ended + ended
        if self._ended > KNOWN_REQUESTS:
            self._failed *= KNOWN_REQUESTS / self._ended
            self._ended = float(KNOWN_REQUESTS)

    def after(self, good: int) -> FailureRate:
        """The same after so many good requests."""
        then = copy.copy(self)
        then.add(0, good)
        return then

    @property
    def share(self) -> float:
        """Of the requests to come, those that probably fail; 0 as long as none has."""
        return self._failed / (self._ended + UNKNOWN_REQUESTS)

    @property
    def assumed_share(self) -> float:
        """The same, above 0 also where none has."""
        return (self._failed + ASSUMED_FAILURES) / (self._ended + UNKNOWN_REQUESTS)


def at_risk(requests: int, share: float) -> int:
    """Requests that may fail, with those that ask again: they may fail again."""
    return math.ceil(requests / (1 - share))


def at_most(failures: int, requests: int, share: float) -> float:
    """How likely no more than so many requests fail (binomial distribution)."""
    if failures >= requests or not share:
        return 1.0
    ways = math.lgamma(requests + 1)

    def exactly(number: int) -> float:
        good = requests - number
        # By logarithms: the factors of hundreds of requests are larger and smaller than a number can be.
        log = ways - math.lgamma(number + 1) - math.lgamma(good + 1)
        return math.exp(log + number * math.log(share) + good * math.log1p(-share))

    return min(1.0, math.fsum(map(exactly, range(failures + 1))))
