"""What drafting a day's choice would cost: the plan of a dry run, on a day of which nothing is used yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.planning.estimate import Estimate, estimate
from viral_assets.generation.run.results import NoResults
from viral_assets.projects.model import Project
from viral_assets.quota import Limits, open_ledger
from viral_assets.text.amounts import known_sum


@dataclass(frozen=True, slots=True)
class DayCost:
    """A day (UTC) and what it takes."""

    day: date
    estimate: Estimate


def cost_of_day(
    day: date, chosen: Sequence[Opportunity], project: Project, *, limits: Limits, model: str, price_of: PriceOf
) -> DayCost:
    """Plan the drafts for what a day chose, with all of a day's quota. Nothing is asked or written.

    Args:
        model: that would be asked.
        price_of: None for an unknown price.
    """
    planned, _ = estimate(
        chosen,
        {project.name: project},
        open_ledger(None, limits, "check"),
        NoResults(),
        options=GenerationOptions(concurrency="auto", model=model),
        price_of=price_of,
    )
    return DayCost(day, planned)


def usd_a_day(days: Sequence[DayCost], counted: int) -> float | None:
    """The mean over ``counted`` days, those with tweets of which none is chosen included; None where a price is
    unknown."""
    total = known_sum(each.estimate.cost_usd for each in days)
    return None if total is None else total / max(1, counted)
