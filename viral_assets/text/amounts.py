"""How counts and sums of money are shown, everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable

UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))


LEAST_DOLLARS = 1e-9
"""Less than a token costs: what is left of sums of fractions."""


def short_count(number: int) -> str:
    """``987``, ``1.2K``, ``12K``, ``3.4M``, ``1.1B``: cut off, never rounded up, as X writes counts."""
    for size, letter in UNITS:
        if number >= size:
            tenths = number * 10 // size
            return f"{tenths // 10}{letter}" if tenths >= 100 or tenths % 10 == 0 else f"{tenths / 10}{letter}"
    return str(number)


def percent(share: float) -> int:
    """A share between 0 and 1 in whole percent: cut off, never rounded up, so that every place says the same."""
    # To four decimals first: 0.29 is held as a little less than 29 %.
    return math.floor(round(100 * share, 4))


def full_count(number: float | None, *, unknown: str = "?") -> str:
    """``12,345``; ``?`` where nobody knows."""
    return unknown if number is None else f"{number:,.0f}"


def how_many(number: int, noun: str, several: str = "") -> str:
    """``1 tweet``, ``12,345 tweets``.

    Args:
        number: how many there are.
        noun: what one is called, with what belongs to it (``row was left out``).
        several: what more are called where it is not the noun with an s (``rows were left out``).
    """
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"


def money(dollars: float | None) -> str:
    """US dollars and cents, under ten cents two significant digits; an unknown price is unknown, never free."""
    if dollars is None:
        return "unknown"
    amount = abs(dollars)
    if amount < LEAST_DOLLARS:
        return "$0.00"
    decimals = 2 if amount >= 0.1 else 1 - math.floor(math.log10(amount))
    return f"{'-' if dollars < 0 else ''}${amount:,.{decimals}f}"


def known_sum(amounts: Iterable[float | None]) -> float | None:
    """The sum; None, for unknown, where one of them is."""
    total = 0.0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
