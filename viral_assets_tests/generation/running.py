"""Runs of the executor against the emulator, in this process on a virtual clock or over HTTP, or offline."""

from __future__ import annotations

import asyncio
import functools
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.executor import Executor
from viral_assets.generation.run.kept_answers import KeptAnswers
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.planning.estimate import Estimate, estimate
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import DatabaseResults, NoResults, Results, TweetResult
from viral_assets.generation.run.tweet_offers import TweetOffers, sharing_of
from viral_assets.llm.prices import Price, load_prices, price_of
from viral_assets.projects.model import Project
from viral_assets.quota import open_ledger
from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits, unlimited
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import project
from viral_assets_tests.virtual_clock import VirtualClock

PLENTY = Limits(max_requests=10_000, window_seconds=1.0)


def on_virtual_time(**config: Any) -> GeminiEmulator:
    """A service in this process, on a clock of its own that nobody has to wait for."""
    return GeminiEmulator(EmulatorConfig(**config), clock=VirtualClock())


class Impatient(random.Random):
    """Chance whose backoff is short."""

    def uniform(self, a: float, b: float) -> float:
        return a + 0.02 * (b - a) * self.random()


@dataclass
class Run:
    """One run. Fields may be changed before it starts.

    ``service`` is in this process (then on its clock), at an address, or None: then the offline provider writes.
    ``database`` None keeps nothing; ``home`` is where answers are kept that PostgreSQL cannot take. ``client`` and
    ``clock`` are made to fit unless given.
    """

    opportunities: Sequence[Opportunity]
    service: GeminiEmulator | str | None = None
    database: Database | None = None
    limits: Limits | None = None
    provider: str = "google-genai"
    key: str = "test-key"
    projects: Mapping[str, Project] = field(default_factory=lambda: {"calm": project()})
    options: dict[str, Any] = field(default_factory=dict)
    progress: ProgressCallback | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    client: GenerationClient | None = None
    clock: Clock | None = None
    home: Path | None = None
    results: Mapping[TweetKey, TweetResult] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.clock is None and isinstance(self.service, GeminiEmulator):
            self.clock = self.service.clock

    def __call__(self) -> GenerationReport:
        return self.clock.run(self.report()) if isinstance(self.clock, VirtualClock) else asyncio.run(self.report())

    async def report(self) -> GenerationReport:
        """Run it in this loop."""
        client, ledger = self.client or self._build_client(), self.ledger()
        executor = Executor(
            client,
            ledger,
            self._results(),
            self.projects,
            price_of=_price_of,
            options=self._options(),
            progress=self.progress,
            stop=self.stop,
            rng=random.Random(7) if isinstance(self.clock, VirtualClock) else Impatient(7),
            clock=self.clock or SYSTEM_CLOCK,
            kept=KeptAnswers.of(self.database, ledger, self.home),
            offers=TweetOffers.of(
                self.database, ledger, sharing_of(self.projects, self._options(), provider=client.provider)
            ),
        )
        try:
            return await executor.run(self.opportunities)
        finally:
            self.results = executor.results
            await client.close()

    def estimate(self) -> Estimate:
        """What it would take now."""
        taken, _ = estimate(
            self.opportunities,
            self.projects,
            self.ledger(),
            self._results(),
            options=self._options(),
            price_of=_price_of,
            provider=self._provider(),
        )
        return taken

    def ledger(self) -> Ledger:
        limits = self.limits or (unlimited() if self.service is None else PLENTY)
        return open_ledger(self.database, limits, "key", clock=self.clock)

    def _results(self) -> Results:
        return DatabaseResults.of(self.database, self.projects) if self.database else NoResults()

    def _options(self) -> GenerationOptions:
        return GenerationOptions(**{"concurrency": "auto", **self.options})

    def _provider(self) -> str:
        if isinstance(self.service, GeminiEmulator):
            return InProcessClient.provider
        return "offline" if self.service is None else self.provider

    def _build_client(self) -> GenerationClient:
        if isinstance(self.service, GeminiEmulator):
            return InProcessClient(self.service, self.key)
        return build_client(self._provider(), api_key=self.key, endpoint=self.service, max_workers=64)


_prices = functools.cache(load_prices)


def _price_of(model: str) -> Price | None:
    return price_of(_prices(), model)


def all_done(run: Run) -> bool:
    return Counter(result.outcome for result in run.results.values()) == {"done": len(run.opportunities)}


def suggestions_of(database: Database) -> dict[str, set[str]]:
    """Suggestion types by tweet."""
    found: dict[str, set[str]] = {}
    with database.read() as connection:
        for row in connection.execute(sa.select(comment_suggestions)):
            found.setdefault(row.tweet_id, set()).add(row.suggestion_type)
    return found


def writers_of(database: Database) -> Counter[str]:
    """How many suggestions each provider wrote."""
    with database.read() as connection:
        return Counter(connection.execute(sa.select(comment_suggestions.c.provider)).scalars())


def outcomes_of(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.tweet_id: row.outcome for row in connection.execute(sa.select(generation_outcomes))}


def reasons_of(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.tweet_id: row.reason for row in connection.execute(sa.select(generation_outcomes))}


def requests_of(database: Database) -> list[Any]:
    """The ledger's rows in the order of their grants."""
    with database.read() as connection:
        return list(connection.execute(sa.select(llm_requests).order_by(llm_requests.c.granted_at)))


def most_granted_in_any(database: Database, seconds: float) -> int:
    granted: list[float] = [row.granted_at for row in requests_of(database)]
    return max(sum(begin <= at < begin + seconds for at in granted) for begin in granted)
