"""What the parts of a batch's way work with: the service, the ledger and its tables, time, and what is counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import sqlalchemy as sa

from viral_assets.clock import Clock
from viral_assets.generation.clients.base import BatchClient
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.counters import RunCounters
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.outcome import BatchOutcome
from viral_assets.llm.types import Usage
from viral_assets.quota.ledger import Ledger, Settlement
from viral_assets.store.batches import BatchedRequest
from viral_assets.store.engine import Database

STOP_CHECK_SECONDS = 1.0

T = TypeVar("T")


@dataclass(frozen=True)
class BatchSession:
    """One run's.

    Args:
        client: of the service's batches.
        provider: its name in the ledger.
        ledger: of the model's batches.
        quota_key: of that ledger.
        database: where ledger and batches are.
        price_of: a model's price at the standard tier.
        options: of the run, with the model that is asked.
        runner: the run's name in the ledger.
        tweets: what the run is about.
        counters: for the report.
    """

    client: BatchClient
    provider: str
    ledger: Ledger
    quota_key: str
    database: Database
    price_of: PriceOf
    options: GenerationOptions
    runner: str
    clock: Clock
    stop: threading.Event | None
    counters: RunCounters
    tweets: Mapping[TweetKey, Opportunity] = field(default_factory=dict)

    @property
    def model(self) -> str:
        return self.options.model or ""

    async def store(self, call: Callable[..., T], *arguments: object) -> T:
        """Run a call of the ledger outside the event loop. Once begun it is finished, whoever is cancelled."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(None, call, *arguments))

    async def write(self, call: Callable[[sa.Connection], T]) -> T:
        """One transaction that writes."""

        def run() -> T:
            with self.database.begin() as connection:
                return call(connection)

        return await self.store(run)

    async def read(self, call: Callable[[sa.Connection], T]) -> T:
        """One transaction that reads."""

        def run() -> T:
            with self.database.read() as connection:
                return call(connection)

        return await self.store(run)

    async def now(self) -> float:
        """On the ledger's clock, in seconds since the epoch."""
        return await self.store(self.ledger.now)

    @property
    def is_stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def sleep(self, seconds: float) -> None:
        """Until so much time has passed, or somebody wants the run to end."""
        until = self.clock.monotonic() + seconds
        while not self.is_stopped and (left := until - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left, STOP_CHECK_SECONDS))

    async def settle(self, request: BatchedRequest, settlement: Settlement, paid: Usage | None = None) -> None:
        """Record how a request ended, in the ledger and for the report."""
        await self.store(self.ledger.settle, request.id, settlement)
        about: Sequence[Opportunity] = [
            self.tweets[key] for tweet_id in request.tweet_ids if (key := (request.project, tweet_id)) in self.tweets
        ]
        if about:
            self.counters.request_sent(about)
            self.counters.request_ended(about, BatchOutcome(settlement=settlement, paid=paid))
