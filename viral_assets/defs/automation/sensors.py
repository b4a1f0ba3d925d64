"""What runs when something happens. A sensor gathers and acts; what it decides is decided by pure functions here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from viral_assets.defs.assets.partitions import HOURS_PER_RUN
from viral_assets.defs.automation.alerts import FailedRun, failure_line, post
from viral_assets.defs.automation.deferred import NOTHING_WAITS, describe_hours, freest, hours_to_resume
from viral_assets.defs.automation.jobs import hourly_pipeline
from viral_assets.defs.automation.requests import hours_of_run, hours_under_way, ranges_of, request_for
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.errors import SourceError
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.projects.loader import load_projects
from viral_assets.settings import Settings, load_settings
from viral_assets.store.deferred import Deferred, deferred_hours

if TYPE_CHECKING:
    from viral_assets.sources.files.ingest import IngestReport

_MODULE = re.compile(r"^(?:\w+\.)+(?=\w+: )")

NO_HOURS = "no hour lies between VIRAL_ASSETS_START and VIRAL_ASSETS_END yet"

SECONDS_TO_SETTLE = 5
"""A file that changed less long ago is probably still being copied."""

BYTES_PER_TICK = 64 * 2**20
FILES_PER_TICK = 500
"""What is looked into in one tick: a few seconds' worth, since a tick has to end within a minute."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells without opening a file that it is another one: bytes, and nanoseconds since the epoch."""

    size: int
    modified_ns: int


def files_to_read(found: Mapping[str, Stamp], seen: Mapping[str, Stamp], now_ns: int) -> list[str]:
    """The files this tick looks into: new or changed ones that have settled, the oldest first, as many as one tick can
    take and at least one.
    """
    wait = SECONDS_TO_SETTLE * 10**9
    fresh = [
        name
        for name, stamp in found.items()
        # What is dated in the future, by another machine's clock or an archive, would settle when that time comes.
        if seen.get(name) != stamp and not now_ns - wait < stamp.modified_ns <= now_ns + wait
    ]
    taken: list[str] = []
    room = BYTES_PER_TICK
    for name in sorted(fresh, key=lambda name: (found[name].modified_ns, name)):
        room -= found[name].size
        if taken and (room < 0 or len(taken) >= FILES_PER_TICK):
            break
        taken.append(name)
    return taken


def runs_for(files: Mapping[str, Iterable[datetime]], configured: HourRange | None) -> list[dg.RunRequest]:
    """One run for each range of hours that the files touch.

    The key of a run is made of its hours and of the content of the files, so that another file of the same name is
    not taken for the old one, and the same content is not worked on twice.

    Args:
        files: hours by the hash of the content.
        configured: hours that have partitions; others are left out.
    """
    hours_of = {
        content_hash: {hour for hour in hours if configured and hour in configured}
        for content_hash, hours in files.items()
    }
    requests = []
    for window in ranges_of(hour for hours in hours_of.values() for hour in hours):
        touching = sorted(
            content_hash for content_hash, hours in hours_of.items() if any(hour in window for hour in hours)
        )
        requests.append(request_for(window, "inbox", *touching))
    return requests


def read_cursor(cursor: str | None) -> dict[str, Stamp]:
    """The files of earlier ticks; none when the cursor is not one of ours."""
    try:
        return {name: Stamp(*stamp) for name, stamp in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(seen: Mapping[str, Stamp]) -> str:
    """The inverse of :func:`read_cursor`."""
    return json.dumps({name: [stamp.size, stamp.modified_ns] for name, stamp in seen.items()})


@dg.sensor(
    job=hourly_pipeline,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Looks for new files in the inbox and runs the hours their tweets are of, whatever those are. A file that "
        "cannot be read goes to the quarantine. Off until you switch it on."
    ),
)
def inbox_sensor(
    context: dg.SensorEvaluationContext, tweet_source: TweetSourceResource, database: DatabaseResource
) -> dg.SensorResult:
    """Request a run for exactly the hours that new files touch; the run itself reads the files.

    What touches no hour, and so will have no run, is read here: its tweets are of other hours, or it has only records
    for the quarantine.
    """
    now = datetime.now(UTC)
    configured = tweet_source.configured_hours(now)
    found = _stamps(tweet_source.files())
    seen = {name: stamp for name, stamp in read_cursor(context.cursor).items() if found.get(name) == stamp}
    to_read = files_to_read(found, seen, int(now.timestamp() * 10**9))
    hours: dict[str, frozenset[datetime]] = {}
    for name in to_read:
        try:
            content_hash, touched = tweet_source.inspect_file(Path(name), now)
        except (SourceError, OSError):
            content_hash, touched = name, frozenset()
        if configured and any(hour in configured for hour in touched):
            hours[content_hash] = touched
        else:
            report = tweet_source.ingest_file(database.get(), Path(name), now)
            context.log.warning(_why_no_run(report))
    requests = runs_for(hours, configured)
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(_why_nothing(found, to_read, tweet_source.folder)),
        cursor=write_cursor(seen | {name: found[name] for name in to_read}),
    )


@dg.sensor(
    job=hourly_pipeline,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Takes up hours whose tweets were put off because the quota of the day was used up, as soon as it is free "
        "again, and hours with offline drafts as soon as there is a key: the freshest first, up to a day of hours at a "
        "time. Off until you switch it on."
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
    provider, _ = settings.access()
    with store.read() as connection:
        waiting = {
            models: deferred_hours(connection, configured, names, provider=provider)
            for models, names in _projects_by_models(settings).items()
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


def _projects_by_models(settings: Settings) -> dict[tuple[str, ...], list[str]]:
    """The names of the projects that use the same models."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, project in load_projects(settings.projects_dir).items():
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


def _why_no_run(report: IngestReport) -> str:
    if report.problem:
        return f"in quarantine, because it cannot be used: {report.problem}"
    return f"{report.name}: no tweet of the configured hours; {report.stored:,} of others, {report.rejected:,} rejected"


def _stamps(paths: Sequence[Path]) -> dict[str, Stamp]:
    stamps = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:  # taken away meanwhile
            continue
        stamps[str(path)] = Stamp(status.st_size, status.st_mtime_ns)
    return stamps


def _why_nothing(found: Mapping[str, Stamp], to_read: Sequence[str], folder: Path) -> str:
    if not found:
        return f"there is no file in {folder}"
    if not to_read:
        return f"none of the {len(found)} files in {folder} is new"
    return f"{len(to_read)} new files have no tweets of the configured hours"
