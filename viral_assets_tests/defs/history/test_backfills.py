"""``VIRAL_ASSETS_START`` moves later while a backfill is under way: none of its hours is lost. Everything is real but
the daemon's loop: what it does in one turn is done here.
"""

from __future__ import annotations

import importlib
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.backfill import execute_backfill_iteration

from viral_assets import definitions
from viral_assets.definitions import first_hour_under_way
from viral_assets.hours import HOUR, hour_key
from viral_assets.instance import open_instance
from viral_assets.settings import working_root
from viral_assets_tests.home import FIRST, make_home

HOURS = [FIRST + number * HOUR for number in range(30)]
LATER = FIRST + 10 * HOUR
ASSETS = [dg.AssetKey("tweets"), dg.AssetKey("tweet_embeddings")]


@pytest.fixture(params=["sqlite", "postgresql"])
def dagster_home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with make_home(tmp_path):
        folder = tmp_path / "dagster"
        folder.mkdir()
        yaml = Path("dagster.yaml")
        if request.param == "postgresql":
            yaml = Path("deploy", "postgres", "dagster.yaml")
            monkeypatch.setenv("DAGSTER_POSTGRES_URL", request.getfixturevalue("postgres_url"))
        shutil.copy(working_root() / yaml, folder / "dagster.yaml")
        monkeypatch.setenv("DAGSTER_HOME", str(folder))
        monkeypatch.setenv("VIRAL_ASSETS_START", hour_key(FIRST))
        yield folder


@contextmanager
def code_server(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    """Our definitions, loaded by a process of their own in the environment as it is."""
    target = ModuleTarget("viral_assets.definitions", attribute="defs", working_directory=None, location_name="ours")
    with create_test_daemon_workspace_context(target, instance) as workspace:
        yield workspace


def launch(instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, hours: list[datetime]) -> str:
    """What the button of the UI does."""
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="backfill",
        asset_graph=workspace.create_request_context().asset_graph,
        partition_names=[hour_key(hour) for hour in hours],
        asset_selection=ASSETS,
        backfill_timestamp=time.time(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def turn(workspace: WorkspaceProcessContext) -> None:
    """One of the daemon's."""
    errors = [each for each in execute_backfill_iteration(workspace, logging.getLogger("daemon")) if each]
    assert errors == [], errors


def statuses(instance: dg.DagsterInstance) -> set[dg.DagsterRunStatus]:
    return {run.status for run in instance.get_runs()}


def first_partition() -> str:
    """Of what a process of Dagster's loads now."""
    loaded: dg.Definitions = importlib.reload(definitions).defs
    hours = loaded.resolve_asset_graph().get(dg.AssetKey("tweets")).partitions_def
    assert hours is not None
    found = hours.get_first_partition_key()
    assert found is not None
    return found


@pytest.mark.slow
def test_a_start_that_moves_later_waits_for_a_backfill(dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_instance(dagster_home, to_execute=False) as instance:
        with code_server(instance) as workspace:
            backfill = launch(instance, workspace, HOURS)
            turn(workspace)
            assert first_hour_under_way(dagster_home) == FIRST
        asked_for = instance.get_runs_count()
        assert asked_for > 0
        assert statuses(instance) == {dg.DagsterRunStatus.QUEUED}

        monkeypatch.setenv("VIRAL_ASSETS_START", hour_key(LATER))
        with code_server(instance) as workspace:
            for _ in range(2):
                turn(workspace)
            found = instance.get_backfill(backfill)
            assert found is not None
            assert (found.status, found.error) == (BulkActionStatus.REQUESTED, None)
            assert statuses(instance) == {dg.DagsterRunStatus.QUEUED}
            assert instance.get_runs_count() >= asked_for
        assert first_partition() == hour_key(FIRST), "the processes of runs have to know their hours, too"

        instance.update_backfill(found.with_status(BulkActionStatus.CANCELED))
        assert first_hour_under_way(dagster_home) is None
        assert first_partition() == hour_key(LATER)


def test_a_start_before_all_backfills_is_what_it_is(dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_hour_under_way(dagster_home) is None
    before = FIRST - timedelta(days=3)
    monkeypatch.setenv("VIRAL_ASSETS_START", hour_key(before))
    assert first_partition() == hour_key(before)


def test_where_dagster_cannot_be_asked_the_start_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert first_hour_under_way(tmp_path) is None
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: {env: NOT_SET_ANYWHERE}}}\n")
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    assert first_hour_under_way(tmp_path) is None
    assert "NOT_SET_ANYWHERE" in caplog.text
