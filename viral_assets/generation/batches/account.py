"""The batches of one key: opened for each run of an engine."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, replace

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.generation.batches.estimate import estimate_batches
from viral_assets.generation.batches.phase import BatchPhase
from viral_assets.generation.batches.session import BatchSession
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.lanes import Lane
from viral_assets.generation.run.counters import RunCounters
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.results import Results
from viral_assets.llm.tiers import BATCH
from viral_assets.quota import Ledger
from viral_assets.quota.from_settings import batch_ledger_of
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database


@dataclass(frozen=True)
class BatchAccount:
    """The arguments are those of :class:`~viral_assets.generation.engine.Engine`."""

    api_key: str | None
    quota_name: str | None
    limits: Limits
    database: Database
    price_of: PriceOf
    clock: Clock | None

    def phase(
        self,
        client: GenerationClient,
        lane: Lane,
        results: Results,
        options: GenerationOptions,
        stop: threading.Event | None,
    ) -> BatchPhase | None:
        """What a run does with batches about a lane; None where it can do nothing."""
        if client.batches is None or not options.claim or not lane.opportunities:
            return None
        model, clock = lane.models[0], self.clock or SYSTEM_CLOCK
        quota_key, ledger = self._ledger_of(model)
        session = BatchSession(
            client=client.batches,
            provider=client.provider,
            ledger=ledger,
            quota_key=quota_key,
            database=self.database,
            price_of=self.price_of,
            options=replace(options, model=model),
            runner=uuid.uuid4().hex,
            clock=clock,
            stop=stop,
            counters=RunCounters(GenerationReport(model=model), clock.monotonic),
            tweets={each.key: each for each in lane.opportunities},
        )
        hours = lane.policy.hours if lane.policy.tier == BATCH else None
        return BatchPhase(session, results, lane.projects, send_for_hours=hours)

    def estimate(self, provider: str, lane: Lane, results: Results, options: GenerationOptions) -> Estimate:
        """What a lane would take that is asked about in batches."""
        model = lane.models[0]
        _, ledger = self._ledger_of(model)
        return estimate_batches(
            lane.opportunities,
            lane.projects,
            ledger,
            results,
            options=replace(options, model=model),
            price_of=self.price_of,
            provider=provider,
            hours=lane.policy.hours,
        )

    def _ledger_of(self, model: str) -> tuple[str, Ledger]:
        """Of a model's batches, and the name of its quota."""
        return batch_ledger_of(
            self.api_key, self.limits, self.database, model=model, quota_name=self.quota_name, clock=self.clock
        )
