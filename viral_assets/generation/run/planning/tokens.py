"""How the service counts tokens: what a request will count and cost, by the estimates and by what the last ones did."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from viral_assets.errors import TooMuchInputError
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import PriceOf
from viral_assets.generation.run.planning.packs import PackGroup
from viral_assets.generation.run.planning.stretch import stretched_cap
from viral_assets.llm.prices import Price
from viral_assets.llm.tiers import STANDARD, Tier, price_at
from viral_assets.llm.types import Usage
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import InputLimit
from viral_assets.quota.limits import Limits

UNMEASURED_OUTPUT_MARGIN = 1.5
"""Until an answer was seen, it may be so much longer than estimated (a model may think before it writes)."""

OUTPUT_MARGIN = 1.1
"""From then on, so much longer than the longest of the last ones."""


class TokenModel:
    """Remembers how the service's counts of the newest requests compare with their estimates.

    Args:
        limits: say what counts as a token.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._input_ratios: deque[float] = deque(maxlen=20)
        self._output_ratios: deque[float] = deque(maxlen=20)
        self.input_limit: InputLimit | None = None
        """What one request may hold, where the service has said so."""

    def record(self, request: GenerationRequest, usage: Usage) -> None:
        """Take the service's count into account."""
        self._input_ratios.append(usage.input_tokens / max(1, request.estimated_input_tokens))
        self._output_ratios.append(usage.billed_output_tokens / max(1, request.estimated_output_tokens))

    def counted(self, request: GenerationRequest) -> int:
        """What a request will count in the token window, as the service has counted so far."""
        tokens = self._input_tokens(request)
        return tokens + (request.estimated_output_tokens if self._limits.counts_output else 0)

    def reserved_cost(self, request: GenerationRequest, price: Price) -> float:
        """USD to hold against the budget until the answer says what it cost: a little too much, so that a budget
        is kept to. What was too much is given back. A raised cap is there to be used up."""
        if request.raised_cap:
            return price.of(self._input_tokens(request), request.max_output_tokens)
        longer = OUTPUT_MARGIN * max(self._output_ratios) if self._output_ratios else UNMEASURED_OUTPUT_MARGIN
        return price.of(self._input_tokens(request), math.ceil(longer * request.estimated_output_tokens))

    def learn_input_limit(self, request: GenerationRequest, limit: TooMuchInputError) -> InputLimit:
        """The service has refused the request because it holds too much.

        Returns:
            What is known of it now.
        """
        if self.input_limit is None or limit.allowed < self.input_limit.allowed:
            self.input_limit = InputLimit(limit.allowed, limit.with_output)
        if limit.counted:
            self._input_ratios.append(limit.counted / max(1, request.estimated_input_tokens))
        return self.input_limit

    def held(self, request: GenerationRequest) -> int:
        """The tokens of a request that count towards what one request may hold."""
        shared = self.input_limit is not None and self.input_limit.with_output
        return self._input_tokens(request) + (request.estimated_output_tokens if shared else 0)

    def is_too_large(self, request: GenerationRequest) -> bool:
        """Whether the service would refuse it, as far as it has said."""
        return self.input_limit is not None and self.held(request) > self.input_limit.allowed

    def group(
        self,
        project: Project,
        sample: Sequence[Opportunity],
        tweets: int,
        *,
        model: str | None,
        asked_before: bool = False,
        price_of: PriceOf | None = None,
        tier: Tier = STANDARD,
    ) -> PackGroup:
        """What the planner has to know of a project's tweets.

        Args:
            sample: some of them, as many as one request takes; tokens are measured by these.
            tweets: how many there are.
            asked_before: some of them are asked about again.
            price_of: models' prices, where there is a budget.
            tier: at which they are asked about.
        """
        cap = project.generation.max_tweets_per_request
        stretched = stretched_cap(project.generation, asked_before=asked_before)
        if self._limits.max_tokens is None and self._limits.daily_budget_usd is None and self.input_limit is None:
            return PackGroup(tweets, cap=cap, stretched_cap=stretched)
        one, whole = (build_request(project, part, model=model) for part in (sample[:1], sample))
        more = max(1, len(sample) - 1)
        if self.input_limit is not None:
            per_tweet = (self.held(whole) - self.held(one)) / more
            room = self.input_limit.allowed - self.held(one)
            fitting = 1 + math.floor(room / per_tweet) if per_tweet > 0 else stretched
            cap, stretched = (max(1, min(each, fitting)) for each in (cap, stretched))
        per_tweet = (self.counted(whole) - self.counted(one)) / more
        usd = usd_per_tweet = 0.0
        if self._limits.daily_budget_usd is not None and price_of is not None:
            price = price_at(price_of(one.model), tier)
            usd_per_tweet = (self._expected_cost(whole, price) - self._expected_cost(one, price)) / more
            usd = self._expected_cost(one, price) - usd_per_tweet
        fixed = self.counted(one) - per_tweet
        return PackGroup(tweets, fixed, per_tweet, cap, max(0.0, usd), usd_per_tweet, stretched)

    def _expected_cost(self, request: GenerationRequest, price: Price | None) -> float:
        longest = max(self._output_ratios, default=1.0)
        output = math.ceil(longest * request.estimated_output_tokens)
        return price.of(self._input_tokens(request), output) if price else 0.0

    def _input_tokens(self, request: GenerationRequest) -> int:
        return math.ceil(request.estimated_input_tokens * max(self._input_ratios, default=1.0))
