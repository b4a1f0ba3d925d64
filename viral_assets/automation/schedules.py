"""What runs at a certain time. Decisions are pure functions of that time."""

from __future__ import annotations

from datetime import datetime

import dagster as dg

from viral_assets.automation.jobs import hourly_pipeline
from viral_assets.automation.tags import TRIGGER_TAG
from viral_assets.hours import HOUR, floor_hour, hour_key

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
