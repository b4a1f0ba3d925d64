"""The tiers of a service: how soon it answers, and for how much of a model's price.

``flex`` answers in minutes instead of seconds and may refuse a request when it is busy; ``batch`` takes many requests
at once and answers within a day (https://ai.google.dev/gemini-api/docs/optimization).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import TypeAdapter

from viral_assets.llm.dated_prices import Price
from viral_assets.llm.models import table_of_models

Tier = Literal["standard", "flex", "batch"]
TIERS: tuple[Tier, ...] = get_args(Tier)
STANDARD, FLEX, BATCH = TIERS

_SHARES = TypeAdapter(dict[Tier, float])


def tier_named(name: object, *, asked: Tier) -> Tier:
    """The tier at which a request was served, as the service names it; the one that was asked where it does not say,
    or where the name is none that has a price here."""
    said = str(name or "").lower()
    return next((tier for tier in TIERS if tier == said), asked)


def price_at(price: Price | None, tier: Tier) -> Price | None:
    """What a model costs at a tier; None where its price is unknown.

    Input that the service had cached is cheap already and not known to be cheaper still, so its price stays.
    """
    if price is None or tier == STANDARD:
        return price
    share = _shares()[tier]
    whole = price.input * share
    cached = None if price.cached_input is None else min(price.cached_input, whole)
    return Price(input=whole, output=price.output * share, cached_input=cached)


def cost_at(
    price: Price | None, tier: Tier, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0
) -> float | None:
    """USD for so many tokens at a tier; None where the price is unknown. As :meth:`Price.of`."""
    known = price_at(price, tier)
    return None if known is None else known.of(input_tokens, output_tokens, cached_tokens=cached_tokens)


@functools.cache
def _shares() -> Mapping[Tier, float]:
    """Of a model's price, by tier."""
    return _SHARES.validate_python(table_of_models()["tiers"])
