"""What is run together. When it runs is in ``schedules`` and ``sensors``."""

from datetime import UTC, datetime

import dagster as dg

from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.settings import load_settings

REFRESHED_HOURS = 6

HOURLY_PIPELINE = "hourly_pipeline"

hourly_pipeline = dg.define_asset_job(
    HOURLY_PIPELINE,
    selection=dg.AssetSelection.assets("suggestion_digest").upstream(),
    description=(
        "Everything for one hour, or for a range of hours: read new tweets, score them, choose the ones worth a "
        "reply, have suggestions written, check the counts, write the digest. Running it again for the same hour "
        "costs nothing: only what is new is embedded, and only tweets without suggestions are asked about."
    ),
)

hourly_checks = dg.define_asset_job(
    "hourly_checks",
    selection=dg.AssetSelection.all_asset_checks(),
    description=(
        "All checks for one hour, or for a range of hours, and nothing else: whether the tables still hold what the "
        "runs left there. Writes nothing but the results of the checks."
    ),
)


daily_numbers = dg.define_asset_job(
    "daily_numbers",
    selection=dg.AssetSelection.assets("review_numbers"),
    description=(
        "Count what came of the suggestions of the last 30 days: approvals, posts, costs. Reads the tables and writes "
        "nothing but what Dagster shows and plots."
    ),
)


follow_replies = dg.define_asset_job(
    "follow_replies",
    selection=dg.AssetSelection.assets("reply_outcomes"),
    description=(
        "Find posted replies in the account's timeline at X, and look again at those that are an hour, a day or three "
        "days old. Reads and never posts; the X API charges for it, within VIRAL_ASSETS_X_POSTS_PER_DAY."
    ),
)


@dg.op(description="Look again at how the opportunities of the last hours are doing.")
def refresh_metrics(
    context: dg.OpExecutionContext,
    database: DatabaseResource,
    projects: ProjectsResource,
    tweet_source: TweetSourceResource,
) -> None:
    """Append what the X API says now to the snapshots of the last opportunities, and mark those that are gone."""
    from viral_assets.sources.services.collect import raise_if_refused
    from viral_assets.store.gone import FORGET_THEM, count_gone

    now = floor_hour(datetime.now(UTC))
    hours = HourRange(now - REFRESHED_HOURS * HOUR, now + HOUR)
    for warning in projects.left_out(()):
        context.log.warning(warning)
    reports = tweet_source.refresh(database.get(), projects.select(()), hours, context.run_id)
    for report in reports:
        context.log.info(report.describe())
    with database.get().read() as connection:
        gone = count_gone(connection)
    if gone:
        context.log.warning("%s tweets are gone at X and not shown any more; %s lets them go", f"{gone:,}", FORGET_THEM)
        context.add_output_metadata({"gone at X": gone, "let them go": FORGET_THEM})
    if not reports:
        context.log.info("no project names x_api under sources: there is nobody to ask")
    raise_if_refused(reports)


@dg.job(
    description=(
        "A second look at the counts of the last hours' opportunities, for projects that name the X API. Scores use it "
        "when tweet_scores of those hours is materialized again."
    )
)
def metric_refresh() -> None:
    """One op, no assets: what it appends belongs to hours that are materialized already."""
    refresh_metrics()


@dg.op(description="Let go of what is older than VIRAL_ASSETS_KEEP_..._DAYS says.")
def prune_tables(context: dg.OpExecutionContext, database: DatabaseResource) -> None:
    """Decisions, what they are about, and what was paid are kept; so is which hours are materialized."""
    from viral_assets.defs.history.prune import prune_history
    from viral_assets.upkeep.archive import Archive
    from viral_assets.upkeep.prune import prune
    from viral_assets.upkeep.retention import KINDS, RUNS, cutoffs

    settings, now = load_settings(), datetime.now(UTC)
    older = cutoffs(settings.kept_days, now)
    if not older:
        context.log.info("everything is kept for ever: none of VIRAL_ASSETS_KEEP_..._DAYS is set")
    archive = None if settings.archive is None else Archive(settings.archive)
    done = prune(database.get(), older, digests=settings.digests, archive=archive)
    if (before := older.before.get(RUNS)) is not None:
        gone = prune_history(context.instance, before, first_hour=settings.first_hour(now), archive=archive)
        done.counts[RUNS] = gone.runs
    for kind, before in older.before.items():
        context.log.info("before %s: %s %s (%s)", f"{before:%F}", f"{done.counts[kind]:,}", kind, KINDS[kind])


@dg.job(
    description=(
        "Let go of what is older than it should be kept, as VIRAL_ASSETS_KEEP_VECTORS_DAYS and its companions say. "
        "What somebody decided about stays, and so does what was paid. The same as `viral-assets prune --yes`."
    )
)
def prune_old() -> None:
    """One op, no assets: the hours stay materialized."""
    prune_tables()
