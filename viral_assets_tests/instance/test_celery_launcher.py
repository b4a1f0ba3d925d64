"""Runs on a real Celery worker. The broker is a folder, which Celery can do as well and which needs no server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import redis
import yaml
from dagster._core.launcher import LaunchRunContext

from viral_assets.defs.dagster_internals import DAGSTER_CELERY_TASK_ID_TAG, WorkerStatus
from viral_assets.instance.celery_launcher import SILENCE_SECONDS, CeleryLauncher
from viral_assets_tests.deploy import ROOT
from viral_assets_tests.deploy.services import free_port
from viral_assets_tests.instance.waiting_job import waiting
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import NotYetError, until


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

    def start_worker(self) -> subprocess.Popen[bytes]:
        command = ["celery", "--app", "viral_assets.instance.celery_worker", "worker", "--concurrency", "1"]
        with (self.folder / "worker.log").open("wb") as log:
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
        config = {"begun": str(self.folder / "begun"), "may_end": str(self.folder / "may end")}
        run = self.instance.create_run_for_job(
            job_def=waiting,
            job_code_origin=dg.reconstructable(waiting).get_python_origin(),
            run_config={"ops": {"wait": {"config": config}}},
            status=dg.DagsterRunStatus.STARTING,
        )
        self.launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
        until((self.folder / "begun").exists, "the run to begin", meanwhile=self._all_live)
        return run.run_id

    def let_it_end(self) -> None:
        (self.folder / "may end").touch()

    def run(self, run_id: str) -> dg.DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def end_of(self, run_id: str) -> dg.DagsterRunStatus:
        """How it ended."""
        return until(lambda: self.run(run_id).status if self.run(run_id).is_finished else None, "the run to end")

    def health(self, run_id: str) -> WorkerStatus:
        return self.launcher.check_run_worker_health(self.run(run_id)).status

    def _all_live(self) -> bool:
        return all(worker.poll() is None for worker in self.workers)


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


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path, launcher_config(tmp_path)) as made:
        yield made


@pytest.mark.e2e
def test_a_run_happens_on_a_worker(place: Place) -> None:
    place.start_worker()
    run_id = place.launch()
    until(lambda: place.health(run_id) is WorkerStatus.RUNNING, "the worker to say so")
    place.let_it_end()
    assert place.end_of(run_id) is dg.DagsterRunStatus.SUCCESS
    assert not place.launcher.terminate(run_id), "there is nothing to cancel any more"


@pytest.mark.e2e
def test_a_cancelled_run_ends_as_cancelled_and_its_worker_goes_on(place: Place) -> None:
    worker = place.start_worker()
    run_id = place.launch()
    assert place.launcher.terminate(run_id)
    assert place.end_of(run_id) is dg.DagsterRunStatus.CANCELED

    place.let_it_end()
    assert place.end_of(place.launch()) is dg.DagsterRunStatus.SUCCESS
    assert worker.poll() is None


@pytest.mark.e2e
def test_a_worker_that_is_gone_is_noticed(place: Place) -> None:
    worker = place.start_worker()
    run_id = place.launch()
    until(lambda: place.health(run_id) is WorkerStatus.RUNNING, "the worker to say so")
    # All its processes at once, as when the machine fails: nobody is left to say so.
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    found = place.launcher.check_run_worker_health(place.run(run_id))
    assert found.status is WorkerStatus.FAILED
    assert "No worker has been at this run" in str(found.msg)


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs Redis (Debian: redis-server)")
def test_a_run_outlives_a_redis_that_begins_anew(tmp_path: Path) -> None:
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]

    @contextmanager
    def running_redis() -> Iterator[None]:
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            until(lambda: _listens(port), "Redis", meanwhile=lambda: server.poll() is None)
            yield
        finally:
            server.kill()
            server.wait()

    def is_heard(place: Place, run_id: str) -> bool:
        try:
            return place.health(run_id) is WorkerStatus.RUNNING
        except redis.ConnectionError as error:
            # What the launcher has open goes to the Redis before.
            raise NotYetError(str(error)) from None

    broker = f"redis://127.0.0.1:{port}"
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        first.enter_context(running_redis())
        place = stack.enter_context(place_of(tmp_path, {"broker": f"{broker}/0", "backend": f"{broker}/1"}))
        place.start_worker()
        run_id = place.launch()
        until(lambda: is_heard(place, run_id), "the worker to say so")
        first.close()
        with pytest.raises(redis.ConnectionError):
            place.health(run_id)

        stack.enter_context(running_redis())
        until(lambda: is_heard(place, run_id), "the worker to come back")
        place.let_it_end()
        assert place.end_of(run_id) is dg.DagsterRunStatus.SUCCESS


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture
def unheard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[CeleryLauncher, VirtualClock]]:
    """A launcher without a worker anywhere."""
    # Nobody is going to answer.
    monkeypatch.setattr("viral_assets.instance.celery_launcher.ANSWER_SECONDS", 0.01)
    clock = VirtualClock()
    launcher = CeleryLauncher(clock=clock, default_queue="dagster", **launcher_config(tmp_path))
    yield launcher, clock
    launcher.celery.close()


def run_of(task: str | None, number: int = 1) -> dg.DagsterRun:
    tags = {} if task is None else {DAGSTER_CELERY_TASK_ID_TAG: task}
    return dg.DagsterRun("waiting", run_id=f"run {number}", tags=tags)


@pytest.mark.parametrize("task", ["a-task", None], ids=["sent", "not yet noted"])
def test_a_silence_has_to_last(unheard: tuple[CeleryLauncher, VirtualClock], task: str | None) -> None:
    launcher, clock = unheard
    first, later = run_of(task, 1), run_of(task, 2)
    assert launcher.check_run_worker_health(first).status is WorkerStatus.RUNNING
    clock.advance(SILENCE_SECONDS / 2)
    assert launcher.check_run_worker_health(later).status is WorkerStatus.RUNNING
    clock.advance(SILENCE_SECONDS / 2)
    assert launcher.check_run_worker_health(first).status is WorkerStatus.FAILED
    assert launcher.check_run_worker_health(later).status is WorkerStatus.RUNNING, "each for itself"


def test_a_run_whose_process_was_lost_is_failed_at_once(unheard: tuple[CeleryLauncher, VirtualClock]) -> None:
    launcher, _ = unheard
    # What Celery writes when the process of a task is killed and its worker lives.
    launcher.celery.backend.store_result("a-task", RuntimeError("killed"), "FAILURE")
    assert launcher.check_run_worker_health(run_of("a-task")).status is WorkerStatus.FAILED


def test_a_task_that_has_ended_does_not_keep_its_run_alive(unheard: tuple[CeleryLauncher, VirtualClock]) -> None:
    launcher, clock = unheard
    launcher.celery.backend.store_result("a-task", 1, "SUCCESS")
    assert launcher.check_run_worker_health(run_of("a-task")).status is WorkerStatus.RUNNING, "it may end just now"
    clock.advance(SILENCE_SECONDS)
    assert launcher.check_run_worker_health(run_of("a-task")).status is WorkerStatus.FAILED


@pytest.mark.slow
def test_a_worker_wants_an_instance_that_has_work_for_it(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    tried = subprocess.run(
        [sys.executable, "-c", "import viral_assets.instance.celery_worker"],
        env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert tried.returncode
    assert "take deploy/celery/dagster.yaml" in tried.stderr
