"""From opportunities to suggestions. Prompts, requests, quota and saving are in ``generation`` and ``quota``."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from viral_assets.defs.assets.display import add_hour_metadata, table_metadata
from viral_assets.defs.assets.interruptible import run_to_the_end
from viral_assets.defs.assets.partitions import hourly_asset, window_of
from viral_assets.defs.automation.tags import hours_will_come
from viral_assets.defs.automation.urgency import priority_of
from viral_assets.defs.resources.comment_generator import CommentGeneratorResource
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.run_observer import RunObserver
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.hours import HourRange
from viral_assets.projects.model import Project
from viral_assets.settings import load_settings
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.text.amounts import how_many, money

if TYPE_CHECKING:
    from pandas import DataFrame

    from viral_assets.generation.forced import Forced
    from viral_assets.generation.opportunity import Opportunity
    from viral_assets.generation.run.planning.estimate import Estimate
    from viral_assets.generation.run.report import GenerationReport, Progress
    from viral_assets.generation.run.stopping import Finishing
else:
    # Dagster evaluates annotations while definitions load, and importing pandas for that takes a second.
    DataFrame = Any

POOL = "generation"
"""Runs that write suggestions share it; how many at once is up to the Dagster instance. The quota holds without it."""

STOPPING = "told to stop"

SECONDS_BETWEEN_LOG_LINES = 10.0


@hourly_asset(
    group_name="generation",
    kinds={"gemini", "table"},
    owners=["team:community"],
    code_version="1",
    pool=POOL,
    output_required=False,
    metadata=table_metadata(tables.comment_suggestions),
    description=(
        "Several suggested replies for each opportunity of the hour, or the reason why there are none. Requests carry "
        "as many tweets as the quota forces, across hours. Each answer is saved as it arrives; a second run asks only "
        "for what is missing. Nothing is ever posted: a person does that."
    ),
)
def comment_suggestions(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    projects: ProjectsResource,
    comment_generator: CommentGeneratorResource,
    run_options: RunOptions,
    run_observer: dg.ResourceParam[RunObserver],
    comment_opportunities: DataFrame,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Bring every opportunity of this run to an end, all hours in one go. A dry run materializes nothing."""
    store, window = database.get(), window_of(context)
    selected = projects.select(run_options.projects)
    texts = _texts(store, window)
    now = datetime.now(UTC)
    opportunities = _opportunities(store, comment_opportunities, texts, selected, now)
    forced = _forced(store, run_options, comment_generator, selected, window) if run_options.force else None
    run_id = forced.id if forced is not None and run_options.dry_run else context.run.run_id
    priority = priority_of(context.run.tags, now)
    paced = hours_will_come(context.run.tags) and load_settings().pace_day
    generator = comment_generator.get_generator(
        store, run_options, selected.values(), run_id=run_id, priority=priority, paced=paced
    )
    choice: dict[str, bool] = {"force": run_options.force, "sequential": run_options.sequential}

    if run_options.dry_run:

        async def look(_stop: threading.Event) -> "Estimate":
            async with generator:
                return generator.estimate(opportunities, selected, **choice)

        estimate = run_to_the_end(look)
        run_observer.on_estimated(estimate)
        context.log.info(_estimated(estimate))
        return

    from viral_assets.generation.forced import begin_forced, end_forced
    from viral_assets.generation.waiting_revisions import TakenUp, take_up

    if forced is not None:
        begin_forced(store, forced, context.run.run_id, datetime.now(UTC))
        if forced.remark:
            context.log.info(forced.remark)
    progress_log = _ProgressLog(context.log.info)

    def on_progress(progress: "Progress") -> None:
        progress_log.tell(progress)
        run_observer.on_progress(progress)

    async def generate(stop: threading.Event) -> "tuple[GenerationReport, TakenUp]":
        async with generator:
            report = await generator.generate_opportunities(
                opportunities, selected, progress_callback=on_progress, stop=stop, **choice
            )
            # Who asked for a revision has waited for longer than the drafts, and needs what the quota leaves.
            return report, await take_up(generator, store, opportunities, selected, now=now, stop=stop)

    def on_finishing(finishing: "Finishing") -> None:
        context.log.warning("%s: %s", STOPPING, finishing)
        run_observer.on_finishing(finishing)

    report, taken_up = run_to_the_end(generate, on_finishing=on_finishing)
    if forced is not None and forced.id != run_options.force_id and not report.deferred:
        end_forced(store, forced.id, datetime.now(UTC))
    run_observer.on_generated(report)
    context.log.info(_summarise(report))
    if taken_up:
        context.log.info(str(taken_up))
    for note in report.notes:
        context.log.warning(note)
    add_hour_metadata(context, _metadata(store, window, texts, report))
    yield dg.MaterializeResult()


def _forced(
    store: Database,
    options: RunOptions,
    generator: CommentGeneratorResource,
    projects: Mapping[str, Project],
    window: HourRange,
) -> "Forced":
    """What this run forces: a part of what the command line began, what was interrupted over these hours, or anew.

    What is over is not gone on with: who runs a forced run again from the UI, with its configuration, forces anew.
    """
    from viral_assets.generation.forced import Forced, find_forced, is_over, scope_of

    provider, model = generator.chosen()
    scope = scope_of(
        projects, f"{window.start.isoformat()} to {window.end.isoformat()}", provider=provider, model=model
    )
    if options.force_id and not is_over(store, options.force_id):
        return Forced(options.force_id, scope)
    return find_forced(store, scope)


