"""What a run would take, before it is run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.planning.day import BUDGET, share_of_this_hour
from viral_assets.generation.run.planning.failure_rate import FailureRate
from viral_assets.generation.run.planning.foresight import foreseen
from viral_assets.generation.run.planning.latency import latency_models
from viral_assets.generation.run.planning.run_plan import PlanTerms
from viral_assets.generation.run.planning.tokens import TokenModel
from viral_assets.generation.run.results import Results
from viral_assets.generation.run.resume import still_missing
from viral_assets.llm.tiers import STANDARD, Tier, cost_at
from viral_assets.projects.model import Project
from viral_assets.quota.decision import NOT_WORTH_WAITING_SECONDS
from viral_assets.quota.ledger import Ledger
from viral_assets.store.standing import Writer
from viral_assets.text.amounts import known_sum


@dataclass(frozen=True, slots=True)
class Estimate:
    """``packs`` are the numbers of tweets per request; ``cost_usd`` is None when the model's price is unknown.

    ``standard_cost_usd`` is what the same would cost at the standard tier, and ``tiers`` are those that are asked at.
    ``deferred`` tweets, the least promising ones, are more than what is left of the day's requests or budget, which
    ``deferred_because`` says.
    """

    opportunities: int
    already_done: int
    packs: tuple[int, ...]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float
    deferred: int = 0
    standard_cost_usd: float | None = 0.0
    tiers: tuple[Tier, ...] = (STANDARD,)
    deferred_because: str = ""

    @property
    def requests(self) -> int:
        return len(self.packs)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def without(self, handed_on: int) -> Estimate:
        """The same, where something else takes up the tweets that it would leave."""
        left = self.deferred - handed_on
        because = self.deferred_because if left else ""
        return replace(self, opportunities=self.opportunities - handed_on, deferred=left, deferred_because=because)


def combined_estimate(parts: Sequence[Estimate], *, side_by_side: bool = False) -> Estimate:
    """What several runs would take, one after the other or at the same time."""
    seconds = [each.seconds for each in parts]
    return Estimate(
        opportunities=sum(each.opportunities for each in parts),
        already_done=sum(each.already_done for each in parts),
        packs=tuple(pack for each in parts for pack in each.packs),
        input_tokens=sum(each.input_tokens for each in parts),
        output_tokens=sum(each.output_tokens for each in parts),
        cost_usd=known_sum(each.cost_usd for each in parts),
        seconds=max(seconds, default=0.0) if side_by_side else sum(seconds),
        deferred=sum(each.deferred for each in parts),
        standard_cost_usd=known_sum(each.standard_cost_usd for each in parts),
        tiers=tuple(dict.fromkeys(tier for each in parts for tier in each.tiers)),
        deferred_because="; ".join(dict.fromkeys(each.deferred_because for each in parts if each.deferred_because)),
    )


def estimate(
    opportunities: Sequence[Opportunity],
    projects: Mapping[str, Project],
    ledger: Ledger,
    results: Results,
    *,
    options: GenerationOptions,
    price_of: PriceOf,
    provider: str = "",
) -> tuple[Estimate, list[Opportunity]]:
    """Plan the run with the quota as it is now; nothing is asked or written.

    Args:
        provider: who would write.

    Returns:
        What it takes, and the tweets that are more than the day allows.
    """
    waiting = waiting_tweets(opportunities, results, Writer(provider, options.run_id, options.force))
    names = list(waiting)
    left_over = sum(map(len, waiting.values()))
    tier = options.tier or STANDARD
    latency_model, tokens = latency_models(options.latency, None)[tier], TokenModel(ledger.limits)
    latency_model.load_history(ledger.latencies(tier=tier))
    tokens.input_limit = ledger.input_limit()
    state, status = ledger.state(), ledger.status()
    caps = {name: options.exact or projects[name].generation.max_tweets_per_request for name in names}
    failures = FailureRate()
    failures.add(*ledger.failures())
    groups = [
        tokens.group(
            projects[name], list(mine)[: caps[name]], len(mine), model=options.model, price_of=price_of, tier=tier
        )
        for name, mine in waiting.items()
    ]
    terms = PlanTerms(
        concurrency=options.max_concurrency(ledger.limits),
        cap=max(caps.values(), default=1),
        latency=latency_model.latency,
        failures=failures,
        exact=options.exact,
        share=share_of_this_hour(state) if options.paced else None,
        is_measured=latency_model.is_measured,
    )
    planned = foreseen(groups, state, terms, ledger.limits)
    blocked = state.blocked_for > NOT_WORTH_WAITING_SECONDS
    reason = status.block_reason if blocked else planned.reason
    budget = ledger.limits.daily_budget_usd
    packs: list[int] = []
    input_tokens = output_tokens = 0
    cost: float | None = 0.0
    standard_cost: float | None = 0.0
    seconds = 0.0
    for pack in () if blocked else planned.packs:
        name = names[pack.group]
        tweets = [waiting[name].popleft() for _ in range(pack.tweets)]
        request = build_request(projects[name], tweets, model=options.model)
        price = price_of(request.model)
        more, standard_more = (
            known_sum((so_far, cost_at(price, at, request.estimated_input_tokens, request.estimated_output_tokens)))
            for so_far, at in ((cost, tier), (standard_cost, STANDARD))
        )
        if budget is not None and status.day_cost_usd + (more or 0.0) > budget:
            # These tweets are longer than those that the plan was made by.
            waiting[name].extendleft(reversed(tweets))
            reason = BUDGET
            break
        packs.append(pack.tweets)
        cost, standard_cost = more, standard_more
        input_tokens += request.estimated_input_tokens
        output_tokens += request.estimated_output_tokens
        seconds = max(seconds, pack.start + latency_model.latency.of(pack.tweets))
    left = [each for mine in waiting.values() for each in mine]
    return Estimate(
        opportunities=len(opportunities),
        already_done=len(opportunities) - left_over,
        packs=tuple(packs),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=cost,
        seconds=seconds,
        deferred=len(left),
        standard_cost_usd=standard_cost,
        tiers=(tier,),
        deferred_because=reason if left else "",
    ), left


def waiting_tweets(
    opportunities: Sequence[Opportunity], results: Results, writer: Writer
) -> dict[str, deque[Opportunity]]:
    """What would be asked about, by project."""
    by_project: dict[str, dict[str, Opportunity]] = {}
    for opportunity in opportunities:
        by_project.setdefault(opportunity.project, {}).setdefault(opportunity.tweet_id, opportunity)
    waiting: dict[str, deque[Opportunity]] = {}
    for project, mine in by_project.items():
        known = results.known(project, list(mine), writer)
        for opportunity in mine.values():
            if (missing := still_missing(opportunity, known)) is not None:
                waiting.setdefault(project, deque()).append(missing)
    return waiting
