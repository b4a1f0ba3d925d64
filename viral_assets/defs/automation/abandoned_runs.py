"""Runs whose process ended without recording it."""

from __future__ import annotations

import os
import socket

import dagster as dg

from viral_assets.defs.automation.tags import PROCESS_TAG
from viral_assets.processes import is_running


def this_process() -> str:
    """What :data:`~viral_assets.defs.automation.tags.PROCESS_TAG` says of a run that executes here."""
    return f"{socket.gethostname()}:{os.getpid()}"


def end_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed that were launched here by a process that is gone (killed, out of memory, switched off).

    Nobody else does: run monitoring only knows how long a run may take. Until then the UI shows them as running.

    Returns:
        The ids of those runs.
    """
    abandoned = []
    unfinished = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for record in instance.get_run_records(dg.RunsFilter(statuses=unfinished)):
        run = record.dagster_run
        host, _, process = run.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname() and process.isdecimal() and not is_running(int(process)):
            instance.report_run_failed(run, "The process of this run is gone. What it had saved is kept; run it again.")
            abandoned.append(run.run_id)
    return abandoned
