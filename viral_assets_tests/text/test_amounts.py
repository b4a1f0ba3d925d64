"""How counts and sums of money are shown."""

from __future__ import annotations

import pytest

from viral_assets.text.amounts import full_count, how_many, money, percent, short_count


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1K"),
        (1249, "1.2K"),
        (1999, "1.9K"),
        (9999, "9.9K"),
        (10_500, "10K"),
        (999_999, "999K"),
        (1_050_000, "1M"),
        (3_460_000, "3.4M"),
        (1_100_000_000, "1.1B"),
    ],
)
def test_counts_are_cut_off_as_x_does(count: int, text: str) -> None:
    assert short_count(count) == text


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (0.0, "$0.00"),
        (0.00002134, "$0.000021"),
        (0.00213, "$0.0021"),
        (0.0413, "$0.041"),
        (1.5, "$1.50"),
        (0.1, "$0.10"),
        (-1.7e-18, "$0.00"),
        (-0.0413, "-$0.041"),
        (-2.0, "-$2.00"),
    ],
)
def test_small_sums_are_not_rounded_away(cost: float, text: str) -> None:
    assert money(cost) == text


def test_an_unknown_price_is_not_free() -> None:
    assert money(None) == "unknown"
    assert money(0) == "$0.00"
    assert money(0.0021) == "$0.0021"
    assert money(1234.5) == "$1,234.50"


def test_unknown_counts_are_not_zero() -> None:
    assert (full_count(None), full_count(0), full_count(12345)) == ("?", "0", "12,345")


def test_one_is_one() -> None:
    assert [how_many(number, "tweet") for number in (0, 1, 12345)] == ["0 tweets", "1 tweet", "12,345 tweets"]
    assert [how_many(number, "reply is", "replies are") for number in (1, 2)] == ["1 reply is", "2 replies are"]


@pytest.mark.parametrize(("share", "shown"), [(0.0, 0), (0.29, 29), (0.747_9, 74), (0.999_999, 99), (1.0, 100)])
def test_a_percentage_is_cut_off(share: float, shown: int) -> None:
    assert percent(share) == shown
