"""Runs on Celery workers, which may be on other machines: Dagster's launcher, but that a worker which is gone is
noticed, and that a run which is cancelled ends as cancelled.

Named under ``run_launcher`` in a ``dagster.yaml``; ``deploy/celery/dagster.yaml`` is one. The other side is in
``celery_worker``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from celery import states
from celery.result import AsyncResult
from kombu.exceptions import InconsistencyError, OperationalError

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.defs.dagster_internals import (
    DAGSTER_CELERY_TASK_ID_TAG,
    CeleryRunLauncher,
    CheckRunHealthResult,
    WorkerStatus,
    instance_of,
)

SILENCE_SECONDS = 60.0
"""A worker that has lost the broker goes on with its run, and is back within seconds of the broker's return."""

ANSWER_SECONDS = 2.0
"""How long workers have to say what they are at, which they do beside the run."""


class CeleryLauncher(CeleryRunLauncher):
    """Dagster's launcher asks Celery's result backend how a run is. That says ``STARTED`` for ever once the whole
    worker is gone (killed, without power, cut off), so here the workers themselves are asked.

    Args:
        worker_silence_seconds: a run is failed when no worker has said for so long that it is at it.
        clock: what that is measured by.
        config: as in ``dagster_celery``.
    """

    def __init__(
        self, *, worker_silence_seconds: float = SILENCE_SECONDS, clock: Clock = SYSTEM_CLOCK, **config: Any
    ) -> None:
        super().__init__(**config)
        self._silence_seconds, self._clock = worker_silence_seconds, clock
        self._silent_since: dict[str, float] = {}

    @classmethod
    def config_type(cls) -> Any:
        """The keys of ``dagster_celery``'s launcher, and one more."""
        silence = dg.Field(
            float,
            is_required=False,
            default_value=SILENCE_SECONDS,
            description="A run is failed when no worker has said for so many seconds that it is at it.",
        )
        theirs: Any = super().config_type()
        return {**theirs, "worker_silence_seconds": silence}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> CeleryLauncher:
        """What Dagster makes of a ``dagster.yaml``."""
        return cls(inst_data=inst_data, **config_value)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether somebody is at a run that has started and not ended.

        Raises:
            Exception: the broker's or the backend's: they do not answer, so that nothing is known of the run.
        """
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        result = self.celery.AsyncResult(task) if task else None
        state = result.state if result else states.PENDING
        if state in states.EXCEPTION_STATES:
            self._silent_since.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.FAILED, "The process of this run is gone.")
        if result and state not in states.READY_STATES and self._somebody_is_at(result):
            self._silent_since.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return self._silent(run.run_id)

    def terminate(self, run_id: str) -> bool:
        """Have a run cancelled; what it has under way is saved before it ends.

        Dagster's launcher does not say that somebody wants that: the run ends as failed, and is tried once more.

        Returns:
            Whether there was something to cancel.
        """
        instance = instance_of(self)
        run = instance.get_run_by_id(run_id)
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG) if run is not None and not run.is_finished else None
        if run is None or task is None:
            return False
        instance.report_run_canceling(run)
        self.celery.control.revoke(task, terminate=True)
        return True

    def _somebody_is_at(self, result: AsyncResult) -> bool:
        # The worker that took it has left its name, unless the backend has lost that: then all are asked.
        found = result.info
        named = {"destination": [found["hostname"]], "limit": 1} if isinstance(found, dict) and found else {}
        try:
            answers = self.celery.control.inspect(timeout=ANSWER_SECONDS, **named).query_task(result.id)
        except OperationalError as error:
            if not isinstance(error.__cause__, InconsistencyError):
                raise
            # The broker has begun anew, and no worker has come back to it yet.
            answers = None
        return any(result.id in of_worker for of_worker in (answers or {}).values())

    def _silent(self, run_id: str) -> CheckRunHealthResult:
        now = self._clock.monotonic()
        seconds = now - self._silent_since.setdefault(run_id, now)
        if seconds < self._silence_seconds:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._silent_since[run_id]
        return CheckRunHealthResult(WorkerStatus.FAILED, f"No worker has been at this run for {seconds:.0f} seconds.")
