"""What sending tweets in batches would take, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from viral_assets.generation.batches.packs import requests_about
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.planning.estimate import Estimate, waiting_tweets
from viral_assets.generation.run.results import Results
from viral_assets.llm.tiers import BATCH, STANDARD, cost_at
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import Ledger
from viral_assets.store.standing import Writer
from viral_assets.text.amounts import known_sum


def estimate_batches(
    opportunities: Sequence[Opportunity],
    projects: Mapping[str, Project],
    ledger: Ledger,
    results: Results,
    *,
    options: GenerationOptions,
    price_of: PriceOf,
    provider: str,
    hours: float,
) -> Estimate:
    """Nothing is asked or written. What is more than the day's budget allows is deferred.

    Args:
        ledger: of the model's batches.
        hours: after which the standard tier has to do; the estimate says so long, as nobody knows better.
    """
    waiting = waiting_tweets(opportunities, results, Writer(provider, options.run_id, options.force))
    spent, budget = ledger.status().day_cost_usd, ledger.limits.daily_budget_usd
    wanted = [each for mine in waiting.values() for each in mine]
    packs: list[int] = []
    input_tokens = output_tokens = 0
    cost: float | None = 0.0
    standard_cost: float | None = 0.0
    for request in requests_about(wanted, projects, options):
        price, tokens = price_of(request.model), (request.estimated_input_tokens, request.estimated_output_tokens)
        more = known_sum((cost, cost_at(price, BATCH, *tokens)))
        if budget is not None and spent + (more or 0.0) > budget:
            break
        packs.append(len(request.opportunities))
        cost, standard_cost = more, known_sum((standard_cost, cost_at(price, STANDARD, *tokens)))
        input_tokens, output_tokens = input_tokens + tokens[0], output_tokens + tokens[1]
    return Estimate(
        opportunities=len(opportunities),
        already_done=len(opportunities) - len(wanted),
        packs=tuple(packs),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=cost,
        seconds=hours * 3600 if packs else 0.0,
        deferred=len(wanted) - sum(packs),
        standard_cost_usd=standard_cost,
        tiers=(BATCH,),
    )
