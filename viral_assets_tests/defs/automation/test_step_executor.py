"""How steps are executed, whoever launches a run."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.automation.event_log import INDEX
from viral_assets.defs.automation.step_executor import run_in_one_process
from viral_assets.defs.build import build_defs
from viral_assets.defs.dagster_internals import (
    InMemoryJob,
    SqliteEventLogStorage,
    create_execution_plan,
    execute_run_iterator,
)

held: dict[str, set[str]] = {}
"""Files of the event log that were held open in the second step, by run."""


@dg.op
def first() -> int:
    return 1


@dg.op(config_schema={"broken": dg.Field(bool, default_value=False)})
def second(context: dg.OpExecutionContext, one: int) -> None:
    held[context.run_id] = held_open(context.instance, context.run_id)
    if context.op_config["broken"]:
        raise ZeroDivisionError("the second step is broken")


@dg.job(executor_def=run_in_one_process)
def both() -> None:
    second(first())


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    # What Dagster would tell its makers it keeps in the home of whoever runs the tests, and fails without one.
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as made:
        yield made


def held_open(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    storage = instance.event_log_storage
    assert isinstance(storage, SqliteEventLogStorage)
    return {file for file in (INDEX, run_id) if Path(f"{storage.path_for_shard(file)}-wal").exists()}


def run(instance: dg.DagsterInstance, *, broken: bool = False) -> dg.DagsterRun:
    """A run as a run worker executes it."""
    job, config = InMemoryJob(both), {"ops": {"second": {"config": {"broken": broken}}}}
    made = instance.create_run_for_job(
        both, execution_plan=create_execution_plan(job, run_config=config), run_config=config
    )
    list(execute_run_iterator(job, made, instance))
    ended = instance.get_run_by_id(made.run_id)
    assert ended is not None
    return ended


def test_the_event_log_is_held_open_while_steps_run_and_no_longer(instance: dg.DagsterInstance) -> None:
    ended = run(instance)
    assert ended.is_success
    assert held[ended.run_id] == {INDEX, ended.run_id}
    assert held_open(instance, ended.run_id) == set()


def test_so_it_is_when_a_step_fails(instance: dg.DagsterInstance) -> None:
    ended = run(instance, broken=True)
    assert ended.status == dg.DagsterRunStatus.FAILURE
    assert held[ended.run_id] == {INDEX, ended.run_id}
    assert held_open(instance, ended.run_id) == set()
    assert [
        event.step_key
        for event in instance.all_logs(ended.run_id)
        if event.dagster_event and event.dagster_event.is_step_failure
    ] == ["second"]


def test_every_job_is_executed_this_way() -> None:
    definitions = build_defs()
    for name in ("hourly_pipeline", "hourly_checks", "metric_refresh", "__ASSET_JOB"):
        assert definitions.resolve_job_def(name).executor_def is run_in_one_process, name
