"""Materializing hours from this process, as the command line does: the same job, runs, checks and metadata as from the
UI, without a daemon. What a range of hours means to the assets is their business; printing is the caller's.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg

# Dagster has no public way to execute, in this process, a run that belongs to a code location of the UI; without the
# location the UI could not re-execute it. These names are those of 1.13, which is what setup.cfg allows.
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.utils import make_new_run_id
from dagster_shared.error import SerializableErrorInfo

from viral_assets import errors
from viral_assets.defs.assets.partitions import HOURS_PER_RUN, partition_tags
from viral_assets.defs.automation.event_log import INDEX, kept_open
from viral_assets.defs.automation.jobs import HOURLY_PIPELINE
from viral_assets.defs.automation.tags import PROCESS_TAG, TRIGGER_TAG, project_tags
from viral_assets.defs.resources.run_observer import RunObserver
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.errors import ConfigurationError, ViralAssetsError
from viral_assets.generation.run.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport, Progress
from viral_assets.hours import HOUR, HourRange, floor_hour, hour_key
from viral_assets.instance import make_ready, read_instance
from viral_assets.processes import is_running
from viral_assets.settings import load_settings

CODE_LOCATION = "viral_assets"
CODE_MODULE = "viral_assets.definitions"
"""Name and module of the code location, as in ``workspace.yaml`` and ``pyproject.toml``."""

# Steps share the terminal with the caller's progress bar; capturing what they print would take it away.
_NO_CAPTURE = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}

# What Dagster would print belongs into its event log only.
_NO_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

# A run that ends because somebody pressed Ctrl-C is not to be repeated by a daemon.
_NO_RETRIES = {"dagster/max_retries": "0"}

_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How one run ended, or several one after the other (:func:`combined`).

    Counts are those of :class:`~viral_assets.generation.run.report.GenerationReport`. ``cost_usd`` is None when a model
    without a known price was used. ``seconds`` is the whole run. ``failed_checks`` has an entry for each failed check
    and hour; what checks only warn of is among the ``notes``. ``estimate`` is there after a dry run, which writes no
    suggestions, and only then.
    """

    run_ids: tuple[str, ...]
    window: HourRange
    opportunities: int = 0
    already_done: int = 0
    generated: int = 0
    saved: int = 0
    failed: int = 0
    deferred: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    seconds: float = 0.0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    provider: str = ""
    model: str = ""
    notes: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    estimate: Estimate | None = None

    @property
    def windows(self) -> int:
        """How many hours."""
        return len(self.window)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


_SUMMED = (
    "opportunities",
    "already_done",
    "generated",
    "saved",
    "failed",
    "deferred",
    "requests",
    "input_tokens",
    "output_tokens",
    "seconds",
)


class LaunchObserver(RunObserver):
    """Hears what a launched run does; this one does not care. ``on_progress``, which a generation calls for each tweet,
    comes from another thread than the rest.
    """

    def on_run_started(self, run_id: str, window: HourRange) -> None:
        """A run begins."""

    def on_step_started(self, step: str) -> None:
        """An asset, or the checks of one, begins; ``step`` is its name."""

    def on_run_finished(self, summary: RunSummary) -> None:
        """A run has ended well."""


@contextmanager
def open_instance(dagster_home: Path) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of a folder, for :func:`materialize_windows`.

    Raises:
        ViralAssetsError: its ``dagster.yaml`` or its tables cannot be used; the message says what to do.
    """
    make_ready(dagster_home)
    instance = dg.DagsterInstance.from_ref(read_instance(dagster_home, _NO_CAPTURE))
    with instance:
        yield instance


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
        instance: where the runs are recorded, see :func:`open_instance`.
        window: hours that have begun.
        options: for all these runs.
        observer: hears of progress while it happens.
        trigger: what the runs are tagged with, for whoever looks at them later.
        resource_overrides: as for :func:`viral_assets.definitions.build_defs`.

    Returns:
        One summary for each run, in the order of the hours.

    Raises:
        ViralAssetsError: a run failed; the message is that of the error in the asset. Earlier runs, and what the
            failed one had saved, stay. Later hours are not tried.
        KeyboardInterrupt: a run was interrupted.
    """
    recorder = _Recorder(observer or LaunchObserver())
    job = _job_for(window, {**(resource_overrides or {}), "run_observer": recorder})
    end_abandoned_runs(instance)
    with kept_open(instance, INDEX):
        return [
            _materialize(instance, job, part, options or RunOptions(), recorder, trigger)
            for part in window.chunks(HOURS_PER_RUN)
        ]


