"""Counts of other locales, judged by their column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.parsers.count_notation import are_spoilt, decimal_mark
from viral_assets.sources.parsers.fields import written_count

MARKS = [",", ".", " ", "'", "\u00a0", "\u202f", "\u2019"]


@pytest.mark.parametrize("mark", MARKS)
@given(number=st.integers(0, 2**31 - 1))
def test_thousands_are_read_with_any_mark(mark: str, number: int) -> None:
    assert written_count("likes", f"{number:,}".replace(",", mark)) == number


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_a_column_of_fractions_of_nothing_is_whole_numbers(numbers: list[int]) -> None:
    for places, mark in ((1, "."), (2, ","), (6, ".")):
        written = [f"{number:.{places}f}".replace(".", mark) for number in numbers]
        assert [written_count("likes", each, decimal_mark(written)) for each in written] == numbers


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["9.000", "120.000", "12"], ""),
        (["9.000", "12.0"], "."),
        (["0.000", "9.000"], "."),
        (["9,000", "12,5"], ","),
        (["1.250.000", "9.000"], ""),
        (["1,234", "7"], ""),
        ([], ""),
    ],
)
def test_what_a_column_shows(values: list[str], mark: str) -> None:
    assert decimal_mark(values) == mark


def test_nine_thousand_are_nine_only_where_the_column_has_fractions() -> None:
    assert written_count("views", "9.000") == 9_000
    assert written_count("views", "9.000", ".") == 9
    assert written_count("views", "9,000", ".") == 9_000


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1.234,0", 1_234),
        ("1,234.0", 1_234),
        ("12,34,567", 1_234_567),
        ("1,2K", 1_200),
        ("3,4 Mio.", 3_400_000),
        ("12 Tsd.", 12_000),
        ("1.2万", 12_000),
        ("3.5만", 35_000),
        ("2億", 200_000_000),
        ("1,5 тыс.", 1_500),
        ("2,1 mi", 2_100_000),
        ("1.5 lakh", 150_000),
    ],
)
def test_how_countries_write(written: str, count: int) -> None:
    assert written_count("views", written) == count


@pytest.mark.parametrize(
    ("values", "spoilt"),
    [
        (["1.234", "9.0", "12.5"], True),
        (["1.234", "9.0", ""], False),  # one may be an error
        (["1.234", "12.5", "2000"], False),
        (["1.2345", "12.5"], False),
        (["9.0", "12.0"], False),
        (["1.2K", "1.5K", "3.0"], False),
    ],
)
def test_thousands_taken_for_fractions(values: list[str], spoilt: bool) -> None:
    assert are_spoilt(values, ".") is spoilt
