"""What the tiers of a service cost."""

from __future__ import annotations

import pytest

from viral_assets.llm.prices import FREE, Price
from viral_assets.llm.tiers import BATCH, FLEX, STANDARD, cost_at, price_at, tier_named

PRICE = Price(input=0.30, output=2.50, cached_input=0.03)


@pytest.mark.parametrize("tier", [FLEX, BATCH])
def test_a_cheaper_tier_costs_half_and_the_cache_what_it_does(tier: str) -> None:
    assert price_at(PRICE, tier_named(tier, asked=STANDARD)) == Price(input=0.15, output=1.25, cached_input=0.03)


def test_cached_input_is_never_dearer_than_other_input() -> None:
    half = price_at(Price(input=1, output=2, cached_input=0.8), FLEX)
    assert half is not None
    assert half.cached_input == 0.5


def test_the_standard_tier_costs_the_price() -> None:
    assert price_at(PRICE, STANDARD) is PRICE


def test_nothing_is_half_of_nothing_and_unknown_half_of_unknown() -> None:
    assert price_at(FREE, FLEX) == FREE
    assert price_at(None, FLEX) is None
    assert cost_at(None, FLEX, 1, 1) is None
    assert cost_at(PRICE, FLEX, 1_000_000, 1_000_000) == pytest.approx(1.40)


@pytest.mark.parametrize(("said", "tier"), [("FLEX", FLEX), ("standard", STANDARD), ("priority", FLEX), (None, FLEX)])
def test_the_tier_that_a_service_names_is_the_one_that_is_billed(said: str | None, tier: str) -> None:
    assert tier_named(said, asked=FLEX) == tier
