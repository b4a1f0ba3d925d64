"""The public face of generation: from tweets to suggestions, with or without a database, with or without Dagster.

>>> from viral_assets.generation import AsyncCommentGenerator
>>> generator = AsyncCommentGenerator(max_requests_per_minute=15)   # a key in GEMINI_API_KEY, else offline
>>> suggestions = await generator.generate_batch_async(tweets, topics, config)
"""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.errors import ConfigurationError, ViralAssetsError
from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.drafting.quality import load_detector
from viral_assets.generation.inputs import (
    Config,
    Topic,
    label_of,
    opportunity_of,
    project_of,
    records_of,
    without_blanks,
)
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.estimate import Estimate, estimate
from viral_assets.generation.run.executor import Executor
from viral_assets.generation.run.items import AcceptedSuggestion
from viral_assets.generation.run.latency import UNMEASURED, Latency
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import DatabaseResults, NoResults, Results
from viral_assets.llm.prices import FREE, Price, PriceTable, load_prices, price_of
from viral_assets.llm.providers import resolve_provider
from viral_assets.projects.loader import load_projects, select_projects
from viral_assets.projects.model import Project
from viral_assets.quota import Ledger, Limits
from viral_assets.quota.from_settings import ledger_of, limits_from
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.vocabulary import OFFLINE

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("viral_assets")

BatchSize = int | Literal["auto"]
OFFLINE_PACK = 10
OFFLINE_LATENCY = Latency(0.005, 0.005)
"""No quota forces it to pack; fewer transactions are faster."""


