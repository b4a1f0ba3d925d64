"""From the inbox to the table of tweets."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from viral_assets.assets.display import add_hour_metadata, table_metadata
from viral_assets.assets.partitions import hourly_asset, window_of
from viral_assets.resources.database import DatabaseResource
from viral_assets.resources.tweet_source import TweetSourceResource
from viral_assets.store import tables

if TYPE_CHECKING:
    from viral_assets.sources.ingest import IngestReport


@hourly_asset(
    group_name="ingestion",
    kinds={"file", "table"},
    owners=["team:data"],
    code_version="1",
    metadata=table_metadata(tables.tweets),
    description=(
        "Tweets posted in the hour, each with its newest counts. Reads whatever is new in the inbox first, also tweets "
        "of other hours; records that cannot be read are kept in quarantine with the reason."
    ),
)
def tweets(context: dg.AssetExecutionContext, database: DatabaseResource, tweet_source: TweetSourceResource) -> None:
    """Read the inbox, then tell what the hours of this run hold."""
    from viral_assets.assets import previews
    from viral_assets.store.rejects import count_rejects
    from viral_assets.store.tweets import read_tweets

    store, window = database.get(), window_of(context)
    reports = tweet_source.ingest(store, datetime.now(UTC))
    for report in reports:
        if not report.already_ingested:
            context.log.log(logging.WARNING if report.problem else logging.INFO, _in_words(report))
    with store.read() as connection:
        frame = read_tweets(connection, window)
        quarantined = count_rejects(connection)
    context.log.info("%d tweets in %d hours; %d records in quarantine", len(frame), len(window), quarantined)
    add_hour_metadata(context, previews.of_tweets(frame, window, reports, quarantined))


def _in_words(report: "IngestReport") -> str:
    if report.problem:
        return f"cannot be used: {report.problem}"
    return (
        f"{report.name}: {report.read:,} records, {report.new:,} new, {report.updated:,} with newer counts, "
        f"{report.unchanged:,} known, {report.rejected:,} rejected; {len(report.windows):,} hours, "
        f"{report.outside:,} tweets outside the configured ones"
    )
