"""All assets, checks, jobs, schedules, sensors and resources, put together. Nothing is read here but the environment,
and in the database which hour is the first; nothing is written: that is for runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from viral_assets.defs.assets.code_links import with_code_link
from viral_assets.defs.assets.decisions import decisions
from viral_assets.defs.assets.delivery import suggestion_digest
from viral_assets.defs.assets.embeddings import topic_embeddings, tweet_embeddings
from viral_assets.defs.assets.generation import comment_suggestions
from viral_assets.defs.assets.ingestion import tweets
from viral_assets.defs.assets.partitions import hour_partitions
from viral_assets.defs.assets.reply_outcomes import reply_outcomes
from viral_assets.defs.assets.review_numbers import review_numbers
from viral_assets.defs.assets.scoring import comment_opportunities, tweet_scores
from viral_assets.defs.automation.decisions_sensor import decisions_sensor
from viral_assets.defs.automation.inbox_sensor import inbox_sensor
from viral_assets.defs.automation.jobs import (
    daily_numbers,
    follow_replies,
    hourly_checks,
    hourly_pipeline,
    metric_refresh,
    prune_old,
)
from viral_assets.defs.automation.notify_sensor import notify_sensor
from viral_assets.defs.automation.schedules import (
    hourly_schedule,
    numbers_schedule,
    outcomes_schedule,
    prune_schedule,
    refresh_schedule,
    top_up_schedule,
)
from viral_assets.defs.automation.sensors import deferred_sensor, failure_sensor
from viral_assets.defs.automation.step_executor import run_in_one_process
from viral_assets.defs.checks.definitions import asset_checks
from viral_assets.defs.resources.comment_generator import CommentGeneratorResource
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.digest_folder import DigestFolderResource
from viral_assets.defs.resources.embedder import EmbedderResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.run_observer import run_observer
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.defs.resources.window_io_manager import window_io_manager
from viral_assets.settings import load_settings

ASSETS = (
    tweets,
    topic_embeddings,
    tweet_embeddings,
    tweet_scores,
    comment_opportunities,
    comment_suggestions,
    suggestion_digest,
    review_numbers,
    reply_outcomes,
)


def build_defs(
    resource_overrides: Mapping[str, Any] | None = None,
    *,
    begins: datetime | None = None,
    end: datetime | None = None,
) -> dg.Definitions:
    """The definitions, for the environment as it is.

    Args:
        resource_overrides: resources to use instead, by key.
        begins: the first hour of the partitions; that of the settings when None.
        end: of the partitions; ``VIRAL_ASSETS_END`` when None, and no end when that is not set either.

    Raises:
        ConfigurationError: a variable of the environment cannot be used; the message names it.
    """
    settings = load_settings()
    hours = hour_partitions(begins or settings.first_hour(), end or settings.end)

    # They launch nothing, so that whoever has named a webhook or a channel need not switch them on as well.
    running, stopped = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED
    alerting, telling = (running if named else stopped for named in (settings.alert_webhook, settings.channels))

    def bound(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.partitions_def is None:
            return spec
        # A closed data set does not get any fresher.
        policy = None if end or settings.end else spec.freshness_policy
        return spec.replace_attributes(partitions_def=hours, freshness_policy=policy)

    return dg.Definitions(
        assets=[
            *(with_code_link(asset, settings.code_url).map_asset_specs(bound) for asset in ASSETS),
            bound(decisions),
        ],
        asset_checks=asset_checks(hours),
        jobs=[hourly_pipeline, hourly_checks, metric_refresh, daily_numbers, follow_replies, prune_old],
        schedules=[
            hourly_schedule,
            top_up_schedule,
            refresh_schedule,
            outcomes_schedule,
            numbers_schedule,
            prune_schedule,
        ],
        sensors=[inbox_sensor, deferred_sensor, decisions_sensor, notify_sensor(telling), failure_sensor(alerting)],
        resources={
            "database": DatabaseResource(),
            "projects": ProjectsResource(),
            "tweet_source": TweetSourceResource(),
            "embedder": EmbedderResource(),
            "comment_generator": CommentGeneratorResource(),
            "digest_folder": DigestFolderResource(),
            "run_options": RunOptions(),
            "run_observer": run_observer,
            "window_io_manager": window_io_manager,
            **(resource_overrides or {}),
        },
        executor=run_in_one_process,
    )
