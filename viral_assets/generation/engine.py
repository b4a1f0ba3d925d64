"""What a generator runs on: one provider's client, opened when it is needed, and the quota and prices of its key."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.generation.announcement import Announcement
from viral_assets.generation.batches.account import BatchAccount
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.combined import ProgressSum
from viral_assets.generation.drafting.quality import load_detector
from viral_assets.generation.lane_run import LaneRun, whole_run
from viral_assets.generation.lanes import Lane, lanes_of
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.executor import Executor
from viral_assets.generation.run.kept_answers import KeptAnswers
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.planning.estimate import Estimate, combined_estimate, estimate
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import Results, TweetResult
from viral_assets.generation.run.tweet_offers import TweetOffers, sharing_of
from viral_assets.generation.tiers import notes_about_tiers, usable_tier
from viral_assets.llm.models import bare_name
from viral_assets.llm.prices import FREE, Price, PriceTable, price_of
from viral_assets.llm.tiers import BATCH
from viral_assets.projects.model import Project
from viral_assets.quota import AccountSpending, Ledger, Limits, Priority
from viral_assets.quota.from_settings import ledger_of
from viral_assets.store.engine import Database
from viral_assets.vocabulary import OFFLINE


class Engine:
    """Runs generation with one provider and one key.

    Args:
        provider: its name; never ``auto``.
        api_key: of the provider's service; None offline, and where it needs none.
        quota_name: what the quotas of the key's Google project are called, if a person said so.
        endpoint: its base URL; None for the usual one.
        workers: threads of a synchronous SDK.
        limits: of each model's quota.
        database: where quotas are shared; without one they are this object's own.
        prices: USD per million tokens by model.
        model: that is asked as a rule; a coming run is announced to its quota.
        priority: of that run.
        clock: what runs measure and wait by, and the quota's time; by default this machine's and the database's.
        home: where answers are kept that PostgreSQL cannot take; SQLite has them beside its file.
    """

    def __init__(
        self,
        provider: str,
        api_key: str | None,
        *,
        quota_name: str | None,
        endpoint: str | None,
        workers: int,
        limits: Limits,
        database: Database | None,
        prices: PriceTable,
        model: str,
        priority: Priority,
        clock: Clock | None,
        home: Path | None = None,
    ) -> None:
        self.provider, self._api_key, self._quota_name = provider, api_key, quota_name
        self._endpoint, self._workers, self._home = endpoint, workers, home
        self._limits, self._database, self._prices, self._clock = limits, database, prices, clock
        self._model = bare_name(model)
        self._spending = AccountSpending()
        # Without a database nothing that was sent could be found again.
        self._batches: BatchAccount | None = None
        if database is not None:
            self._batches = BatchAccount(api_key, quota_name, limits, database, self.price_of, clock)
        self._ledgers: dict[str, Ledger] = {}
        self._client: GenerationClient | None = None
        self._announcement = Announcement(self.ledger_of, priority)

    def ledger_of(self, model: str | None = None) -> Ledger:
        """The quota of a model; of the one that is asked as a rule, if none is named."""
        name = bare_name(model or self._model)
        if name not in self._ledgers:
            self._ledgers[name] = ledger_of(
                self.provider,
                self._api_key,
                self._limits,
                self._database,
                model=name,
                endpoint=self._endpoint,
                quota_name=self._quota_name,
                clock=self._clock,
                spending=self._spending,
            )
        return self._ledgers[name]

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

        Raises:
            ProviderError: a model cannot be used, and there is no other one. What the others had to do is done.
        """
        clock = self._clock or SYSTEM_CLOCK
        began = clock.monotonic()
        lanes = self._lanes(opportunities, projects, options)
        told = ProgressSum(progress, {lane.name: len(lane.opportunities) for lane in lanes}) if progress else None
        runs = [self._lane_run(lane, results, options, told, stop) for lane in lanes]
        # Every lane comes to its end, whatever becomes of the others: what is under way is paid for.
        ends = await asyncio.gather(*(run.run() for run in runs), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        report, ended = whole_run(runs)
        report.provider = self.provider
        report.notes += notes_about_tiers(projects.values(), options, provider=self.provider, offered=self.client.tiers)
        report.seconds = clock.monotonic() - began
        return report, ended

    def estimate(
        self,
        opportunities: Sequence[Opportunity],
        projects: Mapping[str, Project],
        results: Results,
        *,
        options: GenerationOptions,
    ) -> Estimate:
        """What a run would take now. Nothing is asked or written."""
        lanes = [self._estimate(lane, results, options) for lane in self._lanes(opportunities, projects, options)]
        return combined_estimate(lanes, side_by_side=True)

    def _estimate(self, lane: Lane, results: Results, options: GenerationOptions) -> Estimate:
        if lane.policy.tier == BATCH and self._batches is not None:
            return self._batches.estimate(self.provider, lane, results, options)
        parts: list[Estimate] = []
        left: Sequence[Opportunity] = lane.opportunities
        for model in lane.models:
            if parts:
                parts[-1] = parts[-1].without(handed_on=len(left))
            part, left = estimate(
                left,
                lane.projects,
                self.ledger_of(model),
                results,
                options=lane.policy.options_for(model, options),
                price_of=self.price_of,
                provider=self.provider,
            )
            parts.append(part)
            if not left:
                break
        return combined_estimate(parts)

    def _lane_run(
        self,
        lane: Lane,
        results: Results,
        options: GenerationOptions,
        told: ProgressSum | None,
        stop: threading.Event | None,
    ) -> LaneRun:
        batches = self._batches.phase(self.client, lane, results, options, stop) if self._batches else None

        def make(model: str) -> Executor:
            runner = None
            if batches is not None and batches.has_joined and model == lane.models[0]:
                # Whoever waited for batches has claims on their tweets.
                runner = batches.runner
            elif bare_name(model) == self._model:
                runner = self._announcement.take()
            return Executor(
                self.client,
                self.ledger_of(model),
                results,
                lane.projects,
                price_of=self.price_of,
                options=lane.policy.options_for(model, options),
                progress=told.part(lane.part(model)) if told else None,
                stop=stop,
                runner=runner,
                clock=self._clock or SYSTEM_CLOCK,
                kept=KeptAnswers.of(self._database, self.ledger_of(model), self._home),
                offers=TweetOffers.of(
                    self._database,
                    self.ledger_of(model),
                    sharing_of(lane.projects, lane.policy.options_for(model, options), provider=self.provider),
                ),
            )

        return LaneRun(lane, make, told, is_stopped=lambda: stop is not None and stop.is_set(), batches=batches)

    def _lanes(
        self, opportunities: Sequence[Opportunity], projects: Mapping[str, Project], options: GenerationOptions
    ) -> list[Lane]:
        offered = self.client.tiers
        return lanes_of(
            opportunities,
            projects,
            options.model,
            lambda project: usable_tier(project, options, provider=self.provider, offered=offered),
        )

    def price_of(self, model: str) -> Price | None:
        """None when it is unknown."""
        return FREE if self.provider == OFFLINE else price_of(self._prices, model)

    def get_ready(self) -> None:
        """Announce a run, and load what it needs.

        Importing an SDK and loading what judges answers take a second and more, which no run should spend while it
        holds a grant.
        """
        if self._database is not None and self.provider != OFFLINE:
            self._announcement.make()
        _ = self.client
        load_detector()

    async def close(self) -> None:
        """Let go of connections and threads; what is used again is opened again."""
        self._announcement.take_back()
        client, self._client = self._client, None
        if client is not None:
            await client.close()
