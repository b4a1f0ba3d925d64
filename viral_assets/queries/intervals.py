"""How sure a share is: small numbers must not look certain."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""Of the normal distribution, for intervals that hold in 95 of 100 cases."""


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95 % interval of a share, within 0..1; everything where nothing was tried. Trials that are not independent
    count for as many as they are worth, which need be no whole number.

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


def students(normal: float, freedom: int) -> float:
    """The quantile of Student's t that is as rare as ``normal`` is of the normal distribution.

    By the expansion of Abramowitz and Stegun 26.7.5, within 1 % from 5 degrees of freedom on for 95 % intervals;
    below, it is too small.

    Args:
        freedom: degrees of freedom, at least 1.
    """
    cubic = (normal**3 + normal) / 4
    quintic = (5 * normal**5 + 16 * normal**3 + 3 * normal) / 96
    return normal + cubic / freedom + quintic / freedom**2
