"""A cap is changed by decisions that call for it, and by no others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.learning.packing import MARGIN, RISK, PackCap, choose_cap
from viral_assets.queries.packing_model import SIZES, DecisionSums, ModelPacks

TYPICAL = (1, 2, 5, 8, 12)
"""Tweets in a request of each group."""

NO_DIFFERENCE = (0.0,) * 5


def judged(random: np.random.Generator, tweets: int, requests: int, share: float, alike: float) -> DecisionSums:
    """What people make of two suggestions a tweet; ``alike`` is the correlation within a request."""
    shares = np.full(requests, share)
    if alike:
        shares = random.beta(share * (1 / alike - 1), (1 - share) * (1 / alike - 1), requests)
    decided = 2 * tweets
    approved = random.binomial(decided, shares)
    return DecisionSums(
        requests,
        int(approved.sum()),
        decided * requests,
        0,
        tweets,
        int((approved**2).sum()),
        int(approved.sum()) * decided,
        decided**2 * requests,
    )


def packs(
    random: np.random.Generator,
    requests: Sequence[int],
    drops: Sequence[float] = NO_DIFFERENCE,
    *,
    base: float = 0.6,
    alike: float = 0.1,
) -> ModelPacks:
    """A model's requests of each group of sizes; ``drops`` is by how much fewer are approved in each."""
    groups = zip(SIZES, TYPICAL, requests, drops, strict=True)
    return ModelPacks(
        "m",
        {group: judged(random, tweets, count, base - drop, alike) for group, tweets, count, drop in groups if count},
        {},
    )


def caps(times: int, requests: Sequence[int], drops: Sequence[float] = NO_DIFFERENCE, **how: float) -> list[PackCap]:
    random = np.random.default_rng(7)
    return [choose_cap([packs(random, requests, drops, **how)], 10, highest=50) for _ in range(times)]


@pytest.mark.parametrize("alike", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("base", [0.2, 0.6, 0.9])
@pytest.mark.parametrize("requests", [(40, 40, 40, 40, 0), (100, 60, 20, 10, 0), (12, 10, 10, 10, 10)])
def test_where_sizes_make_no_difference_a_cap_is_lowered_no_more_often_than_is_said(
    requests: tuple[int, ...], base: float, alike: float
) -> None:
    times = 200
    lowered = sum(cap.new < cap.present for cap in caps(times, requests, base=base, alike=alike))
    # What chance makes of the stated share in so many tries.
    assert lowered / times <= RISK + 3 * math.sqrt(RISK * (1 - RISK) / times)


def test_models_that_differ_are_no_reason_to_lower_a_cap() -> None:
    random = np.random.default_rng(7)
    small, large = (100, 60, 10, 10, 0), (10, 10, 10, 60, 0)
    found = [
        choose_cap([packs(random, small, base=0.8), replace(packs(random, large, base=0.3), model="n")], 10, highest=50)
        for _ in range(400)
    ]
    assert sum(cap.new < 10 for cap in found) / len(found) <= RISK + 0.033


def test_a_strong_effect_lowers_the_cap_below_the_sizes_that_have_it() -> None:
    found = caps(200, (40, 40, 40, 40, 0), (0, 0, 0, 0.3, 0))
    assert sum(cap.new == 6 for cap in found) > 180
    assert all(cap.new <= 6 for cap in found)
    assert sum(cap.new == 1 for cap in caps(200, (40, 40, 40, 40, 0), (0, 0.3, 0.3, 0.3, 0))) > 190


def test_the_cap_goes_up_only_as_far_as_larger_requests_are_shown_to_be_no_worse() -> None:
    random = np.random.default_rng(7)
    many = packs(random, (300, 300, 300, 300, 300), alike=0.0)
    assert choose_cap([many], 3, highest=50).new == 12
    assert choose_cap([many], 3, highest=9).new == 9
    without_some = replace(many, by_size={group: found for group, found in many.by_size.items() if group.most != 6})
    assert choose_cap([without_some], 3, highest=50).new == 12
    few = packs(random, (20, 20, 20, 20, 20))
    assert choose_cap([few], 3, highest=50).new == 3


def test_a_cap_below_a_worse_size_stays() -> None:
    worse = packs(np.random.default_rng(7), (100, 100, 100, 100, 0), (0, 0, 0, 0.4, 0))
    assert not choose_cap([worse], 5, highest=50).changes
    assert choose_cap([worse], 8, highest=50).new == 6


@pytest.mark.parametrize("requests", [(0, 0, 0, 0, 0), (50, 0, 0, 0, 0), (9, 9, 0, 0, 0), (0, 0, 0, 100, 0)])
def test_without_evidence_the_cap_stays_and_it_is_said_what_it_takes(requests: tuple[int, ...]) -> None:
    (cap,) = caps(1, requests, (0, 0.5, 0.5, 0.5, 0))
    assert not cap.changes
    assert {each.verdict for each in cap.comparisons} <= {"too few"}
    assert all("more" in each.missing for each in cap.comparisons)


shares = st.tuples(st.integers(0, 60), st.floats(0, 1), st.booleans())


@given(st.lists(st.lists(shares, min_size=5, max_size=5), max_size=3), st.integers(1, 50))
def test_whatever_was_decided_the_cap_is_one_that_a_file_takes_and_follows_from_what_is_shown(
    drawn: list[list[tuple[int, float, bool]]], present: int
) -> None:
    models = []
    for number, groups in enumerate(drawn):
        by_size = {}
        for group, tweets, (requests, share, together) in zip(SIZES, TYPICAL, groups, strict=True):
            approved = round(requests * 2 * tweets * share)
            counts = np.full(requests, 2 * tweets)
            good = np.minimum(counts, np.maximum(0, approved - np.cumsum(counts) + counts))
            if not together and requests:
                good = np.full(requests, approved // requests)
            if requests:
                sums = (int((good**2).sum()), int((good * counts).sum()), int((counts**2).sum()))
                by_size[group] = DecisionSums(requests, int(good.sum()), int(counts.sum()), 0, tweets, *sums)
        models.append(ModelPacks(f"m{number}", by_size, {}))
    cap = choose_cap(models, present, highest=50)
    assert 1 <= cap.new <= 50
    for each in cap.comparisons:
        assert -1 <= each.low <= each.drop <= each.high <= 1
    worse = [each.group.least for each in cap.comparisons if each.verdict == "worse"]
    assert not worse or cap.new < worse[0]
    if cap.new < present:
        assert cap.new == worse[0] - 1
    if cap.new > present:
        reached = [each for each in cap.comparisons if each.larger.largest == cap.new]
        assert [each.verdict for each in reached] == ["not worse"]
        assert all(each.high < MARGIN for each in reached)
