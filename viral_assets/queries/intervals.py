"""How sure a share is: small numbers must not look certain."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""Of the normal distribution, for intervals that hold in 95 of 100 cases."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, within 0..1; everything where nothing was tried.

    Wilson's score interval, which stays sensible near 0 and 1 and for few trials (Wilson 1927; Brown, Cai and
    DasGupta 2001, Interval Estimation for a Binomial Proportion).

    Raises:
        ValueError: more successes than trials, or negative numbers.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    scale = 1 + Z_95**2 / trials
    centre = (share + Z_95**2 / (2 * trials)) / scale
    half = Z_95 / scale * math.sqrt(share * (1 - share) / trials + Z_95**2 / (4 * trials**2))
    # At the ends the bound is the end itself; rounding must not miss it.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high
