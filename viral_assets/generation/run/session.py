"""What one run works with and what it has come to know: client, ledger, results, counters, clock, storage.

Nothing is decided here. Requests read a session, and have its answer processor judge what they brought; only the loop
and what begins and ends it (``executor``, ``resume``) write to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from viral_assets.clock import Clock
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.opportunity import TweetKey
from viral_assets.generation.run.answer_processor import AnswerProcessor
from viral_assets.generation.run.counters import RunCounters
from viral_assets.generation.run.failures.service_health import ServiceHealth
from viral_assets.generation.run.failures.tier_choice import TierChoice
from viral_assets.generation.run.kept_answers import KeptAnswers
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.outcome import BatchOutcome
from viral_assets.generation.run.planning.failure_rate import FailureRate
from viral_assets.generation.run.planning.latency import LatencyModel, latency_models
from viral_assets.generation.run.planning.tokens import TokenModel
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import Results, TweetResult
from viral_assets.generation.run.storage import Storage
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import InputLimit, LatencySample, Ledger
from viral_assets.store.standing import Writer

T = TypeVar("T")


class History(NamedTuple):
    """Latencies by tier, what one request may hold, and how many of how many of the newest requests left work."""

    latencies: Mapping[Tier, Sequence[LatencySample]]
    input_limit: InputLimit | None
    failures: tuple[int, int]


class RunSession:
    """One run's. The arguments are those of :class:`~viral_assets.generation.run.executor.Executor`."""

    def __init__(
        self,
        client: GenerationClient,
        ledger: Ledger,
        results: Results,
        projects: Mapping[str, Project],
        *,
        price_of: PriceOf,
        options: GenerationOptions,
        progress: ProgressCallback | None,
        rng: random.Random,
        clock: Clock,
        kept: KeptAnswers | None = None,
    ) -> None:
        self.client, self.ledger, self.results, self.projects = client, ledger, results, projects
        self.price_of, self.options, self.clock = price_of, options, clock
        self.writer = Writer(client.provider, options.run_id, options.force)
        self.processor = AnswerProcessor(projects, clock=clock.monotonic, rng=rng)
        self.counters = RunCounters(GenerationReport(), clock.monotonic, progress)
        self.health = ServiceHealth()
        self.failures = FailureRate()
        self.latencies = latency_models(options.latency, options.timeout_seconds)
        until = clock.monotonic() + options.tier_hours * 3600
        self.tiers = TierChoice(options.tier or STANDARD, until=until)
        self.tokens = TokenModel(ledger.limits)
        self.ended: dict[TweetKey, TweetResult] = {}
        self.storage = Storage(ledger, clock, kept=kept, tell=self.counters.note)

    @property
    def latency(self) -> LatencyModel:
        """How long requests take at the tier that is asked at now."""
        return self.latencies[self.tiers.usual(self.clock.monotonic())]

    def history(self) -> History:
        """What the ledger knows of the service from earlier runs, in one call of :meth:`store`."""
        latencies = {tier: self.ledger.latencies(tier=tier) for tier in self.latencies}
        return History(latencies, self.ledger.input_limit(), self.ledger.failures())

    def learn(self, history: History) -> None:
        """Begin with what earlier runs have seen."""
        for tier, samples in history.latencies.items():
            self.latencies[tier].load_history(samples)
        self.tokens.input_limit = history.input_limit
        self.failures.add(*history.failures)

    async def store(self, call: Callable[..., T], *arguments: object) -> T:
        """Run a call of the ledger or the results outside the event loop, after all that were made before it; again,
        where the database does not answer for a moment."""
        return await self.storage.call(call, *arguments)

    async def save(self, *outcomes: BatchOutcome) -> None:
        """Write together how tweets ended, what others have so far and that the answers have been parsed; then count
        it and report progress."""
        for outcome in outcomes:
            self.counters.judged(outcome)
        ended = [result for outcome in outcomes for result in outcome.ended]
        partial = [result for outcome in outcomes for result in outcome.partial]
        parsed = [outcome.parsed_request for outcome in outcomes if outcome.parsed_request is not None]
        if not ended and not partial and not parsed:
            return
        unanswered = [result for outcome in outcomes if outcome.parsed_request is None for result in outcome.ended]
        if not self.results.keeps_outcomes:
            unanswered = []
        saved = await self.storage.save(
            lambda: self.results.save(ended, writer=self.writer, partial=partial, parsed_requests=parsed),
            unanswered,
            self.writer,
        )
        self.ended.update({each.opportunity.key: each for each in ended})
        self.counters.ended(ended, saved)
        if left_work := [each.parsed_request for each in outcomes if each.parsed_request and each.leaves_work]:
            # Runs to come keep requests for as much.
            await self.store(self.ledger.left_work, left_work)

    def close(self) -> None:
        """Let go of the storage; what it was given is still written."""
        self.storage.close()
