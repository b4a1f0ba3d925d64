"""Runs on a real Celery worker; what has to be lost is killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest
import redis

from viral_assets.defs.dagster_internals import DAGSTER_CELERY_TASK_ID_TAG, WorkerStatus
from viral_assets.errors import ConfigurationError
from viral_assets.instance.celery_launcher import SILENCE_SECONDS, CeleryLauncher
from viral_assets_tests.deploy.services import free_port
from viral_assets_tests.instance.workers import Place, launcher_config, place_of
from viral_assets_tests.virtual_clock import VirtualClock
from viral_assets_tests.waiting import NotYetError, until


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With a worker that tests share: to start one takes longer than they do."""
    folder = tmp_path_factory.mktemp("place")
    with place_of(folder, launcher_config(folder)) as made:
        yield made


@pytest.mark.e2e
def test_a_cancelled_run_ends_as_cancelled_and_the_next_one_happens_on_the_same_worker(place: Place) -> None:
    worker = place.worker()
    run_id = place.launch()
    assert place.launcher.terminate(run_id)
    assert place.end_of(run_id) is dg.DagsterRunStatus.CANCELED

    run_id = place.launch()
    until(lambda: place.health(run_id) is WorkerStatus.RUNNING, "the worker to say so")
    place.let_it_end()
    assert place.end_of(run_id) is dg.DagsterRunStatus.SUCCESS
    assert not place.launcher.terminate(run_id), "there is nothing to cancel any more"
    assert worker.poll() is None


@pytest.mark.e2e
def test_a_worker_that_is_gone_is_noticed(place: Place) -> None:
    worker = place.worker()
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
        place.worker()
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


def test_a_worker_wants_an_instance_that_has_work_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"take deploy/celery/dagster\.yaml"):
        # What Celery does when it starts a worker.
        import_module("viral_assets.instance.celery_worker")
