"""Ids that a program has rounded on the way: JavaScript and floats keep 53 bits of them, spreadsheets 15 digits.

One id alone does not tell, as true ones may end in zeros too. Several near each other do: of true ids, 1.6 % end in
00, 0.4 % are what JavaScript makes of a number, and 1 in 10,000 ends in 0000. Of 1,397 real ones 41 % divide by 256,
all of which divide by 4,096 as well (the lowest 12 bits number the tweets of one millisecond, and mostly are 0); a
float divides by 4,096 once in 16 times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum

FEWEST_DIGITS = 17
"""Shorter ids were never rounded by a float."""

_SIGNIFICANT_BITS = 53
_SEQUENCE = 4096
_MOST_IN_A_ROW = 12
_FALSE_ALARMS = 1e-5
"""How often true ids may be taken for rounded ones, in one look at as many as are stored together."""


class Rounding(Enum):
    """What has made the ends of ids round."""

    SPREADSHEET = "15 digits"
    JAVASCRIPT = "53 bits, written with the fewest digits"
    DIGITS = "17 digits"
    FLOAT = "53 bits"


def _is_shortest_float(identity: str) -> bool:
    digits, _, exponent = repr(float(identity)).partition("e")
    significant = digits.replace(".", "").rstrip("0")
    return bool(exponent) and significant == identity.rstrip("0")


def _is_float(identity: str) -> bool:
    number = int(identity)
    spacing = 1 << max(0, number.bit_length() - _SIGNIFICANT_BITS)
    return spacing > 1 and number % spacing == 0 and number % _SEQUENCE != 0


_LOOKS: Mapping[Rounding, tuple[Callable[[str], bool], float]] = {
    Rounding.SPREADSHEET: (lambda identity: identity.endswith("0000"), 1e-4),
    Rounding.JAVASCRIPT: (lambda identity: identity.endswith("00") and _is_shortest_float(identity), 1 / 256),
    Rounding.DIGITS: (lambda identity: identity.endswith("00"), 0.016),
    Rounding.FLOAT: (_is_float, 0.005),
}
"""How ids of each rounding look, and how large a part of true ones look so."""


def may_be_rounded(identity: str) -> bool:
    """Whether this one looks as rounded ids do; as some true ones do too."""
    if len(identity) < FEWEST_DIGITS:
        return False
    if identity.endswith("00"):
        return True
    # What ends in other digits than 8 bits of zeros can leave is told without a division.
    return int(identity) & 0x7F == 0


def roundings_in(identities: Iterable[str]) -> frozenset[Rounding]:
    """Which roundings ids have gone through, all of them or a part.

    Args:
        identities: in the order of their source; the same one again says nothing new.
    """
    distinct = list(dict.fromkeys(identities))
    doubtful = [(at, identity) for at, identity in enumerate(distinct) if may_be_rounded(identity)]
    return frozenset(
        rounding
        for rounding, (looks, share) in _LOOKS.items()
        if _too_many([at for at, identity in doubtful if looks(identity)], len(distinct), share)
    )


def is_rounded(identity: str, roundings: Iterable[Rounding]) -> bool:
    """Whether an id from a source with these roundings may be a rounded one."""
    return may_be_rounded(identity) and any(
        _LOOKS[rounding][0](identity) or (rounding is Rounding.FLOAT and _divides_by_256(identity))
        for rounding in roundings
    )


def near(one: str, other: str) -> bool:
    """Whether one id may be the other after rounding to 15 digits or more."""
    return abs(int(one) - int(other)) <= 10 ** max(0, len(other) - 15)


def _divides_by_256(identity: str) -> bool:
    return int(identity) % 256 == 0


def _too_many(positions: Sequence[int], count: int, share: float) -> bool:
    """Whether so many at these places, anywhere near each other, are more than chance would bring.

    Bounds the probability that any stretch of ``count`` places holds so many, each with the probability ``share``.
    """
    for many in {*range(2, min(len(positions), _MOST_IN_A_ROW) + 1), len(positions)} - {0}:
        for first in range(len(positions) - many + 1):
            stretch = positions[first + many - 1] - positions[first] + 1
            if _log_chance(stretch, many, share) + math.log(count) < math.log(_FALSE_ALARMS):
                return True
    return False


def _log_chance(stretch: int, many: int, share: float) -> float:
    """Of at least ``many`` hits in so many tries, from above."""
    ways = math.lgamma(stretch + 1) - math.lgamma(many + 1) - math.lgamma(stretch - many + 1)
    return ways + many * math.log(share)
