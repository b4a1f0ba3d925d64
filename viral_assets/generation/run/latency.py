"""What a run has learnt about the service from its answers: how long they take and how it counts tokens."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.planner import UNMEASURED, Group, Latency, fit_latency
from viral_assets.llm.prices import Price
from viral_assets.llm.types import Usage
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import LatencySample
from viral_assets.quota.limits import Limits

SLOW_FACTOR = 3.0
"""An answer that takes so many times the usual is a sign of a service that cannot keep up."""

MIN_SAMPLES = 5
TIMEOUT_FACTOR = 5.0
MIN_TIMEOUT_SECONDS = 5.0
MAX_TIMEOUT_SECONDS = 90.0
"""A request may take five times what is usual, once five have shown what that is."""

UNMEASURED_OUTPUT_MARGIN = 1.5
"""Until an answer was seen, it may be so much longer than estimated (a model may think before it writes)."""

OUTPUT_MARGIN = 1.1
"""From then on, so much longer than the longest of the last ones."""


class LatencyModel:
    """Remembers the newest answers.

    Args:
        limits: say what counts as a token.
        timeout_seconds: fixed, instead of what was measured.
        prior: the latency assumed until some answers were measured.
    """

    def __init__(self, limits: Limits, *, timeout_seconds: float | None = None, prior: Latency = UNMEASURED) -> None:
        self._limits = limits
        self._timeout = timeout_seconds
        self._prior = prior
        self._samples: deque[LatencySample] = deque(maxlen=50)
        self._input_ratios: deque[float] = deque(maxlen=20)
        self._output_ratios: deque[float] = deque(maxlen=20)

    def load_history(self, samples: Iterable[LatencySample]) -> None:
        """What earlier runs measured."""
        self._samples.extend(samples)

    def record_latency(self, tweets: int, seconds: float) -> bool:
        """Take an answer into account; True when it was suspiciously slow."""
        slow = seconds > SLOW_FACTOR * self.latency.of(tweets) + 1.0
        self._samples.append(LatencySample(tweets, seconds))
        return slow

    def record_tokens(self, request: GenerationRequest, usage: Usage) -> None:
        """Take the service's count into account."""
        self._input_ratios.append(usage.input_tokens / max(1, request.estimated_input_tokens))
        self._output_ratios.append(usage.billed_output_tokens / max(1, request.estimated_output_tokens))

    @property
    def latency(self) -> Latency:
        return fit_latency(self._samples, self._prior)

    def timeout(self, tweets: int) -> float:
        """Seconds after which a request about so many tweets is given up."""
        if self._timeout is not None:
            return self._timeout
        if len(self._samples) < MIN_SAMPLES:
            return MAX_TIMEOUT_SECONDS
        return min(max(TIMEOUT_FACTOR * self.latency.of(tweets), MIN_TIMEOUT_SECONDS), MAX_TIMEOUT_SECONDS)

    def counted_tokens(self, request: GenerationRequest) -> int:
        """What a request will count in the token window, as the service has counted so far."""
        tokens = self._input_tokens(request)
        return tokens + (request.estimated_output_tokens if self._limits.counts_output else 0)

    def reserved_cost(self, request: GenerationRequest, price: Price) -> float:
        """USD to hold against the budget until the answer says what it cost: a little too much, so that a budget
        is kept to. What was too much is given back."""
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
        one, all_of_them = (
            self.counted_tokens(build_request(project, part, model=model)) for part in (sample[:1], sample)
        )
        per_tweet = (all_of_them - one) / (len(sample) - 1) if len(sample) > 1 else 0.0
        return Group(tweets, tokens_fixed=one - per_tweet, tokens_per_tweet=per_tweet, cap=cap)

    def _input_tokens(self, request: GenerationRequest) -> int:
        return math.ceil(request.estimated_input_tokens * max(self._input_ratios, default=1.0))
