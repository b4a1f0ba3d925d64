"""What a run would take, before it is run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from viral_assets.generation.executor import Options, PriceOf
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.planner import Group, fit_latency, plan
from viral_assets.generation.prompt import build_request
from viral_assets.generation.results import Results
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Estimate:
    """``packs`` are the numbers of tweets per request; ``cost_usd`` is None when the model's price is unknown."""

    opportunities: int
    already_done: int
    packs: tuple[int, ...]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float

    @property
    def requests(self) -> int:
        return len(self.packs)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def estimate(
    opportunities: Sequence[Opportunity],
    projects: Mapping[str, Project],
    ledger: Ledger,
    results: Results,
    *,
    options: Options,
    price_of: PriceOf,
) -> Estimate:
    """Plan the run with the quota as it is now; nothing is asked or written."""
    waiting: dict[str, deque[Opportunity]] = {}
    for project in {opportunity.project for opportunity in opportunities}:
        mine = [opportunity for opportunity in opportunities if opportunity.project == project]
        finished = results.known(project, [opportunity.tweet_id for opportunity in mine]).finished
        left = [each for each in mine if options.force or each.tweet_id not in finished]
        if left:
            waiting[project] = deque(left)
    names = list(waiting)
    left_over = sum(map(len, waiting.values()))
    planned = plan(
        [Group(len(waiting[name])) for name in names],
        ledger.state(),
        concurrency=options.most_at_once(ledger.limits),
        cap=options.exact or max((projects[name].generation.max_tweets_per_request for name in names), default=1),
        latency=fit_latency(ledger.latencies()),
        exact=options.exact,
    )
    input_tokens = output_tokens = 0
    cost: float | None = 0.0
    for pack in planned.packs:
        name = names[pack.group]
        asked = [waiting[name].popleft() for _ in range(pack.tweets)]
        request = build_request(projects[name], asked, model=options.model)
        input_tokens += request.estimated_input_tokens
        output_tokens += request.estimated_output_tokens
        price = price_of(request.model)
        if price is None or cost is None:
            cost = None
        else:
            cost += price.of(request.estimated_input_tokens, request.estimated_output_tokens)
    return Estimate(
        opportunities=len(opportunities),
        already_done=len(opportunities) - left_over,
        packs=tuple(pack.tweets for pack in planned.packs),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=cost,
        seconds=planned.makespan,
    )
