"""What a request counts: in tokens and in money once it has ended, and in tweets that are left."""

from __future__ import annotations

from collections.abc import Sequence

from viral_assets.quota.ledger import GrantRequest, Settlement
from viral_assets.quota.limits import Limits


def counted_tokens(limits: Limits, settlement: Settlement) -> int | None:
    """What a settled request counts in the token window; None keeps the estimate.

    A refused request was never read, so it counts no tokens; one that failed may have been, so its estimate stays.
    """
    if settlement.status in ("refused", "unsent"):
        return 0
    if settlement.input_tokens is None:
        return None
    output = (settlement.output_tokens or 0) + (settlement.thought_tokens or 0)
    return settlement.input_tokens + (output if limits.counts_output else 0)


def settled_cost(settlement: Settlement) -> float | None:
    """What a settled request costs; None keeps the estimate, because it may have been paid."""
    return 0.0 if settlement.status in ("refused", "unsent") else settlement.cost_usd


def remaining_after_each(asks: Sequence[GrantRequest], remaining: int) -> list[int]:
    """How many tweets their runner still wants to ask about when each is granted, but for those of the request."""
    left = []
    for ask in reversed(asks):
        left.append(remaining)
        remaining += len(ask.tweet_ids)
    return left[::-1]
