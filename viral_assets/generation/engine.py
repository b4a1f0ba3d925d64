"""What a generator runs on: one provider's client, opened when it is needed, and the quota and prices of its key."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Mapping, Sequence

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.errors import ViralAssetsError
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.drafting.quality import load_detector
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.executor import Executor
from viral_assets.generation.run.items import TweetKey
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import Results, TweetResult
from viral_assets.llm.prices import FREE, Price, PriceTable, price_of
from viral_assets.projects.model import Project
from viral_assets.quota import Ledger, Limits
from viral_assets.quota.from_settings import ledger_of
from viral_assets.store.engine import Database
from viral_assets.vocabulary import OFFLINE


class Engine:
    """Runs generation with one provider and one key.

    Args:
        provider: its name; never ``auto``.
        api_key: of the provider's service; None offline, and where it needs none.
        endpoint: its base URL; None for the usual one.
        workers: threads of a synchronous SDK.
        limits: of the key's quota.
        database: where the quota is shared; without one it is this object's own.
        prices: USD per million tokens by model.
        clock: what runs measure and wait by, and the quota's time; by default this machine's and the database's.
    """

    def __init__(
        self,
        provider: str,
        api_key: str | None,
        *,
        endpoint: str | None,
        workers: int,
        limits: Limits,
        database: Database | None,
        prices: PriceTable,
        clock: Clock | None,
    ) -> None:
        self.provider, self._api_key, self._endpoint, self._workers = provider, api_key, endpoint, workers
        self._limits, self._database, self._prices, self._clock = limits, database, prices, clock
        self._ledger: Ledger | None = None
        self._client: GenerationClient | None = None
        self._announced: str | None = None

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = ledger_of(
                self.provider,
                self._api_key,
                self._limits,
                self._database,
                endpoint=self._endpoint,
                clock=self._clock,
            )
        return self._ledger

    @property
    def client(self) -> GenerationClient:
        if self._client is None:
            self._client = build_client(
                self.provider, api_key=self._api_key, endpoint=self._endpoint, max_workers=self._workers
            )
        return self._client

    async def run(
        self,
        opportunities: Sequence[Opportunity],
        projects: Mapping[str, Project],
        results: Results,
        *,
        options: GenerationOptions,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> tuple[GenerationReport, Mapping[TweetKey, TweetResult]]:
        """One run; the arguments are those of :class:`~viral_assets.generation.run.executor.Executor`.

        Returns:
            What happened, and how each tweet ended.
        """
        executor = Executor(
            self.client,
            self.ledger,
            results,
            projects,
            price_of=self.price_of,
            options=options,
            progress=progress,
            stop=stop,
            runner=self._take_announced(),
            clock=self._clock or SYSTEM_CLOCK,
        )
        report = await executor.run(opportunities)
        report.provider = self.provider
        report.model = options.model or ", ".join(sorted({each.generation.model for each in projects.values()}))
        return report, executor.results

    def price_of(self, model: str) -> Price | None:
        """None when it is unknown."""
        return FREE if self.provider == OFFLINE else price_of(self._prices, model)

    def get_ready(self) -> None:
        """Announce a run, and load what it needs.

        Importing an SDK and loading what judges answers take a second and more, which no run should spend while it
        holds a grant.
        """
        self._announce()
        _ = self.client
        load_detector()

    async def close(self) -> None:
        """Let go of connections and threads; what is used again is opened again."""
        if (announced := self._take_announced()) is not None:
            with contextlib.suppress(ViralAssetsError):
                self.ledger.leave(announced)
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _take_announced(self) -> str | None:
        """The name under which a run was announced, for the one run that takes it up."""
        announced, self._announced = self._announced, None
        return announced

    def _announce(self) -> None:
        """Leave word in a shared ledger that a run will come.

        Of several processes that start together, the first one ready should leave room for the others. They say so at
        once, because in a second or two, when they are ready too, the window would be used up.
        """
        if self._database is None or self.provider == OFFLINE:
            return
        runner = uuid.uuid4().hex
        # A database that cannot be used is the run's problem, which will say so.
        with contextlib.suppress(ViralAssetsError):
            self.ledger.join(runner, None)
            self._announced = runner
