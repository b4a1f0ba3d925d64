"""What a run has learnt about the service from its answers: how long they take and how it counts tokens."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from viral_assets.generation.clients.base import GenerationRequest, Usage
from viral_assets.generation.planner import Latency, fit_latency
from viral_assets.quota.ledger import LatencySample
from viral_assets.quota.limits import Limits

SLOW_FACTOR = 3.0
"""An answer that takes so many times the usual is a sign of a service that cannot keep up."""

MEASURED_ENOUGH = 5
TIMEOUT_FACTOR = 5.0
LEAST_PATIENCE_SECONDS = 5.0
MOST_PATIENCE_SECONDS = 90.0
"""A request may take five times what is usual, once five have shown what that is."""


class Experience:
    """Remembers the newest answers.

    Args:
        limits: say what counts as a token.
        timeout_seconds: fixed, instead of what was measured.
    """

    def __init__(self, limits: Limits, *, timeout_seconds: float | None = None) -> None:
        self._limits = limits
        self._timeout = timeout_seconds
        self._samples: deque[LatencySample] = deque(maxlen=50)
        self._token_ratios: deque[float] = deque(maxlen=20)

    def recall(self, samples: Iterable[LatencySample]) -> None:
        """What earlier runs measured."""
        self._samples.extend(samples)

    def measured(self, tweets: int, seconds: float) -> bool:
        """Take an answer into account; True when it was suspiciously slow."""
        slow = seconds > SLOW_FACTOR * self.latency.of(tweets) + 1.0
        self._samples.append(LatencySample(tweets, seconds))
        return slow

    def counted(self, request: GenerationRequest, usage: Usage) -> None:
        self._token_ratios.append(usage.input_tokens / max(1, request.estimated_input_tokens))

    @property
    def latency(self) -> Latency:
        return fit_latency(self._samples)

    def timeout(self, tweets: int) -> float:
        """Seconds after which a request about so many tweets is given up."""
        if self._timeout is not None:
            return self._timeout
        if len(self._samples) < MEASURED_ENOUGH:
            return MOST_PATIENCE_SECONDS
        return min(max(TIMEOUT_FACTOR * self.latency.of(tweets), LEAST_PATIENCE_SECONDS), MOST_PATIENCE_SECONDS)

    def counted_tokens(self, request: GenerationRequest) -> int:
        """What a request will count in the token window, as the service has counted so far."""
        tokens = math.ceil(request.estimated_input_tokens * max(self._token_ratios, default=1.0))
        return tokens + (request.estimated_output_tokens if self._limits.counts_output else 0)
