"""What the ledger keeps of how a request ended, and what is billed for it: pure functions. Prices are those at the
standard tier of the service; what a tier makes of them is reckoned here.
"""

from __future__ import annotations

from dataclasses import replace

from viral_assets.errors import BlockedAnswerError, ProviderError
from viral_assets.generation.run.options import PriceOf
from viral_assets.llm.models import is_same_model
from viral_assets.llm.prices import Price
from viral_assets.llm.tiers import STANDARD, Tier, cost_at, tier_named
from viral_assets.llm.types import Answer, Usage
from viral_assets.quota.ledger import Settlement
from viral_assets.vocabulary import OPENAI


def price_of_answer(
    reply: Answer | ProviderError, *, asked: str, asked_price: Price | None, price_of: PriceOf, provider: str
) -> Price | None:
    """What the model that answered costs, which need not be the one that was asked."""
    answered_by = reply.model_version if isinstance(reply, Answer | BlockedAnswerError) else None
    if answered_by is None or is_same_model(asked, answered_by):
        return asked_price
    price = price_of(answered_by)
    if price is None and provider == OPENAI:
        # An address of one's own has its own names for its models: what somebody has said of the asked one holds.
        return asked_price
    return price


def settled_answer(answer: Answer, usage: Usage | None, price: Price | None, tier: Tier) -> Settlement:
    """What the ledger keeps of an answer.

    Args:
        usage: what is billed; None leaves it at what was estimated.
        price: of the model that answered.
        tier: at which it was served.
    """
    settlement = Settlement(
        "answered",
        raw_answer=answer.text,
        finish_reason=answer.finish_reason,
        http_status=200,
        model_version=answer.model_version,
    )
    return settlement if usage is None else _with_usage(settlement, usage, price, tier)


def settled_failure(error: ProviderError, price: Price | None, tier: Tier) -> tuple[Settlement, Usage | None]:
    """What the ledger keeps of a request without an answer. A blocked one is billed all the same.

    Args:
        price: of the model that answered.
        tier: at which it was asked.
    """
    settlement = Settlement.without_answer(error)
    if not isinstance(error, BlockedAnswerError):
        return settlement, None
    settlement = replace(settlement, model_version=error.model_version)
    if error.input_tokens is None:
        return settlement, None
    usage = Usage(error.input_tokens, error.output_tokens or 0, error.thought_tokens or 0, error.cached_tokens or 0)
    return _with_usage(settlement, usage, price, tier_named(error.tier, asked=tier)), usage


def _with_usage(settlement: Settlement, usage: Usage, price: Price | None, tier: Tier) -> Settlement:
    cost, whole = (
        cost_at(price, each, usage.input_tokens, usage.billed_output_tokens, cached_tokens=usage.cached_tokens)
        for each in (tier, STANDARD)
    )
    return replace(
        settlement,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        thought_tokens=usage.thought_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=cost,
        spared_usd=None if cost is None or whole is None or tier == STANDARD else whole - cost,
        tier=tier,
    )
