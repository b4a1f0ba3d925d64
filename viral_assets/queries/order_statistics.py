"""How sure a median is, whatever the numbers are like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SURE = 0.95

FEWEST = 6
"""Values from which on there is such an interval: of fewer, all may lie on one side of the true median more often than
in 5 of 100 cases (2 / 2^5)."""


@dataclass(frozen=True, slots=True)
class Median:
    """The middle of some values, and the interval that holds that of all such values in 95 of 100 cases, at least.

    ``low`` and ``high`` are None for fewer than :data:`FEWEST` values, and so is ``middle``: it would look certain.
    """

    count: int
    middle: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def missing(self) -> int:
        """Values that it takes for an interval."""
        return max(0, FEWEST - self.count)


def median(values: Sequence[float]) -> Median:
    """The median with its interval by order statistics, which supposes nothing of how the values are distributed.

    The k-th smallest and the k-th largest of n values enclose the true median unless fewer than k lie on one side of
    it, which is a matter of coin tosses (Conover 1999, Practical Nonparametric Statistics, section 3.2); the largest k
    that is sure enough is taken.
    """
    ordered, count = sorted(values), len(values)
    if count < FEWEST:
        return Median(count)
    k = _outermost(count)
    half = count // 2
    middle = ordered[half] if count % 2 else (ordered[half - 1] + ordered[half]) / 2
    return Median(count, middle, ordered[k - 1], ordered[-k])


def _outermost(count: int) -> int:
    """The largest k for which both sides together are outside in no more than 5 of 100 cases."""
    most = (1 - SURE) / 2
    k, fewer = 0, 0.0
    while True:
        # In logarithms: 2^-n is 0 for a few thousand values.
        fewer += math.exp(
            math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) - count * math.log(2)
        )
        if fewer > most:
            return k
        k += 1
