"""Materializing hours from this process, as the command line does: the same job, runs, checks and metadata as from the
UI, without a daemon. What a range of hours means to the assets is their business; printing is the caller's.
"""

from __future__ import annotations

import gc
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import dagster as dg

from viral_assets.defs.assets.partitions import HOURS_PER_RUN, partition_tags
from viral_assets.defs.automation.abandoned_runs import end_abandoned_runs, this_process
from viral_assets.defs.automation.event_log import INDEX, explained, kept_open
from viral_assets.defs.automation.jobs import HOURLY_PIPELINE
from viral_assets.defs.automation.observer import LaunchObserver, Recorder
from viral_assets.defs.automation.run_errors import as_error, is_interrupt
from viral_assets.defs.automation.run_summary import RunSummary, summary_of
from viral_assets.defs.automation.tags import PROCESS_TAG, TRIGGER_TAG, project_tags
from viral_assets.defs.dagster_internals import (
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    create_execution_plan,
    execute_run_iterator,
)
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange, floor_hour, hour_key
from viral_assets.memory import give_back, in_one_heap
from viral_assets.settings import load_settings

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import SerializableErrorInfo

CODE_LOCATION = "viral_assets"
CODE_MODULE = "viral_assets.definitions"
"""Name and module of the code location, as in ``workspace.yaml`` and ``pyproject.toml``."""

# What Dagster would print belongs into its event log only.
_NO_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

# A run that ends because somebody pressed Ctrl-C is not to be repeated by a daemon.
_NO_RETRIES = {"dagster/max_retries": "0"}


def materialize_windows(
    instance: dg.DagsterInstance,
    window: HourRange,
    *,
    options: RunOptions | None = None,
    observer: LaunchObserver | None = None,
    trigger: str = "cli",
    resource_overrides: Mapping[str, Any] | None = None,
) -> list[RunSummary]:
    """Materialize every asset for all hours of ``window``, one run after the other, each of at most a day.

    Hours before ``VIRAL_ASSETS_START`` can be materialized too; the UI shows them once the variable reaches back to
    them. Nothing is printed. On Ctrl-C the run saves what is under way and ends as canceled.

    Args:
        instance: where the runs are recorded, see :func:`viral_assets.instance.open_instance`.
        window: hours that have begun.
        options: for all these runs.
        observer: hears of progress while it happens.
        trigger: what the runs are tagged with, for whoever looks at them later.
        resource_overrides: as for :func:`viral_assets.defs.build.build_defs`.

    Returns:
        One summary for each run, in the order of the hours.

    Raises:
        ViralAssetsError: a run failed; the message is that of the error in the asset. Earlier runs, and what the
            failed one had saved, stay. Later hours are not tried.
        KeyboardInterrupt: a run was interrupted.
    """
    recorder = Recorder(observer or LaunchObserver())
    job = _job_for(window, {**(resource_overrides or {}), "run_observer": recorder})
    in_one_heap()
    summaries: list[RunSummary] = []
    with explained(instance), kept_open(instance, INDEX):
        end_abandoned_runs(instance)
        for part in window.chunks(HOURS_PER_RUN):
            if summaries:
                # A run leaves tens of thousands of objects in circles, which Python looks for only after millions.
                gc.collect()
            summaries.append(_materialize(instance, job, part, options or RunOptions(), recorder, trigger))
    return summaries


def _job_for(window: HourRange, resource_overrides: Mapping[str, Any]) -> dg.JobDefinition:
    """The job, with partitions that reach back to the hours asked for."""
    settings, now = load_settings(), datetime.now(UTC)
    if settings.end and window.end > settings.end:
        raise ConfigurationError(
            f"the hour {hour_key(window.end - HOUR)} lies after VIRAL_ASSETS_END ({hour_key(settings.end)})"
        )
    if window.end > floor_hour(now) + HOUR:
        raise ConfigurationError(f"the hour {hour_key(window.end - HOUR)} has not begun")
    # By name: what puts everything together knows the jobs of this package, not the other way round.
    definitions = import_module("viral_assets.defs.build").build_defs(
        resource_overrides,
        begins=min(settings.first_hour(now), window.start),
    )
    job: dg.JobDefinition = definitions.resolve_job_def(HOURLY_PIPELINE)
    return job


def _materialize(
    instance: dg.DagsterInstance,
    job_def: dg.JobDefinition,
    window: HourRange,
    options: RunOptions,
    recorder: Recorder,
    trigger: str,
) -> RunSummary:
    began = time.monotonic()
    run_config = {**options.as_run_config(), **_NO_CONSOLE}
    job = InMemoryJob(job_def)
    run_id = str(uuid.uuid4())
    recorder.start()
    recorder.observer.on_run_started(run_id, window)
    with kept_open(instance, run_id):
        run = instance.create_run_for_job(
            job_def,
            execution_plan=create_execution_plan(job, run_config=run_config),
            run_id=run_id,
            run_config=run_config,
            tags={
                **job_def.run_tags,
                **partition_tags(window),
                **project_tags(options.projects),
                **_NO_RETRIES,
                TRIGGER_TAG: trigger,
                PROCESS_TAG: this_process(),
            },
            remote_job_origin=_origin(job_def.name),
        )
        failures, not_passed = _execute(instance, job, run, recorder)
    ended = instance.get_run_by_id(run_id)
    if ended is None or not ended.is_success:
        raise as_error(run_id, failures)
    summary = summary_of(run_id, window, recorder.report, recorder.estimate, not_passed, time.monotonic() - began)
    recorder.observer.on_run_finished(summary)
    return summary


def _execute(
    instance: dg.DagsterInstance, job: InMemoryJob, run: dg.DagsterRun, recorder: Recorder
) -> tuple[list[SerializableErrorInfo], list[dg.AssetCheckEvaluation]]:
    """Execute a run and wait for it. Returns its errors, and the checks that did not pass."""
    failures: list[SerializableErrorInfo] = []
    not_passed: list[dg.AssetCheckEvaluation] = []
    for event in execute_run_iterator(job, run, instance):
        if event.event_type == dg.DagsterEventType.STEP_START:
            give_back()
            recorder.observer.on_step_started(event.step_key or "")
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            if not event.asset_check_evaluation_data.passed:
                not_passed.append(event.asset_check_evaluation_data)
        elif event.is_failure and (error := getattr(event.event_specific_data, "error", None)):
            failures.append(error)
            if event.is_step_failure and is_interrupt(error):
                # Without this the run would count as failed.
                instance.report_run_canceling(run)
    return failures, not_passed


def _origin(job_name: str) -> RemoteJobOrigin:
    """Where the UI finds the job of the run."""
    location = RegisteredCodeLocationOrigin(CODE_LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job_name)
