"""Runs of the executor against the emulator, or offline."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from viral_assets.generation.clients import build_client
from viral_assets.generation.executor import Executor, Options
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.prices import load_prices, price_of
from viral_assets.generation.report import GenerationReport, ProgressCallback
from viral_assets.generation.results import DatabaseResults, NoResults, TweetResult
from viral_assets.generation.work import Key
from viral_assets.projects.model import Project
from viral_assets.quota import open_ledger
from viral_assets.quota.ledger import Ledger
from viral_assets.quota.limits import Limits, unlimited
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.generation.make import project

PLENTY = Limits(max_requests=10_000, window_seconds=1.0)


def window(requests: int, seconds: float = 1.0, **fields: Any) -> Limits:
    """Limits for a service whose window has so many seconds.

    A real minute is padded by a quarter of a second. A window of a second gets more than that, because a request of a
    machine that runs other tests meanwhile is slower on its way than one of an idle machine's minute.
    """
    return Limits(max_requests=requests, window_seconds=seconds + 0.4, **fields)


class Impatient(random.Random):
    """Chance whose backoff is short."""

    def uniform(self, a: float, b: float) -> float:
        return a + 0.02 * (b - a) * self.random()


@dataclass
class Run:
    """One run. Fields may be changed before it starts.

    ``database`` None keeps nothing. Without ``endpoint`` the offline provider writes.
    """

    opportunities: Sequence[Opportunity]
    endpoint: str | None = None
    database: Database | None = None
    limits: Limits | None = None
    provider: str = "google-genai"
    key: str = "test-key"
    projects: Mapping[str, Project] = field(default_factory=lambda: {"calm": project()})
    options: dict[str, Any] = field(default_factory=dict)
    progress: ProgressCallback | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    results: dict[Key, TweetResult] = field(default_factory=dict)

    def __call__(self) -> GenerationReport:
        return asyncio.run(self.report())

    async def report(self) -> GenerationReport:
        """Run it in this loop."""
        offline = self.endpoint is None
        client = build_client(
            "offline" if offline else self.provider, api_key=self.key, endpoint=self.endpoint, max_workers=64
        )
        positions = {
            name: {kind.name: at for at, kind in enumerate(each.suggestion_types)}
            for name, each in self.projects.items()
        }
        prices = load_prices()
        executor = Executor(
            client,
            self.ledger(),
            DatabaseResults(self.database, positions) if self.database else NoResults(),
            self.projects,
            price_of=lambda model: price_of(prices, model),
            options=Options(**{"concurrency": "auto", **self.options}),
            progress=self.progress,
            stop=self.stop,
            rng=Impatient(7),
        )
        try:
            return await executor.run(self.opportunities)
        finally:
            self.results = executor.results
            await client.close()

    def ledger(self) -> Ledger:
        limits = self.limits or (unlimited() if self.endpoint is None else PLENTY)
        return open_ledger(self.database, limits, "key")


def suggestions_of(database: Database) -> dict[str, set[str]]:
    """Suggestion types by tweet."""
    found: dict[str, set[str]] = {}
    with database.read() as connection:
        for row in connection.execute(sa.select(comment_suggestions)):
            found.setdefault(row.tweet_id, set()).add(row.suggestion_type)
    return found


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
