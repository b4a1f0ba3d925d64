"""The public face of generation: from tweets to suggestions, with or without a database, with or without Dagster.

>>> from viral_assets.generation import AsyncCommentGenerator
>>> generator = AsyncCommentGenerator(max_requests_per_minute=15)   # a key in GEMINI_API_KEY, else offline
>>> suggestions = await generator.generate_batch_async(tweets, topics, config)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from viral_assets.clock import Clock
from viral_assets.errors import ConfigurationError
from viral_assets.generation.coalescing import Coalescer
from viral_assets.generation.destinations import handed_back, saved_in, with_database
from viral_assets.generation.engine import Engine
from viral_assets.generation.inputs import BatchSize, Config, Topic, asked_of, options_of, scored_of
from viral_assets.generation.opportunity import Opportunity, Study
from viral_assets.generation.revising import have_written
from viral_assets.generation.run.items import Suggestion
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.studying import Studied, estimated, have_studied
from viral_assets.llm.models import DEFAULT_MODEL
from viral_assets.llm.prices import PriceTable, load_prices
from viral_assets.llm.providers import Access
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.projects.model import Project
from viral_assets.quota import Ledger, Limits, Priority
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.revisions import Revision

if TYPE_CHECKING:
    import pandas as pd


class AsyncCommentGenerator(AbstractAsyncContextManager["AsyncCommentGenerator"]):
    """Writes reply suggestions for tweets, as fast as the quota allows and never faster.

    Args:
        api_key: of the provider's service, by default of the Gemini API; the environment's (``GEMINI_API_KEY``,
            ``OPENAI_API_KEY``) when None. Without any, the offline provider writes clearly marked drafts.
        max_requests_per_minute: the quota, unless ``limits`` says more.
        batch_size: requests under way at once; ``auto`` for what quota and latency can use.
        max_workers: threads of a synchronous SDK; raised when ``batch_size`` needs more.
        provider: ``auto``, ``google-generativeai``, ``google-genai``, ``openai`` or ``offline``.
        endpoint: another base URL of the Gemini API; with ``openai`` the service's, which may need no key.
        model: instead of the projects' own.
        models: the projects' own, where they are known beforehand: with ``auto``, the provider is one that can turn
            their thinking down.
        tier: of the service, at which everything is asked; else what the projects say, for runs that have time.
        cheaper_tier: whether one of the projects says so: with ``auto``, the provider is one that can ask for it.
        paced: leave of the day's requests and budget to each hour that is left of it what it has a share in, as far as
            larger requests do it; for runs that come every hour.
        tweets_per_request: ``auto`` for as few as the quota allows; a number for exactly so many.
        limits: requests and tokens per window and requests per day, of each model; spending per day, of all together.
        database: results are saved and the quota is shared there. Without one, only ``generate_batch_async`` and
            ``generate_suggestions_async`` can be used, and the quota is this object's own.
        run_id: goes into the ledger's rows.
        prices: USD per million tokens by model; the bundled table when None.
        timeout_seconds: for one request; measured and several times exceeded before it counts, when None.
        clock: what is measured and waited by, and the quota's time; by default this machine's and the database's.
        priority: of everything that this object asks for, where others wait for the same quota: after a person at the
            review page and before backfills, unless you say otherwise.

    Raises:
        ConfigurationError: a setting that cannot work.
        QuotaError: limits under which nothing could ever be asked.
    """

    def __init__(
        self,
        api_key: str | None = None,
        max_requests_per_minute: int = 15,
        batch_size: BatchSize = 5,
        max_workers: int = 10,
        *,
        provider: str | None = None,
        endpoint: str | None = None,
        model: str | None = None,
        models: Iterable[str] = (),
        tweets_per_request: BatchSize = "auto",
        limits: Limits | None = None,
        database: Database | None = None,
        run_id: str = "",
        prices: PriceTable | None = None,
        timeout_seconds: float | None = None,
        clock: Clock | None = None,
        priority: Priority = Priority.NEWEST_HOUR,
        tier: Tier | None = None,
        cheaper_tier: bool = False,
        paced: bool = False,
    ) -> None:
        if max_workers < 1:
            raise ConfigurationError(f"max_workers must be above 0, not {max_workers}")
        settings = load_settings()
        self.provider, access = settings.access(
            provider,
            Access(api_key, endpoint, model),
            models,
            cheaper_tier=cheaper_tier or tier not in (None, STANDARD),
        )
        limits = limits or Limits(max_requests=max_requests_per_minute)
        self._options = options_of(
            self.provider,
            batch_size=batch_size,
            tweets_per_request=tweets_per_request,
            model=access.model,
            run_id=run_id,
            timeout_seconds=timeout_seconds,
            priority=priority,
            tier=tier,
            paced=paced,
        )
        self._engine = Engine(
            self.provider,
            access.api_key,
            quota_name=settings.quota_name,
            endpoint=access.endpoint,
            workers=max(max_workers, self._options.max_concurrency(limits)),
            limits=limits,
            database=database,
            prices=load_prices(settings.prices) if prices is None else prices,
            model=self._options.model or DEFAULT_MODEL,
            priority=priority,
            clock=clock,
            home=settings.home,
        )
        self._engine.get_ready()
        self._database = database
        self._single_calls = Coalescer(self._write)

    @property
    def ledger(self) -> Ledger:
        """The quota of the model that is asked where no project names another one."""
        return self._engine.ledger_of()

    def ledger_of(self, model: str) -> Ledger:
        """The quota that requests to a model are held against."""
        return self._engine.ledger_of(self._options.model or model)

    async def generate_opportunities(
        self,
        opportunities: Sequence[Opportunity],
        projects: Mapping[str, Project],
        *,
        force: bool = False,
        sequential: bool = False,
        progress_callback: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> GenerationReport:
        """Bring every opportunity to an end and save it: suggestions, or an outcome that says why not.

        Finished tweets are not asked about again, and answers that a killed run had stored are used. Tweets of
        several hours and projects share one queue and one quota.

        Args:
            force: ask again about finished tweets. A person's decisions are kept all the same.
            sequential: one tweet after the other.
            stop: set it, from any thread, to save what is under way and leave the rest for a later run.

        Raises:
            ConfigurationError: there is no database.
            ProviderError: the service cannot be used. What had been answered is saved.
        """
        report, _ = await self._engine.run(
            opportunities,
            projects,
            saved_in(self._database, projects),
            options=replace(self._options, force=force, sequential=sequential),
            progress=progress_callback,
            stop=stop,
        )
        return report

    def estimate(
        self,
        opportunities: Sequence[Opportunity],
        projects: Mapping[str, Project],
        *,
        force: bool = False,
        sequential: bool = False,
    ) -> Estimate:
        """What :meth:`generate_opportunities` would take now. Nothing is asked or written."""
        options = replace(self._options, force=force, sequential=sequential)
        return self._engine.estimate(opportunities, projects, saved_in(self._database, projects), options=options)

    async def revise(
        self,
        revision: Revision,
        opportunity: Opportunity,
        project: Project,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        stop: threading.Event | None = None,
    ) -> GenerationReport:
        """Have a revision written that somebody asked for, and save it; see
        :func:`~viral_assets.generation.revising.have_written`."""
        return await have_written(
            self._engine,
            with_database(self._database),
            revision,
            opportunity,
            project,
            options=self._options,
            now=now,
            stop=stop,
        )

    async def study(self, studies: Sequence[Study], project: Project) -> Studied:
        """Have edits studied that people made of drafts; see :func:`~viral_assets.generation.studying.have_studied`."""
        database = with_database(self._database)
        return await have_studied(self._engine, database, studies, project, options=self._options)

    def estimate_study(self, studies: Sequence[Study], project: Project) -> Estimate:
        """What :meth:`study` would take now. Nothing is asked or written."""
        database = with_database(self._database)
        return estimated(self._engine, database, studies, project, options=self._options)

    async def generate_suggestions_async(
        self, tweet: Mapping[str, Any] | str, topic: Topic, config: Config = None
    ) -> list[Suggestion]:
        """Suggestions for one tweet, one per suggestion type; fewer when some did not pass the quality filter.

        Calls that are made at the same time share requests, as those of :meth:`generate_batch_async` do.
        """
        project, (opportunity,) = asked_of([tweet], [topic], config)
        return await self._single_calls.suggestions_for(project, opportunity)

    async def generate_batch_async(
        self, tweets: Sequence[Mapping[str, Any] | str], topics: Sequence[Topic], config: Config = None
    ) -> list[list[Suggestion]]:
        """Suggestions for several tweets, in their order. Nothing is saved.

        Args:
            tweets: texts, or records with ``text`` and, if known, ``tweet_id``, ``author_handle``, ``lang``.
            topics: one for each tweet, or a single one for all: a label or a taxonomy node.
            config: a project or the content of a project file; a neutral voice when None.

        Raises:
            ConfigurationError: config cannot be used, or there are more topics than tweets.
            ProviderError: the service cannot be used.
        """
        project, opportunities = asked_of(tweets, topics, config)
        return await self._write(project, opportunities)

    async def generate_and_save_batch_async(
        self,
        project_id: str,
        tweets_with_scores: pd.DataFrame | Sequence[Any],
        config: Config = None,
        progress_callback: ProgressCallback | None = None,
    ) -> dict[str, Any]:
        """Suggestions for scored tweets of one project, saved as they arrive.

        Args:
            project_id: name of a project file, unless ``config`` is given.
            tweets_with_scores: rows with ``tweet_id``, ``text``, ``created_at`` (or ``window_start``) and ``topic``
                (or ``best_topic``); or pairs of a tweet and its scores.

        Returns:
            The report of :class:`~viral_assets.generation.run.report.GenerationReport` as a dict, with at least
            ``generated``, ``saved`` and ``failed``.
        """
        project, opportunities = scored_of(project_id, tweets_with_scores, config)
        report = await self.generate_opportunities(
            opportunities, {project.name: project}, progress_callback=progress_callback
        )
        return {**asdict(report), "tokens": report.tokens}

    async def cleanup(self) -> None:
        """Let go of connections and threads, once single calls have their suggestions. Who goes on opens them again."""
        await self._single_calls.finish()
        await self._engine.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.cleanup()

    async def _write(self, project: Project, opportunities: Sequence[Opportunity]) -> list[list[Suggestion]]:
        return await handed_back(self._engine, project, opportunities, self._options, self._database)
