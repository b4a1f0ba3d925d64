"""How the service behaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class FlexConfig:
    """Requests of the tier that is half the price.

    Args:
        latency: a and b of a + b per tweet, in seconds; None for that of other requests.
        shed: how likely a request is refused because the service is busy.
        refusal: what a shed request is answered with: ``503``, or one of ``REFUSALS``.
    """

    latency: tuple[float, float] | None = None
    shed: float = 0.0
    refusal: str = "503"


@dataclass(frozen=True)
class BatchConfig:
    """Batches of requests.

    Args:
        queued_seconds: how long one waits until it is worked at.
        seconds: how long the work takes; None for a batch that never ends.
        ends: how; in FAILED nothing is answered.
        kept: the share of its requests that are answered when it is cancelled or expires.
        faults: name of a fault to its probability, for each of its requests; whatever is no answer is an error there.
        most: requests that a batch can have.
    """

    queued_seconds: float = 0.0
    seconds: float | None = 0.0
    ends: Literal["SUCCEEDED", "FAILED", "EXPIRED"] = "SUCCEEDED"
    kept: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    most: int = 10_000


@dataclass(frozen=True)
class EmulatorConfig:
    """How the service behaves.

    Args:
        requests_per_window: per key, model and sliding window; None for no limit.
        tokens_per_window: input tokens, likewise.
        requests_per_day: per key and model since start or reset, until midnight in Los Angeles.
        model_days: requests per day of a model, by its name, instead; 0 is a model that the plan does not include.
        window_seconds: length of the sliding window.
        at_once: requests that are worked at together; one more is refused without a reason. None for no limit.
        latency: a and b of a + b per tweet, in seconds.
        latency_spread: how far, up and down, chance moves that: 0.5 makes half of it to one and a half times as much.
        faults: name of a fault (of ``FAULTS``, ``FINISHES`` or ``REFUSALS``) to its probability; at most one a request.
        model_faults: the fault of every request to a model, by its name.
        tweet_faults: the fault of every request about a tweet, by its id.
        seed: of the chance in ``faults``.
        input_limit: tokens that one request may hold; one with more is answered with 400.
        thought_tokens: thoughts counted in every answer.
        thinking: tokens of thought by level, which take their share of ``maxOutputTokens``; a request that says nothing
            thinks at MEDIUM, one with a budget takes no more than that.
        least_level: a lower level is answered with 400.
        cached_tokens: of every prompt, how many the service says it had cached.
        answered_by: which model answers for which.
        refusal: which body a 429 gets, one of ``REFUSALS``.
        models: accepted names.
        slow_seconds: what the fault ``slow`` adds to the latency.
        dimensions: of embeddings, unless asked for others.
        flex: requests of the service tier ``flex``.
        batches: batches of requests.
    """

    requests_per_window: int | None = None
    tokens_per_window: int | None = None
    input_limit: int | None = None
    requests_per_day: int | None = None
    model_days: Mapping[str, int] = field(default_factory=dict)
    window_seconds: float = 60.0
    at_once: int | None = None
    latency: tuple[float, float] = (0.0, 0.0)
    latency_spread: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    model_faults: Mapping[str, str] = field(default_factory=dict)
    tweet_faults: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    thought_tokens: int = 0
    thinking: Mapping[str, int] = field(default_factory=dict)
    least_level: str = "MINIMAL"
    cached_tokens: int = 0
    answered_by: Mapping[str, str] = field(default_factory=dict)
    refusal: str = "429"
    models: str = r"gemini-(\d|flash|pro|embedding).*"
    slow_seconds: float = 0.3
    dimensions: int = 3072
    flex: FlexConfig = FlexConfig()
    batches: BatchConfig = BatchConfig()

    def fault_of(self, model: str, tweet_ids: Iterable[str]) -> str | None:
        """What a request meets in any case; None leaves it to chance."""
        found = (self.tweet_faults[tweet] for tweet in tweet_ids if tweet in self.tweet_faults)
        return next(found, self.model_faults.get(model))
