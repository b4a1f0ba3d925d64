"""Whether what was spent stays within the budget. What a request costs, and holding it back, is the ledger's work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viral_assets.defs.checks.results import HourCheckResult, Violation

NEAR = 0.9
"""From this share of the budget on, somebody should know before it is used up."""

_ROUNDING_USD = 1e-9


@dataclass(frozen=True, slots=True)
class SpentDay:
    """A quota day (US Pacific) on which some of an hour's suggestions were written, and what all of it cost."""

    day: str
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Spending:
    """What is known about the money of an hour; ``budget_usd`` is for a day, None when there is no limit."""

    budget_usd: float | None = None
    days: Sequence[SpentDay] = ()


def budget_exceeded(spending: Spending) -> HourCheckResult:
    """Days on which an hour's suggestions were written and that cost more than the budget (ERROR), or nearly (WARN)."""
    budget = spending.budget_usd
    if budget is None:
        return HourCheckResult(numbers={"daily budget (USD)": "none"})
    numbers = {"daily budget (USD)": budget, **{f"spent on {each.day} (USD)": each.cost_usd for each in spending.days}}
    above = [each for each in spending.days if each.cost_usd > budget + _ROUNDING_USD]
    near = [each for each in spending.days if each.cost_usd >= NEAR * budget and each not in above]
    if above:
        advice = "see in llm_requests what took it, and whether everybody has the same VIRAL_ASSETS_DAILY_BUDGET_USD"
        return HourCheckResult(
            [Violation("", "", f"{_summarise(each, budget)}: {advice}") for each in above], numbers=numbers
        )
    advice = "raise VIRAL_ASSETS_DAILY_BUDGET_USD, or expect tweets to be left for the next day"
    violations = [Violation("", "", f"{_summarise(each, budget)}: {advice}") for each in near]
    return HourCheckResult(violations, severity="WARN", numbers=numbers)


def _summarise(spent: SpentDay, budget: float) -> str:
    return f"{spent.day} has cost {spent.cost_usd:.4f} of {budget:g} USD"
