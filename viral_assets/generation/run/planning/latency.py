"""How long requests take: assumed, then fitted to what the newest answers took."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from viral_assets.generation.run.failures.patience import MOST_SECONDS, patience_seconds
from viral_assets.llm.tiers import FLEX, STANDARD, Tier
from viral_assets.quota.ledger import LatencySample

PRIOR_SAMPLES = 3.0
"""How many measured requests it takes to outweigh what is assumed before anything was measured."""

MINIMUM_SECONDS = 1e-4
"""Neither part of a latency is taken for less: the planner divides by it."""

SLOW_FACTOR = 3.0
"""An answer that takes so many times the usual is a sign of a service that cannot keep up."""

MIN_SAMPLES = 5
"""So many answers show what is usual."""


@dataclass(frozen=True, slots=True)
class Latency:
    """A request about K tweets takes ``fixed + per_tweet * K`` seconds. The defaults hold before any measurement."""

    fixed: float = 1.0
    per_tweet: float = 0.6

    def of(self, tweets: int) -> float:
        return self.fixed + self.per_tweet * tweets


UNMEASURED = Latency()


OF_FLEX = Latency(60.0, 0.6)
"""At the flex tier, before any measurement: minutes, 1 to 15 of them as Google says
(https://ai.google.dev/gemini-api/docs/flex-inference)."""

FLEX_TIMEOUT_SECONDS = 1_200.0
"""Whoever gives up earlier than the service answers pays for it all the same, and then pays again."""


class LatencyModel:
    """Remembers how long the newest answers took.

    Args:
        timeout_seconds: fixed, instead of what was measured.
        prior: the latency assumed until some answers were measured.
    """

    def __init__(self, *, timeout_seconds: float | None = None, prior: Latency = UNMEASURED) -> None:
        self._timeout = timeout_seconds
        self._prior = prior
        self._samples: deque[LatencySample] = deque(maxlen=50)
        self._given_up = 0

    def load_history(self, samples: Iterable[LatencySample]) -> None:
        """What earlier runs measured."""
        self._samples.extend(samples)

    def record(self, tweets: int, seconds: float) -> bool:
        """Take an answer into account; True when it was suspiciously slow."""
        slow = seconds > SLOW_FACTOR * self.latency.of(tweets) + 1.0
        self._samples.append(LatencySample(tweets, seconds))
        self._given_up = 0
        return slow

    def gave_up(self) -> None:
        """A request had no answer in time: the next ones have more, in case the service has become slower."""
        self._given_up += 1

    @property
    def is_measured(self) -> bool:
        """Whether there was an answer; else all is assumed."""
        return bool(self._samples)

    @property
    def latency(self) -> Latency:
        return fit_latency(self._samples, self._prior)

    def timeout(self, tweets: int) -> float:
        """Seconds after which a request about so many tweets is given up."""
        if self._timeout is not None:
            return self._timeout
        if len(self._samples) < MIN_SAMPLES:
            return MOST_SECONDS
        usual = self.latency
        ratios = (each.seconds / usual.of(each.tweets) for each in self._samples)
        return patience_seconds(usual.of(tweets), ratios, self._given_up)


def latency_models(prior: Latency, timeout_seconds: float | None) -> dict[Tier, LatencyModel]:
    """One for each tier that is asked at: they have nothing in common. The arguments are for the standard one."""
    return {
        STANDARD: LatencyModel(timeout_seconds=timeout_seconds, prior=prior),
        FLEX: LatencyModel(timeout_seconds=FLEX_TIMEOUT_SECONDS, prior=OF_FLEX),
    }


def fit_latency(samples: Sequence[LatencySample], prior: Latency = UNMEASURED) -> Latency:
    """Fit ``a + b*K`` to measured requests, starting from the prior (ridge regression towards it)."""
    if not samples:
        return prior
    count = float(len(samples))
    mean_k = sum(sample.tweets for sample in samples) / count
    mean_s = sum(sample.seconds for sample in samples) / count
    spread = sum((sample.tweets - mean_k) ** 2 for sample in samples)
    together = sum((sample.tweets - mean_k) * (sample.seconds - mean_s) for sample in samples)
    # Samples of one size say nothing about the slope: the prior's is used, scaled to what was measured.
    scale = mean_s / (prior.fixed + prior.per_tweet * mean_k)
    per_tweet = (together + PRIOR_SAMPLES * prior.per_tweet * scale) / (spread + PRIOR_SAMPLES)
    per_tweet = max(min(per_tweet, mean_s / max(mean_k, 1.0)), MINIMUM_SECONDS)
    return Latency(max(mean_s - per_tweet * mean_k, MINIMUM_SECONDS), per_tweet)