class _ProgressLog:
    """Says how far a long generation has come, now and then."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last = time.monotonic()

    def tell(self, progress: "Progress") -> None:
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN_LOG_LINES or progress.finished == progress.total:
            return
        self._last = now
        eta = "" if progress.eta_seconds is None else f", about {progress.eta_seconds:,.0f} s to go"
        self._say(
            f"{progress.finished:,} of {how_many(progress.total, 'tweet')}, "
            f"{how_many(progress.suggestions, 'suggestion')}, {how_many(progress.requests, 'request')}{eta}"
        )


def _texts(store: Database, window: HourRange) -> DataFrame:
    from viral_assets.store.tweet_frames import read_tweets

    with store.read() as connection:
        return read_tweets(connection, window)[["tweet_id", "text", "author_handle", "lang"]]


def _opportunities(
    store: Database, rows: DataFrame, texts: DataFrame, projects: Mapping[str, Project], now: datetime
) -> "list[Opportunity]":
    """What to ask about: fresh hours first, since a reply is worth less by the hour, and in them the best tweets."""
    from viral_assets.generation.nearest_edits import with_nearest_edits
    from viral_assets.generation.opportunity import Opportunity
    from viral_assets.queries.context import AskedTweet, contexts_of

    types = {name: tuple(kind.name for kind in project.suggestion_types) for name, project in projects.items()}
    ours = rows[rows["project"].isin(list(types))].merge(texts, on="tweet_id")
    ordered = ours.sort_values(["window_start", "rank", "project"], ascending=[False, True, True])
    records = ordered.to_dict("records")
    asked = [
        AskedTweet(
            row["project"],
            row["tweet_id"],
            row["window_start"].to_pydatetime(),
            row["from_id"] if isinstance(row["from_id"], str) else None,
            row["author_handle"],
        )
        for row in records
    ]
    with store.read() as connection:
        contexts = contexts_of(connection, asked)
    opportunities = [
        Opportunity(
            project=row["project"],
            tweet_id=row["tweet_id"],
            window_start=row["window_start"].to_pydatetime(),
            text=row["text"],
            topic=row["topic"],
            suggestion_types=types[row["project"]],
            author_handle=row["author_handle"],
            lang=row["lang"],
            context=context,
        )
        for row, (context, _) in zip(records, contexts, strict=True)
    ]
    with store.read() as connection:
        return with_nearest_edits(connection, opportunities, projects, now=now)


def _metadata(
    store: Database, window: HourRange, texts: DataFrame, report: "GenerationReport"
) -> dict[datetime, dict[str, Any]]:
    from viral_assets.defs.assets import previews
    from viral_assets.queries.spending import cost_by_hour
    from viral_assets.store.suggestions import read_outcomes, read_suggestions

    about = texts[["tweet_id", "author_handle", "text"]].rename(columns={"text": "tweet"})
    with store.read() as connection:
        suggestions = read_suggestions(connection, window).merge(about, on="tweet_id")
        outcomes = read_outcomes(connection, window)
        spent = cost_by_hour(connection, window)
    return previews.of_suggestions(suggestions, outcomes, window, spent, report)


def _estimated(estimate: "Estimate") -> str:
    cheaper = estimate.standard_cost_usd != estimate.cost_usd
    standard = f" ({_money(estimate.standard_cost_usd)} at the standard tier)" if cheaper else ""
    waiting = ""
    if estimate.deferred:
        left = how_many(estimate.deferred, "tweet is", "tweets are")
        waiting = f"; {left} left for a later run: {estimate.deferred_because}"
    return (
        f"dry run: {how_many(estimate.opportunities, 'opportunity', 'opportunities')}, "
        f"{estimate.already_done:,} of them done; the rest takes "
        f"{how_many(estimate.requests, 'request')}, {how_many(estimate.tokens, 'token')}, "
        f"{_money(estimate.cost_usd)}{standard} and about "
        f"{estimate.seconds:,.0f} s{waiting}"
    )


def _summarise(report: "GenerationReport") -> str:
    spared = f" ({_money(report.spared_usd)} less than at the standard tier)" if report.spared_usd else ""
    answered_by = f" ({', '.join(sorted(report.answered_by))})" if report.answered_by else ""
    return (
        f"{how_many(report.opportunities, 'opportunity', 'opportunities')}, {report.already_done:,} done before; "
        f"{how_many(report.saved, 'suggestion')} saved, {how_many(report.failed, 'tweet')} without, "
        f"{report.declined:,} declined, {report.deferred:,} left for a later run; "
        f"{how_many(report.requests, 'request')}, {how_many(report.tokens, 'token')}, "
        f"{_money(report.cost_usd)}{spared}, {report.seconds:,.1f} s by {report.provider}{answered_by}"
    )


def _money(cost_usd: float | None) -> str:
    return "an unknown price" if cost_usd is None else money(cost_usd)
