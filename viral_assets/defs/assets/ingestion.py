"""From the inbox and the services that projects name to the table of tweets."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from viral_assets.defs.assets.display import add_hour_metadata, table_metadata, tell_of_left_out
from viral_assets.defs.assets.partitions import FRESHNESS, hourly_asset, window_of
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import HOUR, hour_key
from viral_assets.store import tables
from viral_assets.text.amounts import how_many

if TYPE_CHECKING:
    from viral_assets.sources.files.ingest import IngestReport


RETRIES = dg.RetryPolicy(max_retries=1, delay=5)
"""For services that are down. Each attempt has asked again and again for VIRAL_ASSETS_SOURCE_WAIT_SECONDS already."""


@hourly_asset(
    group_name="ingestion",
    kinds={"file", "table"},
    freshness_policy=FRESHNESS,
    owners=["team:data"],
    code_version="1",
    retry_policy=RETRIES,
    metadata=table_metadata(tables.tweets),
    description=(
        "Tweets posted in the hour, each with its newest counts. Reads whatever is new in the inbox first, also tweets "
        "of other hours, then asks the services that projects name for what they have of the hour; records that cannot "
        "be read are kept in quarantine with the reason."
    ),
)
def tweets(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tweet_source: TweetSourceResource,
    projects: ProjectsResource,
    run_options: RunOptions,
) -> None:
    """Read the inbox, ask the services, then tell what the hours of this run hold."""
    from viral_assets.defs.assets import previews
    from viral_assets.store.rejects import count_rejects
    from viral_assets.store.tweet_frames import read_tweets

    store, window = database.get(), window_of(context)
    first, last = hour_key(window.start), hour_key(window.end - HOUR)
    hours = f"the hour {first}" if first == last else f"{len(window)} hours, {first} to {last}"
    context.log.info("%s, %s", hours, run_options.describe())
    reports = tweet_source.ingest(store, datetime.now(UTC))
    for report in reports:
        if not report.already_ingested:
            context.log.log(logging.WARNING if report.problem else logging.INFO, _describe(report))
    wanted = projects.select(run_options.projects)
    now = datetime.now(UTC)
    # Posts are paid for, and a dry run pays for nothing.
    asked = [] if run_options.dry_run else tweet_source.collect(store, wanted, window, context.run.run_id, now)
    for answer in asked:
        if answer.asked:
            wrong = answer.problem or answer.incomplete
            context.log.log(logging.WARNING if wrong else logging.INFO, answer.describe())
    if asked:
        from viral_assets.sources.services.collect import raise_if_refused, raise_if_unavailable

        raise_if_refused(asked)
        raise_if_unavailable(asked)
    with store.read() as connection:
        frame = read_tweets(connection, window)
        quarantined = count_rejects(connection)
    context.log.info("%d tweets; %d records in quarantine", len(frame), quarantined)
    metadata = previews.of_tweets(frame, window, reports, quarantined, asked)
    if now < window.end:
        metadata[window.end - HOUR]["still running"] = (
            f"until {window.end:%H:%M} UTC: what is posted until then comes with the next run of this hour"
        )
    add_hour_metadata(context, metadata)
    tell_of_left_out(context, window, projects.left_out(run_options.projects))


def _describe(report: "IngestReport") -> str:
    if report.problem:
        return f"cannot be used: {report.problem}"
    return (
        f"{report.name}: {how_many(report.read, 'record')}, {report.new:,} new, {report.updated:,} with newer counts, "
        f"{report.unchanged:,} known, {report.rejected:,} rejected; {how_many(len(report.windows), 'hour')}, "
        f"{how_many(report.outside, 'tweet')} outside the configured ones"
    )
