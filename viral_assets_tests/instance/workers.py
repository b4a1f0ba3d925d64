"""An instance whose runs happen on Celery workers, and those workers. The broker is a folder, which Celery can do as
well and which needs no server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import dagster as dg
import yaml

from viral_assets.defs.dagster_internals import WorkerStatus
from viral_assets.instance.celery_launcher import CeleryLauncher
from viral_assets_tests.deploy import ROOT
from viral_assets_tests.instance.waiting_job import waiting
from viral_assets_tests.waiting import until


def launcher_config(folder: Path) -> dict[str, Any]:
    queue, control = str(folder / "queue"), str(folder / "control")
    for name in (queue, control, str(folder / "results")):
        Path(name).mkdir(exist_ok=True)
    folders = {"data_folder_in": queue, "data_folder_out": queue, "control_folder": control}
    return {
        "broker": "filesystem://",
        "backend": (folder / "results").as_uri(),
        "config_source": {"broker_transport_options": folders, "worker_max_tasks_per_child": 1},
    }


@dataclass
class Place:
    """An instance whose runs happen on workers, and those workers."""

    folder: Path
    instance: dg.DagsterInstance
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def launcher(self) -> CeleryLauncher:
        launcher = self.instance.run_launcher
        assert isinstance(launcher, CeleryLauncher)
        return launcher

    def worker(self) -> subprocess.Popen[bytes]:
        """The worker that lives, or a new one."""
        return next((each for each in self.workers if each.poll() is None), None) or self._start_worker()

    def _start_worker(self) -> subprocess.Popen[bytes]:
        command = ["celery", "--app", "viral_assets.instance.celery_worker", "worker", "--concurrency", "1"]
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", *command, "--loglevel", "INFO"],
                env={**os.environ, "DAGSTER_HOME": str(self.folder), "PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(worker)
        return worker

    def launch(self) -> str:
        """A run that has begun, and waits."""
        begun, may_end = self.folder / "begun", self._may_end
        for left_by_another in (begun, may_end):
            left_by_another.unlink(missing_ok=True)
        config = {"begun": str(begun), "may_end": str(may_end)}
        run = self.instance.create_run_for_job(
            job_def=waiting,
            job_code_origin=dg.reconstructable(waiting).get_python_origin(),
            run_config={"ops": {"wait": {"config": config}}},
        )
        self.instance.launch_run(run.run_id, cast("Any", None))
        until(begun.exists, "the run to begin", meanwhile=self._one_lives)
        return run.run_id

    def let_it_end(self) -> None:
        self._may_end.touch()

    def run(self, run_id: str) -> dg.DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def end_of(self, run_id: str) -> dg.DagsterRunStatus:
        """How it ended."""
        return until(lambda: self.run(run_id).status if self.run(run_id).is_finished else None, "the run to end")

    def health(self, run_id: str) -> WorkerStatus:
        return self.launcher.check_run_worker_health(self.run(run_id)).status

    @property
    def _may_end(self) -> Path:
        return self.folder / "may end"

    def _one_lives(self) -> bool:
        return any(worker.poll() is None for worker in self.workers)


@contextmanager
def place_of(folder: Path, config: dict[str, Any]) -> Iterator[Place]:
    launcher = {"module": CeleryLauncher.__module__, "class": CeleryLauncher.__name__}
    # A worker that does not answer is taken for gone at once.
    config = {**config, "worker_silence_seconds": 0}
    settings = {"telemetry": {"enabled": False}, "run_launcher": {**launcher, "config": config}}
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        made = Place(folder, instance)
        try:
            yield made
        finally:
            for worker in made.workers:
                if worker.poll() is None:
                    os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