class AsyncCommentGenerator:
    """Writes reply suggestions for tweets, as fast as the quota allows and never faster.

    Args:
        api_key: of the Gemini API; the environment's (``GEMINI_API_KEY``) when None. Without any, the offline
            provider writes clearly marked drafts.
        max_requests_per_minute: the quota, unless ``limits`` says more.
        batch_size: requests under way at once; ``auto`` for what quota and latency can use.
        max_workers: threads of a synchronous SDK; raised when ``batch_size`` needs more.
        provider: ``auto``, ``google-generativeai``, ``google-genai`` or ``offline``.
        endpoint: another base URL of the Gemini API.
        model: instead of the projects' own.
        tweets_per_request: ``auto`` for as few as the quota allows; a number for exactly so many.
        limits: requests and tokens per window, requests and spending per day.
        database: results are saved and the quota is shared there. Without one, only ``generate_batch_async`` and
            ``generate_suggestions_async`` can be used, and the quota is this object's own.
        run_id: goes into the ledger's rows.
        prices: USD per million tokens by model; the bundled table when None.
        timeout_seconds: for one request; measured and several times exceeded before it counts, when None.
        clock: what is measured and waited by, and the quota's time; by default this machine's and the database's.

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
        tweets_per_request: BatchSize = "auto",
        limits: Limits | None = None,
        database: Database | None = None,
        run_id: str = "",
        prices: PriceTable | None = None,
        timeout_seconds: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        given: dict[str, object] = {"batch_size": batch_size, "tweets_per_request": tweets_per_request}
        for name, value in given.items():
            if value != "auto" and (not isinstance(value, int) or value < 1):
                raise ConfigurationError(f"{name} must be a whole number above 0 or 'auto', not {value!r}")
        if max_workers < 1:
            raise ConfigurationError(f"max_workers must be above 0, not {max_workers}")
        settings = load_settings()
        if api_key is None and settings.gemini_api_key is not None:
            api_key = settings.gemini_api_key.get_secret_value()
        self._api_key = api_key
        self._endpoint = endpoint or settings.gemini_api_endpoint
        self.provider = resolve_provider(provider or settings.provider, api_key=api_key)
        self._limits = limits or Limits(max_requests=max_requests_per_minute)
        offline = self.provider == OFFLINE
        self._options = GenerationOptions(
            concurrency=batch_size,
            tweets_per_request=OFFLINE_PACK if offline and tweets_per_request == "auto" else tweets_per_request,
            latency=OFFLINE_LATENCY if offline else UNMEASURED,
            model=OFFLINE if offline else model or settings.gemini_model,
            run_id=run_id,
            timeout_seconds=timeout_seconds,
        )
        self._workers = max(max_workers, self._options.max_concurrency(self._limits))
        self._database = database
        self._clock = clock
        self._prices = load_prices(settings.prices) if prices is None else prices
        self._ledger: Ledger | None = None
        self._announced = self._announce()
        # Now, because importing an SDK and loading what judges answers take a second and more, which no run should
        # spend while it holds a grant.
        self._client: GenerationClient | None = self._open_client()
        load_detector()

    @property
    def ledger(self) -> Ledger:
        """The quota that this generator's requests are held against."""
        if self._ledger is None:
            self._ledger = ledger_of(self.provider, self._api_key, self._limits, self._database, clock=self._clock)
        return self._ledger

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
        report, _ = await self._run(
            opportunities,
            projects,
            self._saved(projects),
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
        return estimate(
            opportunities,
            projects,
            self.ledger,
            self._saved(projects),
            options=replace(self._options, force=force, sequential=sequential),
            price_of=self._price_of,
        )

    async def generate_suggestions_async(
        self, tweet: Mapping[str, Any] | str, topic: Topic, config: Config = None
    ) -> list[AcceptedSuggestion]:
        """Suggestions for one tweet, one per suggestion type; fewer when some did not pass the quality filter."""
        return (await self.generate_batch_async([tweet], [topic], config))[0]

    async def generate_batch_async(
        self, tweets: Sequence[Mapping[str, Any] | str], topics: Sequence[Topic], config: Config = None
    ) -> list[list[AcceptedSuggestion]]:
        """Suggestions for several tweets, in their order. Nothing is saved.

        Args:
            tweets: texts, or records with ``text`` and, if known, ``tweet_id``, ``author_handle``, ``lang``.
            topics: one for each tweet, or a single one for all: a label or a taxonomy node.
            config: a project or the content of a project file; a neutral voice when None.

        Raises:
            ConfigurationError: config cannot be used, or there are more topics than tweets.
            ProviderError: the service cannot be used.
        """
        if len(topics) not in (1, len(tweets)):
            raise ConfigurationError(f"{len(tweets)} tweets need as many topics, or one; {len(topics)} were given")
        labels = [label_of(topic) for topic in topics] * (len(tweets) if len(topics) == 1 else 1)
        project = project_of(config, topics)
        records: list[Mapping[str, Any]] = [{"text": each} if isinstance(each, str) else each for each in tweets]
        opportunities = [
            opportunity_of({"tweet_id": f"tweet-{number}", **without_blanks(record), "topic": label}, project)
            for number, (record, label) in enumerate(zip(records, labels, strict=True), 1)
        ]
        # The caller has the answers: what is in the database neither counts as done nor keeps anybody from asking.
        options = replace(self._options, force=True, claim=False)
        report, results = await self._run(
            opportunities, {project.name: project}, NoResults(self._database), options=options
        )
        for note in report.notes:
            log.warning(note)
        return [results[(each.project, each.tweet_id)] for each in opportunities]

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
        if config is None:
            projects = load_projects(load_settings().projects_dir)
            project = select_projects(projects, [project_id])[project_id]
        else:
            project = project_of(config, (), name=project_id)
        opportunities = [opportunity_of(record, project) for record in records_of(tweets_with_scores)]
        report = await self.generate_opportunities(
            opportunities, {project.name: project}, progress_callback=progress_callback
        )
        return {**asdict(report), "tokens": report.tokens}

    async def cleanup(self) -> None:
        """Let go of connections and threads. Using the generator again opens them again."""
        announced, self._announced = self._announced, None
        if announced is not None:
            with contextlib.suppress(ViralAssetsError):
                self.ledger.leave(announced)
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.cleanup()

    async def _run(
        self,
        opportunities: Sequence[Opportunity],
        projects: Mapping[str, Project],
        results: Results,
        *,
        options: GenerationOptions,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
    ) -> tuple[GenerationReport, dict[tuple[str, str], list[AcceptedSuggestion]]]:
        self._client = self._client or self._open_client()
        executor = Executor(
            self._client,
            self.ledger,
            results,
            projects,
            price_of=self._price_of,
            options=options,
            progress=progress,
            stop=stop,
            runner=self._announced,
            clock=self._clock or SYSTEM_CLOCK,
        )
        self._announced = None
        report = await executor.run(opportunities)
        report.provider = self.provider
        report.model = options.model or ", ".join(sorted({each.generation.model for each in projects.values()}))
        suggestions = {(each.project, each.tweet_id): _suggestions(executor, each) for each in opportunities}
        return report, suggestions

    def _announce(self) -> str | None:
        """Of several processes that start together, the first one ready should leave room for the others: they tell
        now, because in a second or two, when they are ready too, the window would be used up."""
        if self._database is None or self.provider == OFFLINE:
            return None
        runner = uuid.uuid4().hex
        try:
            self.ledger.join(runner, None)
        except ViralAssetsError:
            # A database that cannot be used is the run's problem, which it will tell.
            return None
        return runner

    def _open_client(self) -> GenerationClient:
        return build_client(self.provider, api_key=self._api_key, endpoint=self._endpoint, max_workers=self._workers)

    def _saved(self, projects: Mapping[str, Project]) -> Results:
        if self._database is None:
            raise ConfigurationError(
                "saving suggestions needs a database: pass database=Database(url), or use generate_batch_async"
            )
        positions = {
            name: {kind.name: position for position, kind in enumerate(project.suggestion_types)}
            for name, project in projects.items()
        }
        return DatabaseResults(self._database, positions)

    def _price_of(self, model: str) -> Price | None:
        return FREE if self.provider == OFFLINE else price_of(self._prices, model)


def _suggestions(executor: Executor, opportunity: Opportunity) -> list[AcceptedSuggestion]:
    result = executor.results.get((opportunity.project, opportunity.tweet_id))
    by_type = {each.suggestion_type: each for each in result.suggestions} if result else {}
    return [by_type[kind] for kind in opportunity.suggestion_types if kind in by_type]


async def generate_comments_async(
    project_id: str,
    tweets_with_scores: pd.DataFrame | Sequence[Any],
    config: Config = None,
    batch_size: BatchSize = 5,
    max_requests_per_minute: int = 15,
    progress_callback: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Generate and save suggestions with the environment's key, quota and database.

    See :meth:`AsyncCommentGenerator.generate_and_save_batch_async`.
    """
    settings = load_settings()
    database = Database(settings.resolved_database_url)
    generator = AsyncCommentGenerator(
        max_requests_per_minute=max_requests_per_minute,
        batch_size=batch_size,
        limits=replace(limits_from(settings), max_requests=max_requests_per_minute),
        database=database,
    )
    try:
        return await generator.generate_and_save_batch_async(project_id, tweets_with_scores, config, progress_callback)
    finally:
        await generator.cleanup()
        database.dispose()
