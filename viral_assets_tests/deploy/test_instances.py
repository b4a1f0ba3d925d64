"""The two instance files, opened by Dagster itself; the one for PostgreSQL with a real server and a real run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.instance.config import PoolGranularity
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.scheduler.instigation import TickStatus
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage

from viral_assets.defs.automation.launch import materialize_windows
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange
from viral_assets.instance.celery_launcher import CeleryLauncher
from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets_tests.deploy import DEPLOY, POSTGRES, ROOT
from viral_assets_tests.home import FIRST, make_home, tweets_of
from viral_assets_tests.postgres import PostgresServer

EMBEDDED = ROOT / "dagster.yaml"
SHARED = POSTGRES / "dagster.yaml"
ON_WORKERS = DEPLOY / "celery" / "dagster.yaml"


@contextmanager
def opened(file: Path, folder: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a folder with this file in it, as ``DAGSTER_HOME`` would be."""
    folder.mkdir(exist_ok=True)
    shutil.copyfile(file, folder / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert instance.is_persistent
        yield instance


@pytest.fixture(scope="module", params=[EMBEDDED, SHARED], ids=["embedded", "postgres"])
def instance(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[dg.DagsterInstance]:
    """For tests that only look at it."""
    url = postgres_server.create()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGSTER_POSTGRES_URL", url)
        with opened(request.param, tmp_path_factory.mktemp("dagster")) as found:
            yield found
    postgres_server.drop(url)


def test_generation_has_a_pool_whose_slots_belong_to_runs(instance: dg.DagsterInstance) -> None:
    concurrency = instance.get_concurrency_config()
    assert concurrency.pool_config.default_pool_limit == 2
    assert concurrency.pool_config.pool_granularity is PoolGranularity.RUN
    assert concurrency.run_queue_config is not None
    assert concurrency.run_queue_config.max_concurrent_runs == 4
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    assert instance.run_coordinator.dequeue_interval_seconds == 1


def test_lost_runs_are_ended_and_tried_once_more(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_start_timeout_seconds == 180
    assert instance.run_monitoring_max_runtime_seconds == 7200
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 1
    assert not instance.run_retries_retry_on_asset_or_op_failure


def test_nothing_is_sent_home(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_ticks_do_not_pile_up(instance: dg.DagsterInstance) -> None:
    days = instance.get_tick_retention_settings(InstigatorType.SENSOR)
    assert (days[TickStatus.SKIPPED], days[TickStatus.FAILURE], days[TickStatus.SUCCESS]) == (2, 30, 90)
    assert set(instance.get_tick_retention_settings(InstigatorType.SCHEDULE).values()) == {90}


def test_the_two_differ_in_the_storage_only() -> None:
    embedded, shared = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (EMBEDDED, SHARED))
    assert set(shared.pop("storage")) == {"postgres"}
    assert shared == embedded


def test_the_one_for_workers_differs_in_what_workers_need() -> None:
    workers, shared = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ON_WORKERS, SHARED))
    assert workers.pop("run_launcher")["class"] == CeleryLauncher.__name__
    # As many runs as there are workers, who are asked how they are; a run may wait for one.
    runs, monitoring = workers["concurrency"]["runs"], workers["run_monitoring"]
    assert runs.pop("max_concurrent_runs") == 2
    assert monitoring.pop("poll_interval_seconds") < monitoring.pop("start_timeout_seconds")
    del shared["concurrency"]["runs"]["max_concurrent_runs"], shared["run_monitoring"]["start_timeout_seconds"]
    assert workers == shared


def test_the_one_for_workers_opens_without_a_broker(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url)
    # Nobody listens there.
    for number, part in enumerate(("BROKER", "BACKEND")):
        monkeypatch.setenv(f"DAGSTER_CELERY_{part}_URL", f"redis://:hush-hush@127.0.0.1:9/{number}")
    with opened(ON_WORKERS, tmp_path / "dagster") as instance:
        launcher = instance.run_launcher
        shown, handed_on = instance.info_str(), dg.serialize_value(instance.get_ref())
    assert isinstance(launcher, CeleryLauncher)
    assert launcher.celery.conf.worker_disable_prefetch
    assert launcher.celery.conf.worker_max_tasks_per_child == 1
    assert launcher.celery.conf.task_default_queue == "dagster"
    assert "hush-hush" not in shown + handed_on


def test_an_unset_url_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    with (
        pytest.raises(ConfigurationError, match="DAGSTER_POSTGRES_URL is not set"),
        opened(SHARED, tmp_path / "dagster"),
    ):
        pass


def test_the_password_is_not_shown(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests' server does not ask for one, and does not mind it.
    url = sa.make_url(postgres_url).set(password="hush-hush")
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url.render_as_string(hide_password=False))
    with opened(SHARED, tmp_path / "dagster") as instance:
        # On the configuration page of the UI, and in what run workers are started with.
        shown, handed_on = instance.info_str(), dg.serialize_value(instance.get_ref())
    assert "hush-hush" not in shown
    assert "hush-hush" not in handed_on
    assert "DAGSTER_POSTGRES_URL" in handed_on


@pytest.fixture
def tables(postgres_url: str) -> Iterator[Database]:
    """The database that Dagster's tables and the project's own share."""
    database = Database(postgres_url)
    yield database
    database.dispose()


def count(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.mark.slow
def test_a_run_leaves_everything_in_one_postgresql_database(
    tmp_path: Path, tables: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_home(tmp_path) as home:
        (tmp_path / "viral_assets.db").unlink()
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url)
        monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", postgres_url)
        with opened(SHARED, tmp_path / "dagster") as instance:
            assert isinstance(instance.run_storage, PostgresRunStorage)
            assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
            assert isinstance(instance.schedule_storage, PostgresScheduleStorage)
            # As `viral-assets db upgrade` does it, with Dagster's tables already there.
            tables.upgrade()
            for hour in (FIRST, FIRST + HOUR):
                home.drop(f"{hour:%H}.json", tweets_of(hour))
            (summary,) = materialize_windows(instance, HourRange(FIRST, FIRST + 2 * HOUR))

            run = instance.get_run_by_id(summary.run_ids[0])
            assert run is not None
            assert run.status is dg.DagsterRunStatus.SUCCESS
            assert not summary.failed_checks
            hours = instance.get_materialized_partitions(dg.AssetKey("comment_suggestions"))
            assert len(hours) == 2

    assert summary.saved > 0
    assert count(tables, "comment_suggestions") == summary.saved
    assert count(tables, "runs") == 1
    assert count(tables, "event_logs") > 20
    assert count(tables, "asset_check_executions") > 0
    # Each knows its own revision: upgrading one does not touch the other.
    own, dagsters = migrations.VERSION_TABLE, "alembic_version"
    assert (count(tables, own), count(tables, dagsters)) == (1, 1)
    assert tables.upgrade() == (migrations.HEAD, migrations.HEAD)
    assert not list(tmp_path.rglob("*.db")), "nothing fell back to SQLite"


def test_what_dagster_keeps_outlives_the_process_that_wrote_it(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url)
    with opened(SHARED, tmp_path / "one machine") as instance:
        run_id = instance.create_run_for_job(_nothing).run_id
    with opened(SHARED, tmp_path / "another") as instance:
        assert instance.has_run(run_id)


@dg.job
def _nothing() -> None:
    """A job without steps."""
