"""How the service counts tokens: what a request will count and cost, by the estimates and by what the last ones did."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.planning.planner import Group
from viral_assets.llm.prices import Price
from viral_assets.llm.types import Usage
from viral_assets.projects.model import Project
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

    def group(self, project: Project, sample: Sequence[Opportunity], tweets: int, *, model: str | None) -> Group:
        """What the planner has to know of a project's tweets.

        Args:
            sample: some of them, as many as one request takes; tokens are measured by these.
            tweets: how many there are.
        """
        cap = project.generation.max_tweets_per_request
        if self._limits.max_tokens is None:
            return Group(tweets, cap=cap)
        one, all_of_them = (self.counted(build_request(project, part, model=model)) for part in (sample[:1], sample))
        per_tweet = (all_of_them - one) / (len(sample) - 1) if len(sample) > 1 else 0.0
        return Group(tweets, tokens_fixed=one - per_tweet, tokens_per_tweet=per_tweet, cap=cap)

    def _input_tokens(self, request: GenerationRequest) -> int:
        return math.ceil(request.estimated_input_tokens * max(self._input_ratios, default=1.0))