def combined(summaries: Sequence[RunSummary]) -> RunSummary:
    """Consecutive runs as if they had been one. At least one is needed."""
    costs = [summary.cost_usd for summary in summaries]
    outcomes: Counter[str] = Counter()
    for summary in summaries:
        outcomes.update(summary.outcomes)
    sums: dict[str, Any] = {name: sum(getattr(summary, name) for summary in summaries) for name in _SUMMED}
    return RunSummary(
        run_ids=tuple(run_id for summary in summaries for run_id in summary.run_ids),
        window=HourRange(summaries[0].window.start, summaries[-1].window.end),
        **sums,
        cost_usd=_total_cost(costs),
        outcomes=dict(outcomes),
        provider=_distinct(summary.provider for summary in summaries),
        model=_distinct(summary.model for summary in summaries),
        notes=tuple(dict.fromkeys(note for summary in summaries for note in summary.notes)),
        failed_checks=tuple(check for summary in summaries for check in summary.failed_checks),
        estimate=_combined_estimate([summary.estimate for summary in summaries if summary.estimate is not None]),
    )


def end_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed that were launched here by a process that is gone (killed, out of memory, switched off).

    Nobody else does: run monitoring only knows how long a run may take. Until then the UI shows them as running.

    Returns:
        The ids of those runs.
    """
    abandoned = []
    unfinished = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        host, _, process = run.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname() and process.isdecimal() and not is_running(int(process)):
            instance.report_run_failed(run, "The process of this run is gone. What it had saved is kept; run it again.")
            abandoned.append(run.run_id)
    return abandoned


def _give_memory_back() -> None:
    """Let the system have what the steps before have freed.

    glibc keeps it, in pieces that the next step finds too small: a week in one process would end with half as much
    memory again as a day. Other systems' libraries have no such function.
    """
    trim = getattr(ctypes.CDLL(None) if sys.platform == "linux" else None, "malloc_trim", None)
    if trim is not None:
        trim(0)


class _Recorder(RunObserver):
    """Keeps what the assets of a run report, and passes it on."""

    def __init__(self, observer: LaunchObserver) -> None:
        self.observer = observer
        self.report: GenerationReport | None = None
        self.estimate: Estimate | None = None

    def start(self) -> None:
        """Forget the run before."""
        self.report = self.estimate = None

    def on_progress(self, progress: Progress) -> None:
        self.observer.on_progress(progress)

    def on_generated(self, report: GenerationReport) -> None:
        self.report = report
        self.observer.on_generated(report)

    def on_estimated(self, estimate: Estimate) -> None:
        self.estimate = estimate
        self.observer.on_estimated(estimate)


def _job_for(window: HourRange, resource_overrides: Mapping[str, Any]) -> dg.JobDefinition:
    """The job, with partitions that reach back to the hours asked for."""
    settings, now = load_settings(), datetime.now(UTC)
    if settings.end and window.end > settings.end:
        raise ConfigurationError(
            f"the hour {hour_key(window.end - HOUR)} lies after VIRAL_ASSETS_END ({hour_key(settings.end)})"
        )
    if window.end > floor_hour(now) + HOUR:
        raise ConfigurationError(f"the hour {hour_key(window.end - HOUR)} has not begun")
    # By name, as Dagster itself loads it: definitions know the jobs of this room, not the other way round.
    definitions = import_module(CODE_MODULE).build_defs(
        resource_overrides,
        first_hour=min(settings.first_hour(now), window.start),
    )
    job: dg.JobDefinition = definitions.resolve_job_def(HOURLY_PIPELINE)
    return job


def _materialize(
    instance: dg.DagsterInstance,
    job_def: dg.JobDefinition,
    window: HourRange,
    options: RunOptions,
    recorder: _Recorder,
    trigger: str,
) -> RunSummary:
    began = time.monotonic()
    run_config = {**options.as_run_config(), **_NO_CONSOLE}
    job = InMemoryJob(job_def)
    run_id = make_new_run_id()
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
                PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}",
            },
            remote_job_origin=_origin(job_def.name),
        )
        failures, not_passed = _execute(instance, job, run, recorder)
    ended = instance.get_run_by_id(run_id)
    if ended is None or not ended.is_success:
        raise _as_error(run_id, failures)
    summary = _summary(run_id, window, recorder, not_passed, time.monotonic() - began)
    recorder.observer.on_run_finished(summary)
    return summary


def _execute(
    instance: dg.DagsterInstance, job: InMemoryJob, run: dg.DagsterRun, recorder: _Recorder
) -> tuple[list[SerializableErrorInfo], list[dg.AssetCheckEvaluation]]:
    """Execute a run and wait for it. Returns its errors, and the checks that did not pass."""
    failures: list[SerializableErrorInfo] = []
    not_passed: list[dg.AssetCheckEvaluation] = []
    for event in execute_run_iterator(job, run, instance):
        if event.event_type == dg.DagsterEventType.STEP_START:
            _give_memory_back()
            recorder.observer.on_step_started(event.step_key or "")
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            if not event.asset_check_evaluation_data.passed:
                not_passed.append(event.asset_check_evaluation_data)
        elif event.is_failure and (error := getattr(event.event_specific_data, "error", None)):
            failures.append(error)
            if event.is_step_failure and _causes(error)[0].cls_name in _INTERRUPTS:
                # Without this the run would count as failed.
                instance.report_run_canceling(run)
    return failures, not_passed


def _origin(job_name: str) -> RemoteJobOrigin:
    """Where the UI finds the job of the run."""
    location = RegisteredCodeLocationOrigin(CODE_LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job_name)


def _failed_checks(not_passed: Iterable[dg.AssetCheckEvaluation], window: HourRange) -> list[str]:
    """Name and hour of each failed check, without what sums up several hours."""
    return [
        f"{each.check_name} of {each.partition or hour_key(window.start)}: {each.description or 'failed'}"
        for each in not_passed
        if each.severity == dg.AssetCheckSeverity.ERROR and (each.partition is not None or len(window) == 1)
    ]


def _warnings(not_passed: Iterable[dg.AssetCheckEvaluation], window: HourRange) -> list[str]:
    """What checks warn of, once for the whole run: not every hour need be told of on its own."""
    return [
        f"{each.check_name} warns: {each.description or 'see the check'}"
        for each in not_passed
        if each.severity == dg.AssetCheckSeverity.WARN and (each.partition is None or len(window) == 1)
    ]


def _summary(
    run_id: str,
    window: HourRange,
    recorder: _Recorder,
    not_passed: Sequence[dg.AssetCheckEvaluation],
    seconds: float,
) -> RunSummary:
    report, estimate = recorder.report or GenerationReport(), recorder.estimate
    return RunSummary(
        run_ids=(run_id,),
        window=window,
        opportunities=estimate.opportunities if estimate else report.opportunities,
        already_done=estimate.already_done if estimate else report.already_done,
        generated=report.generated,
        saved=report.saved,
        failed=report.failed,
        deferred=report.deferred,
        requests=report.requests,
        input_tokens=report.input_tokens,
        output_tokens=report.output_tokens,
        cost_usd=report.cost_usd,
        seconds=seconds,
        outcomes=dict(report.outcomes),
        provider=report.provider,
        model=report.model,
        notes=(*report.notes, *_warnings(not_passed, window)),
        failed_checks=tuple(_failed_checks(not_passed, window)),
        estimate=estimate,
    )


def _as_error(run_id: str, failures: Sequence[SerializableErrorInfo]) -> BaseException:
    """What to raise for a run that did not succeed: the error of this project that caused it, where there is one."""
    causes = [cause for failure in failures for cause in _causes(failure)]
    if any(cause.cls_name in _INTERRUPTS for cause in causes):
        return KeyboardInterrupt()
    for cause in causes:
        kind = getattr(errors, cause.cls_name or "", None)
        if isinstance(kind, type) and issubclass(kind, ViralAssetsError):
            return ViralAssetsError(_message(cause))
    reason = _message(causes[-1]) if causes else "it was canceled"
    return ViralAssetsError(f"run {run_id} did not succeed: {reason}; its log is in the Dagster UI")


def _causes(error: SerializableErrorInfo) -> list[SerializableErrorInfo]:
    """The error and what it was caused by, the root last."""
    chain = [error]
    while (cause := chain[-1].cause) is not None:
        chain.append(cause)
    return chain


def _message(error: SerializableErrorInfo) -> str:
    """The text of the exception in one line, without the name of its class."""
    text = " ".join(error.message.split())
    name, separator, rest = text.partition(": ")
    return rest if separator and name.endswith(error.cls_name or "") else text


def _total_cost(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _distinct(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))


def _combined_estimate(estimates: Sequence[Estimate]) -> Estimate | None:
    if not estimates:
        return None
    return Estimate(
        opportunities=sum(estimate.opportunities for estimate in estimates),
        already_done=sum(estimate.already_done for estimate in estimates),
        packs=tuple(pack for estimate in estimates for pack in estimate.packs),
        input_tokens=sum(estimate.input_tokens for estimate in estimates),
        output_tokens=sum(estimate.output_tokens for estimate in estimates),
        cost_usd=_total_cost([estimate.cost_usd for estimate in estimates]),
        seconds=sum(estimate.seconds for estimate in estimates),
    )
