"""What runs at a certain time. Decisions are pure functions of that time."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from viral_assets.defs.automation.deferred import all_run_already, hours_past, hours_to_top_up, last_days
from viral_assets.defs.automation.jobs import (
    daily_numbers,
    follow_replies,
    hourly_pipeline,
    metric_refresh,
    prune_old,
)
from viral_assets.defs.automation.requests import hours_under_way, ranges_of, request_for
from viral_assets.defs.automation.tags import TOP_UP, TRIGGER_TAG
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import HOUR, floor_hour, hour_key
from viral_assets.llm.billing_day import PACIFIC
from viral_assets.settings import load_settings
from viral_assets.store.deferred import deferred_hours, hours_unscored
from viral_assets.store.hour_leases import unfinished_hours

MINUTES_PAST_THE_HOUR = 5
"""Time for the last tweets of the hour to arrive."""


def hour_to_run(scheduled_at: datetime) -> str:
    """The partition of the last full hour."""
    return hour_key(floor_hour(scheduled_at) - HOUR)


@dg.schedule(
    job=hourly_pipeline,
    cron_schedule=f"{MINUTES_PAST_THE_HOUR} * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="The whole chain for the last full hour, five minutes after its end. Off until you switch it on.",
)
def hourly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """One run for the last full hour, if the configured data set has one."""
    hour = hour_to_run(context.scheduled_execution_time)
    partitions = context.repository_def.get_job(hourly_pipeline.name).partitions_def
    if partitions is None or not partitions.has_partition_key(hour):
        return dg.SkipReason(f"{hour} lies outside VIRAL_ASSETS_START and VIRAL_ASSETS_END")
    return dg.RunRequest(run_key=hour, partition_key=hour, tags={TRIGGER_TAG: "schedule"})


@dg.schedule(
    job=hourly_pipeline,
    cron_schedule=f"{MINUTES_PAST_THE_HOUR} 0 * * *",
    execution_timezone=str(PACIFIC),
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Once a day, when the quota's day has begun (midnight US Pacific): runs the hours of the last "
        "VIRAL_ASSETS_TOP_UP_DAYS days whose tweets were put off, whose drafts are offline ones though there is a key "
        "now, that a service was not read to its end for, or that have tweets that no run has looked at. Off until you "
        "switch it on."
    ),
)
def top_up_schedule(
    context: dg.ScheduleEvaluationContext, tweet_source: TweetSourceResource, database: DatabaseResource
) -> list[dg.RunRequest] | dg.SkipReason:
    """Runs over exactly the hours with deferred tweets, with more to read, or with tweets that no run has looked at,
    but for those that have a run already."""
    now = context.scheduled_execution_time.astimezone(UTC)
    settings = load_settings()
    days = settings.top_up_days
    provider, _ = settings.access()
    window = last_days(days, now, tweet_source.configured_hours(now))
    if window is None:
        return dg.SkipReason("the last days lie outside VIRAL_ASSETS_START and VIRAL_ASSETS_END")
    with database.get().read() as connection:
        put_off = deferred_hours(connection, window, provider=provider)
        waiting = {*put_off, *unfinished_hours(connection, window, now)}
        if (past := hours_past(window, now)) is not None:
            waiting |= hours_unscored(connection, past)
    if not waiting:
        return dg.SkipReason(f"no tweet of the last {days} days waits for a later run")
    hours = hours_to_top_up(waiting, hours_under_way(context.instance, window))
    if not hours:
        return dg.SkipReason(all_run_already(waiting))
    return [request_for(each, TOP_UP, f"{now:%F}") for each in ranges_of(hours)]


refresh_schedule = dg.ScheduleDefinition(
    name="refresh_schedule",
    job=metric_refresh,
    cron_schedule="*/30 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Every half hour a second look at the counts of the last opportunities, which the X API charges for. Off until "
        "you switch it on."
    ),
)

outcomes_schedule = dg.ScheduleDefinition(
    name="outcomes_schedule",
    job=follow_replies,
    cron_schedule="40 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Every hour a look at the timeline of VIRAL_ASSETS_X_ACCOUNT for replies that were posted, and again at those "
        "that are due, which the X API charges for. Off until you switch it on."
    ),
)

numbers_schedule = dg.ScheduleDefinition(
    name="numbers_schedule",
    job=daily_numbers,
    cron_schedule="30 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Once a day, after midnight UTC, the numbers of the last 30 days. Off until you switch it on.",
)

prune_schedule = dg.ScheduleDefinition(
    name="prune_schedule",
    job=prune_old,
    cron_schedule="15 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Once a day, early in the morning (UTC), lets go of what is older than VIRAL_ASSETS_KEEP_..._DAYS says. Off "
        "until you switch it on."
    ),
)
