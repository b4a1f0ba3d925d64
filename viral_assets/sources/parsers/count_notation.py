"""Counts as people's programs and countries write them: ``1,234``, ``1.234``, ``1'234``, ``12,34,567``, ``1.2K``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_GROUPED = re.compile(r"\d{1,3}(?:([,.' \u00a0\u202f\u2019])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")
_GROUPED_WITH_FRACTION = re.compile(r"(\d{1,3}(?:([,.' \u00a0\u202f\u2019])\d{3})+)[.,](\d{1,2})")
_ONE_MARK = re.compile(r"\d+[.,]\d+")
_DIGITS_OF_A_GROUP, _FEWEST_FRACTIONS = 3, 2
_SCALES = {
    **dict.fromkeys(("k", "tsd", "mil", "тыс", "千", "천"), 10**3),
    **dict.fromkeys(("万", "萬", "만"), 10**4),
    **dict.fromkeys(("lakh", "lac"), 10**5),
    **dict.fromkeys(("m", "mn", "mi", "mio", "mill", "млн"), 10**6),
    **dict.fromkeys(("crore", "cr"), 10**7),
    **dict.fromkeys(("億", "亿", "억"), 10**8),
    **dict.fromkeys(("b", "mrd", "млрд"), 10**9),
}
"""What pages write instead of the last digits, in the languages that X's own page has."""
_UNITS = "|".join(sorted(_SCALES, key=len, reverse=True))
_ROUNDED = re.compile(rf"(\d{{1,4}}(?:[.,]\d{{1,2}})?)[ \u00a0\u202f]?({_UNITS})\.?", re.IGNORECASE)


def decimal_mark(values: Iterable[str]) -> str:
    """The mark before fractions in one column of counts: ``.`` or ``,``; empty where no value shows one.

    A mark before exactly three digits may stand between thousands, before any other number of digits it does not:
    ``12.0`` and ``0.000`` show that ``9.000`` beside them is nine.
    """
    for value in values:
        text = value.strip()
        if _ONE_MARK.fullmatch(text) and not is_grouped(text):
            return text.strip("0123456789")
    return ""


def are_spoilt(values: Iterable[str], decimal: str) -> bool:
    """Whether a program has taken the thousands of a column for fractions, as pandas does of ``1.234`` and ``9.000``:
    then 1.234 is left of the one, and of the other 9.0, which nobody can tell from nine.

    Such a column has fractions of up to three digits, and no whole number from a thousand on.

    Args:
        decimal: see :func:`decimal_mark`.
    """
    fractions: set[str] = set()
    for value in values:
        whole, mark, fraction = value.strip().partition(decimal)
        if not whole.isdecimal() or (mark and not fraction.isdecimal()):
            continue
        fraction = fraction.rstrip("0")
        if len(fraction) > _DIGITS_OF_A_GROUP or (not fraction and len(whole) > _DIGITS_OF_A_GROUP):
            return False
        if fraction:
            fractions.add(value.strip())
    return len(fractions) >= _FEWEST_FRACTIONS


def is_grouped(text: str) -> bool:
    """Whether these are digits in groups, as thousands are written; ``0.125`` is not."""
    return not text.startswith("0") and _GROUPED.fullmatch(text) is not None


def plain_digits(text: str, decimal: str = "") -> str:
    """A count as a whole number or as one with a point before its fraction; other text as it is.

    Args:
        decimal: see :func:`decimal_mark`; of a column that shows none, what may be thousands is thousands.
    """
    marks = text.translate(_NO_DIGITS)
    if is_grouped(text) and not (len(marks) == 1 and marks == decimal):
        return re.sub(r"\D", "", text)
    if (found := _GROUPED_WITH_FRACTION.fullmatch(text)) and text[len(found[1])] != found[2]:
        return re.sub(r"\D", "", found[1]) + "." + found[3]
    if rounded := _ROUNDED.fullmatch(text):
        return str(round(float(rounded[1].replace(",", ".")) * _SCALES[rounded[2].lower()]))
    if _ONE_MARK.fullmatch(text):
        return text.replace(",", ".")
    return text


_NO_DIGITS = {ord(digit): None for digit in "0123456789"}
