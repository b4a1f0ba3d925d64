"""Ids that a program has rounded on the way: JavaScript and floats keep 53 bits of them, spreadsheets 15 digits.

One id alone does not tell, as true ones may look so too. Several near each other do. The lowest 12 bits of an id number
the tweets of one millisecond; where they are 0, the id fits a float, and is left alone by it. That is so in 57 to 79 %
of real ids of 2011 to 2019, in 49 % of 2020, in 14 % of 2021 (of 123,000 in public sets), and of hardly any in 2026.
Of the others 0.6 % end in 00, and 1 in 10,000 in 0000.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

from viral_assets.sources.parsers.snowflakes import EPOCH, MOST_DIGITS

FEWEST_DIGITS = 17
"""Shorter ids were never rounded by a float."""

_SIGNIFICANT_BITS = 53
_SEQUENCE = 4096
_MOST_IN_A_ROW = 12
_ODD = frozenset("13579")
_RARE = 0.1

_OF_ALL, _OF_LOOKS, _OF_FEW, _OF_A_PART = 1e-3, 1e-5, 1e-6, 1e-9
"""How often true ids may be taken for rounded ones: where all there are look so, where some of a few do, and where some
near each other do. The latter is asked for every few thousand ids of a file again, and would cost many of them."""
_FEW = 200


class Rounding(Enum):
    """What is left of rounded ids."""

    SPREADSHEET = "15 digits"
    DIGITS = "17 digits"
    FLOAT = "53 bits"


def _fits_a_float(identity: str) -> bool:
    number = int(identity)
    return number % (1 << max(0, number.bit_length() - _SIGNIFICANT_BITS)) == 0


_ENDS = {Rounding.SPREADSHEET: "0000", Rounding.DIGITS: "00", Rounding.FLOAT: ""}
_SHARES = {Rounding.SPREADSHEET: 1e-4, Rounding.DIGITS: 0.006, Rounding.FLOAT: 0.41}
"""How large a part of true ids looks so."""

_LOOKS = {Rounding.SPREADSHEET: 3e-4, Rounding.DIGITS: 0.017, Rounding.FLOAT: 0.41}
"""The same with those among them that do not tell, as their lowest bits are 0."""

_OF_OLD_ONES = {Rounding.FLOAT: 0.8}
_OLD = int((datetime(2021, 1, 1, tzinfo=UTC) - EPOCH) / timedelta(milliseconds=1)) << 22
"""How large a part of those from before 2021 fits a float, and the first id that is none of them."""


def _looks(identity: str, rounding: Rounding) -> bool:
    return _fits_a_float(identity) if rounding is Rounding.FLOAT else identity.endswith(_ENDS[rounding])


def _tells(identity: str, rounding: Rounding) -> bool:
    """Whether an id speaks for a rounding: true ones without their lowest bits end in zeros too often."""
    return _looks(identity, rounding) and (rounding is Rounding.FLOAT or int(identity) % _SEQUENCE != 0)


def may_be_rounded(identity: str) -> bool:
    """Whether this one looks as rounded ids do; as some true ones do too."""
    # Of an odd number nothing was rounded off.
    if identity[-1:] in _ODD or not FEWEST_DIGITS <= len(identity) <= MOST_DIGITS or not identity.isdecimal():
        return False
    return identity.endswith("00") or (int(identity) & 0x7 == 0 and _fits_a_float(identity))


def roundings_in(identities: Iterable[str]) -> frozenset[Rounding]:
    """Which roundings ids have gone through, all of them or a part.

    Args:
        identities: in the order of their source; the same one again says nothing new.
    """
    distinct = [identity for identity in dict.fromkeys(identities) if len(identity) >= FEWEST_DIGITS]
    old = [identity for identity in distinct if int(identity) < _OLD]
    recent = [identity for identity in distinct if int(identity) >= _OLD] if old else distinct
    return _roundings(recent, _SHARES, _LOOKS) | _roundings(old, _SHARES | _OF_OLD_ONES, _LOOKS | _OF_OLD_ONES)


def _roundings(
    distinct: Sequence[str], shares: Mapping[Rounding, float], looks: Mapping[Rounding, float]
) -> frozenset[Rounding]:
    doubtful = [(at, identity) for at, identity in enumerate(distinct) if may_be_rounded(identity)]
    return frozenset(
        rounding
        for rounding, share in shares.items()
        if _too_many([at for at, identity in doubtful if _tells(identity, rounding)], len(distinct), share)
        or _all_look_so(distinct, rounding, looks[rounding])
    )


def is_rounded(identity: str, roundings: Iterable[Rounding]) -> bool:
    """Whether an id from a source with these roundings may be a rounded one."""
    return len(identity) >= FEWEST_DIGITS and any(_looks(identity, rounding) for rounding in roundings)


def near(one: str, other: str) -> bool:
    """Whether one id may be the other after rounding to 15 digits or more."""
    return len(str(abs(int(one) - int(other)))) <= max(1, len(other) - 15)


def _all_look_so(identities: Sequence[str], rounding: Rounding, share: float) -> bool:
    """Whether all ids look rounded, more than chance would bring, also with those among them that tell nothing.

    Args:
        share: of true ids that look so.
    """
    chance = len(identities) * math.log(share)
    return bool(identities) and chance < math.log(_OF_LOOKS) and all(_looks(each, rounding) for each in identities)


def _too_many(positions: Sequence[int], count: int, share: float) -> bool:
    """Whether so many at these places, anywhere near each other, are more than chance would bring.

    Bounds the probability that any stretch of ``count`` places holds so many, each with the probability ``share``.
    """
    if positions and len(positions) == count:
        return count * math.log(share) < math.log(_OF_ALL)
    run = _longest_run(positions)
    if run:
        chance = min(run * math.log(share) + math.log(count), _log_chance_of_a_run(run, len(positions), count))
        if chance < math.log(_OF_FEW if count <= _FEW else _OF_A_PART):
            return True
    if share > _RARE:
        return False
    if positions and count <= _FEW and _log_chance(count, len(positions), share) < math.log(_OF_FEW):
        return True
    for many in range(2, min(len(positions), _MOST_IN_A_ROW) + 1):
        for first in range(len(positions) - many + 1):
            stretch = positions[first + many - 1] - positions[first] + 1
            if _log_chance(stretch, many, share) + math.log(count) < math.log(_OF_A_PART):
                return True
    return False


def _longest_run(positions: Sequence[int]) -> int:
    longest = run = 0
    for at, position in enumerate(positions):
        run = run + 1 if at and position == positions[at - 1] + 1 else 1
        longest = max(longest, run)
    return longest


def _log_chance_of_a_run(run: int, many: int, count: int) -> float:
    """Of so many hits in a row among so many tries with as many hits as there are, from above.

    Whatever the share of true ids that look so, which changes with how much is posted, chance spreads them evenly.
    """
    left = count - run
    return math.log(left + 1) + _log_ways(left, many - run) - _log_ways(count, many)


def _log_chance(stretch: int, many: int, share: float) -> float:
    """Of at least ``many`` hits in so many tries, from above."""
    return _log_ways(stretch, many) + many * math.log(share)


def _log_ways(count: int, many: int) -> float:
    """Of choosing so many of as many."""
    return math.lgamma(count + 1) - math.lgamma(many + 1) - math.lgamma(count - many + 1)
