"""What runs when something happens, but for new files (``inbox_sensor``). A sensor gathers and acts; what it decides is
decided by pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from viral_assets.defs.assets.partitions import HOURS_PER_RUN
from viral_assets.defs.automation.alerts import FailedRun, failure_line, post
from viral_assets.defs.automation.deferred import NOTHING_WAITS, describe_hours, freest, hours_to_resume
from viral_assets.defs.automation.jobs import hourly_pipeline
from viral_assets.defs.automation.requests import hours_of_run, hours_under_way, ranges_of, request_for
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import HOUR, hour_key
from viral_assets.projects.loader import load_projects
from viral_assets.projects.model import Project
from viral_assets.settings import load_settings
from viral_assets.store.deferred import Deferred, deferred_hours

if TYPE_CHECKING:
    pass

_MODULE = re.compile(r"^(?:\w+\.)+(?=\w+: )")

NO_HOURS = "no hour lies between VIRAL_ASSETS_START and VIRAL_ASSETS_END yet"


@dg.sensor(
    job=hourly_pipeline,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Takes up hours whose tweets were put off because the quota of the day was used up, as soon as it is free "
        "again, likewise revisions that somebody asked for, and hours with offline drafts as soon as there is a key: "
        "the freshest first, up to a day of hours at a time. Off until you switch it on."
    ),
)
def deferred_sensor(
    context: dg.SensorEvaluationContext, tweet_source: TweetSourceResource, database: DatabaseResource
) -> dg.SensorResult | dg.SkipReason:
    """Request runs for the hours that :func:`~viral_assets.defs.automation.deferred.hours_to_resume` chooses.

    A request is made once for each time an hour's tweets are put off: should its run fail before it has asked about
    any, the daily top-up comes back to it.
    """
    from viral_assets.quota.from_settings import configured_ledgers

    configured = tweet_source.configured_hours(datetime.now(UTC))
    if configured is None:
        return dg.SkipReason(NO_HOURS)
    store, settings = database.get(), load_settings()
    projects = load_projects(settings.projects_dir)
    for warning in projects.warnings:
        context.log.warning(warning)
    provider, _ = settings.access()
    with store.read() as connection:
        waiting = {
            models: deferred_hours(connection, configured, names, provider=provider)
            for models, names in _projects_by_models(projects).items()
        }
    under_way = hours_under_way(context.instance, configured) if any(waiting.values()) else set[datetime]()
    hours, why_not = list[datetime](), ""
    # Each model has a quota of its own: what one of them has no quota for need not keep the others waiting.
    for models, theirs in waiting.items():
        if theirs:
            _, ledgers = configured_ledgers(settings, store, models)
            status = freest([ledger.status() for ledger in ledgers.values()])
            ready, refusal = hours_to_resume(theirs, status, under_way)
            hours += [hour for hour in ready if hour not in hours]
            why_not = why_not or refusal
    hours = sorted(hours)[-HOURS_PER_RUN:]
    if not hours:
        return dg.SkipReason(why_not or NOTHING_WAITS)
    context.log.info("the quota is free: %s", describe_hours(hours))
    return dg.SensorResult(
        run_requests=[
            request_for(window, "deferred", *(_put_off_at(waiting.values(), hour) for hour in window))
            for window in ranges_of(hours)
        ]
    )


def _put_off_at(waiting: Iterable[Mapping[datetime, Deferred]], hour: datetime) -> str:
    """When the last tweet of an hour was put off, whichever models its projects use."""
    return max(theirs[hour].since for theirs in waiting if hour in theirs).isoformat()


def _projects_by_models(projects: Mapping[str, Project]) -> dict[tuple[str, ...], list[str]]:
    """The names of the projects that use the same models."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, project in projects.items():
        found.setdefault(project.generation.models, []).append(name)
    return found


def failure_sensor(default_status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor that tells people of failed runs.

    Args:
        default_status: running where there is somebody to tell.
    """

    @dg.run_failure_sensor(
        name="failure_sensor",
        minimum_interval_seconds=30,
        default_status=default_status,
        description=(
            "Tells of each failed run in one line: in its own log, and at VIRAL_ASSETS_ALERT_WEBHOOK when that is set, "
            "which also switches the sensor on."
        ),
    )
    def tell(context: dg.RunFailureSensorContext) -> None:
        settings = load_settings()
        line = failure_line(_failed_run(context), settings.ui_url, settings.secrets)
        context.log.error(line)
        if settings.alert_webhook is None:
            context.log.info("nobody else is told: VIRAL_ASSETS_ALERT_WEBHOOK is not set")
            return
        problem = post(settings.alert_webhook.get_secret_value(), line)
        if problem:
            context.log.warning("VIRAL_ASSETS_ALERT_WEBHOOK did not take the message: %s", problem)

    return tell


def _failed_run(context: dg.RunFailureSensorContext) -> FailedRun:
    run = context.dagster_run
    window = hours_of_run(run.tags)
    hours = ""
    if window:
        first, last = hour_key(window.start), hour_key(window.end - HOUR)
        hours = first if first == last else f"{first} to {last}"
    # A run whose resources cannot be set up fails before its first step.
    errors = [_reason(event) for event in context.get_step_failure_events()] or [_reason(context.failure_event)]
    return FailedRun(
        run_id=run.run_id,
        job=run.job_name if not run.job_name.startswith("__") else "a run of assets",
        hours=hours,
        errors=errors,
        tried_again=run.tags.get("dagster/will_retry") == "true",
    )


def _reason(event: dg.DagsterEvent) -> str:
    """What an asset says in its own words, else the innermost error; with the step, where there is one."""
    description = None
    if event.is_step_failure and event.step_failure_data.user_failure_data:
        description = event.step_failure_data.user_failure_data.description
    error = getattr(event.event_specific_data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    reason = description or (_MODULE.sub("", error.message) if error else event.message or "no reason is recorded")
    return f"{event.step_key}: {reason}" if event.step_key else reason
