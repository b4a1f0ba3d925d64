"""Ids that a program has rounded are told from true ones by a few of them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viral_assets.sources.parsers.rounded_ids import is_rounded, may_be_rounded, near, roundings_in

JANUARY_2026_MS = 478_000_000_000
"""Since the first of such ids."""


def true_ids(rng: random.Random, count: int) -> list[str]:
    """As X makes them: milliseconds, one of a thousand machines, and how many tweets of that millisecond came before,
    which is none for 4 in 10."""
    return [
        str(
            (JANUARY_2026_MS + rng.randrange(10**10) << 22)
            | rng.randrange(1024) << 12
            | (0 if rng.random() < 0.4 else rng.randrange(1, 60))
        )
        for _ in range(count)
    ]


def by_javascript(identity: str) -> str:
    """``Number(id).toString()``: the fewest digits that mean the same float, and zeros."""
    return repr(float(identity)).removesuffix("e+18").replace(".", "").ljust(19, "0")


ROUNDED_BY: dict[str, Callable[[str], str]] = {
    "JavaScript": by_javascript,
    "a float": lambda identity: str(int(float(identity))),
    "17 digits": lambda identity: f"{float(identity):.16e}".removesuffix("e+18").replace(".", "").ljust(19, "0"),
    "a spreadsheet": lambda identity: identity[:15] + "0000",
}


@pytest.mark.parametrize("program", ROUNDED_BY)
@given(seed=st.integers(0, 10**6), count=st.integers(8, 40))
@example(seed=714, count=8)  # all end in 00, and half of them have no lowest bits
def test_a_few_ids_that_are_all_rounded_are_told(program: str, seed: int, count: int) -> None:
    rounded = [ROUNDED_BY[program](identity) for identity in true_ids(random.Random(seed), count)]
    found = roundings_in(rounded)
    assert found
    assert all(is_rounded(identity, found) for identity in rounded)


@pytest.mark.parametrize("program", ROUNDED_BY)
def test_a_part_of_a_file_is_told_too_and_costs_the_others_little(program: str) -> None:
    rng = random.Random(7)
    ids = true_ids(rng, 2_000)
    rounded = [ROUNDED_BY[program](identity) for identity in ids[900:950]]
    found = roundings_in([*ids[:900], *rounded, *ids[950:]])
    assert all(is_rounded(identity, found) for identity in rounded)
    lost = sum(is_rounded(identity, found) for identity in ids) / len(ids)
    assert lost < (0.45 if program == "a float" else 0.04)


def test_a_part_of_a_small_file_is_told_too() -> None:
    whole = [identity for identity in true_ids(random.Random(5), 40) if int(identity) % 4096][:8]
    mixed = [by_javascript(identity) if at % 2 else identity for at, identity in enumerate(whole)]
    found = roundings_in(mixed)
    assert all(is_rounded(identity, found) for identity in mixed[1::2])
    assert not any(is_rounded(identity, found) for identity in mixed[::2])


@given(seed=st.integers(0, 10**9), count=st.integers(1, 3_000))
def test_true_ids_are_left_alone(seed: int, count: int) -> None:
    assert not roundings_in(true_ids(random.Random(seed), count))


def test_the_same_id_again_says_nothing_new() -> None:
    assert not roundings_in(["2126043340469583900"] * 55)


def test_short_ids_cannot_have_been_rounded() -> None:
    assert not may_be_rounded("29700859200")
    assert not roundings_in([str(number * 10_000) for number in range(1, 50)])


@given(st.integers(1_100_000_000_000_000_000, 2_300_000_000_000_000_000))
def test_an_id_is_near_to_what_any_program_makes_of_it(number: int) -> None:
    for rounded in (str(int(float(number))), str(number)[:15] + "0000", f"{number:.14e}"):
        assert near(str(int(float(rounded))), str(number))
    assert not near(str(number), str(number + (1 << 22)))


def test_a_part_that_went_through_a_float_is_told_by_what_surrounds_it() -> None:
    ids = [identity for identity in true_ids(random.Random(5), 90) if int(identity) % 4096][:40]
    mixed = [*ids[:20], *(str(int(float(identity))) for identity in ids[20:30]), *ids[30:]]
    found = roundings_in(mixed)
    assert [is_rounded(identity, found) for identity in mixed] == [20 <= at < 30 for at in range(len(mixed))]


OLD_IDS_MS = 150_000_000_000
"""Of August 2015."""


@given(seed=st.integers(0, 10**9), count=st.integers(1, 3_000))
def test_true_ids_of_old_most_of_which_fit_a_float_are_left_alone(seed: int, count: int) -> None:
    rng = random.Random(seed)
    number = (0 if rng.random() < 0.78 else rng.randrange(1, 30) for _ in range(count))
    ids = [str((OLD_IDS_MS + rng.randrange(10**9) << 22) | rng.randrange(1024) << 12 | each) for each in number]
    assert not roundings_in(ids)


@pytest.mark.parametrize("program", ["a float", "a spreadsheet"])
def test_old_ids_that_are_all_rounded_are_told(program: str) -> None:
    rng = random.Random(9)
    ids = [str((OLD_IDS_MS + rng.randrange(10**9) << 22) | rng.randrange(1024) << 12 | 1) for _ in range(60)]
    rounded = [
        identity[:15] + "000" if program == "a spreadsheet" else ROUNDED_BY[program](identity) for identity in ids
    ]
    found = roundings_in(rounded)
    assert all(is_rounded(identity, found) for identity in rounded)
