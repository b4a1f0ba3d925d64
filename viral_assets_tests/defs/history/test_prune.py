"""Old runs go with all they have logged; what Dagster's pages say about assets is what it was. On both databases."""

import contextlib
import functools
import shutil
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
import sqlalchemy as sa
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.storage.partition_status_cache import AssetPartitionStatus

from viral_assets.defs.automation.event_log import INDEX, kept_open
from viral_assets.defs.dagster_internals import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)
from viral_assets.defs.history.prune import PrunedHistory, prune_history
from viral_assets.hours import HOUR, KEY_FORMAT, hour_key
from viral_assets.instance import make_ready
from viral_assets.settings import working_root
from viral_assets.upkeep.archive import Archive
from viral_assets_tests.postgres import PostgresServer

FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)
PREVIEW = "@somebody said something"
TWEETS = dg.AssetKey("tweets")
FINE = dg.AssetCheckKey(TWEETS, "fine")
FAILING: set[str] = set()
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""What Dagster prints of a run nobody reads here."""


def hours_from(start: datetime) -> dg.HourlyPartitionsDefinition:
    return dg.HourlyPartitionsDefinition(start_date=start, timezone="UTC", fmt=KEY_FORMAT)


def hourly_check() -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec("fine", asset="tweets", partitions_def=hours_from(FIRST))


@dg.asset(
    partitions_def=hours_from(FIRST),
    check_specs=[hourly_check()],
)
def tweets(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster takes no other
    if context.partition_key in FAILING:
        raise dg.Failure("it failed")
    metadata: dict[str, Any] = {"rows": 3, "preview": dg.MetadataValue.md(PREVIEW)}
    check = dg.AssetCheckResult(passed=True, description=PREVIEW, metadata={"offences": 0, "who": PREVIEW})
    return dg.MaterializeResult(metadata=metadata, check_results=[check])


@dg.asset
def topics() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster takes no other
    return dg.MaterializeResult(metadata={"nodes": 5, "preview": dg.MetadataValue.md(PREVIEW)})


@dataclass(frozen=True)
class Made:
    """A folder of Dagster's with all its tables; with an address, they are in a database of PostgreSQL."""

    folder: Path
    postgres: str = ""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as environment:
        yaml, postgres = Path("dagster.yaml"), ""
        if request.param == "postgresql":
            yaml = Path("deploy", "postgres", "dagster.yaml")
            postgres = request.getfixturevalue("postgres_server").create()
            environment.setenv("DAGSTER_POSTGRES_URL", postgres)
        shutil.copy(working_root() / yaml, folder / "dagster.yaml")
        make_ready(folder)
    yield Made(folder, postgres)
    if postgres:
        request.getfixturevalue("postgres_server").drop(postgres)


@pytest.fixture
def instance(
    request: pytest.FixtureRequest, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """With tables of its own, without a row."""
    folder = shutil.copytree(made.folder, tmp_path / "dagster")
    FAILING.clear()
    with contextlib.ExitStack() as stack:
        if made.postgres:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = server.copied(made.postgres)
            stack.callback(server.drop, url)
            monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
        yield stack.enter_context(dg.DagsterInstance.from_config(str(folder)))


@functools.cache
def whole_job() -> dg.JobDefinition:
    return dg.Definitions([tweets, topics]).resolve_implicit_global_asset_job_def()


def run(instance: dg.DagsterInstance, hour: int, **tags: str) -> str:
    """Both assets for an hour. Returns the id of the run."""
    run_id, key = str(uuid.uuid4()), hour_key(FIRST + hour * HOUR)
    # As our own runs do it.
    with kept_open(instance, INDEX), kept_open(instance, run_id):
        whole_job().execute_in_process(
            run_id=run_id, instance=instance, partition_key=key, tags=tags, run_config=QUIET, raise_on_error=False
        )
    return run_id


def soon() -> datetime:
    """All runs until now are older than this."""
    return datetime.now(UTC) + timedelta(minutes=1)


def pruned(instance: dg.DagsterInstance, before: datetime | None = None, **how: Any) -> PrunedHistory:
    return prune_history(instance, before or soon(), **{"first_hour": FIRST, **how})


def status(instance: dg.DagsterInstance, start: datetime = FIRST) -> Mapping[str, AssetPartitionStatus | None]:
    """What the asset's page shows of its hours; another start has Dagster work it out anew from its events."""
    keys = [hour_key(start + number * HOUR) for number in range(8)]
    found = instance.get_status_by_partition(TWEETS, keys, hours_from(start))
    assert found is not None
    return found


def log(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    return storage


def rows(instance: dg.DagsterInstance, table: sa.Table) -> list[sa.Row[Any]]:
    with log(instance).index_connection() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def materializations(instance: dg.DagsterInstance, key: dg.AssetKey = TWEETS) -> list[dg.EventLogRecord]:
    return list(instance.fetch_materializations(key, limit=100, ascending=True).records)


def numbers(record: dg.EventLogRecord) -> dict[str, Any]:
    event = record.asset_materialization
    assert event is not None
    return {name: value.value for name, value in event.metadata.items()}


def test_runs_go_and_their_hours_stay_materialized_and_checked(instance: dg.DagsterInstance) -> None:
    ids = [run(instance, hour) for hour in (0, 1, 2, 1)]
    before, newest = status(instance), {each.partition_key: each for each in materializations(instance)}
    checked = log(instance).get_latest_asset_check_execution_by_key([FINE])[FINE]
    done = pruned(instance)
    assert (done.runs, done.kept) == (4, 0)
    assert instance.get_runs() == []

    assert status(instance) == before
    assert status(instance, FIRST - 2 * HOUR)[hour_key(FIRST + HOUR)] == AssetPartitionStatus.MATERIALIZED
    assert instance.get_materialized_partitions(TWEETS) == {hour_key(FIRST + hour * HOUR) for hour in range(3)}
    kept = materializations(instance)
    assert [(each.partition_key, each.storage_id, each.timestamp) for each in kept] == sorted(
        ((each.partition_key, each.storage_id, each.timestamp) for each in newest.values()), key=lambda row: row[1]
    )
    assert [numbers(each) for each in kept] == [{"rows": 3}] * 3
    assert [numbers(each) for each in materializations(instance, dg.AssetKey("topics"))] == [{"nodes": 5}]
    now = log(instance).get_latest_asset_check_execution_by_key([FINE])[FINE]
    assert (now.id, now.status, now.partition) == (checked.id, checked.status, checked.partition)
    assert now.evaluation is not None
    assert now.evaluation.metadata == {"offences": dg.MetadataValue.int(0)}
    assert len(rows(instance, AssetCheckExecutionsTable)) == 3
    assert PREVIEW not in "".join(row.event for row in rows(instance, SqlEventLogStorageTable))
    events = {row.id for row in rows(instance, SqlEventLogStorageTable)}
    assert len(events) == 4
    assert {row.run_id for row in rows(instance, SqlEventLogStorageTable)} == {ids[0], ids[2], ids[3]}
    assert {row.event_id for row in rows(instance, AssetEventTagsTable)} <= events
    if isinstance(log(instance), SqliteEventLogStorage):
        assert done.file_bytes > 4 * 100_000
        folder = Path(log(instance).path_for_shard("index")).parent  # type: ignore[attr-defined]
        assert {file.name.split(".")[0] for file in folder.iterdir()} == {"index"}
    assert pruned(instance).runs == 0


def test_an_hour_that_failed_stays_failed_until_it_is_made_good(instance: dg.DagsterInstance) -> None:
    FAILING.add(hour_key(FIRST))
    first = run(instance, 0)
    assert status(instance)[hour_key(FIRST)] == AssetPartitionStatus.FAILED
    second = run(instance, 0)
    done = pruned(instance)
    assert (done.runs, done.kept) == (1, 1)
    assert [each.run_id for each in instance.get_runs()] == [second] != [first]
    assert status(instance, FIRST - HOUR)[hour_key(FIRST)] == AssetPartitionStatus.FAILED
    assert instance.all_logs(second)
    FAILING.clear()
    run(instance, 0)
    assert pruned(instance).runs == 2
    assert status(instance)[hour_key(FIRST)] == AssetPartitionStatus.MATERIALIZED


def test_what_is_young_or_under_way_stays_whole(instance: dg.DagsterInstance) -> None:
    run(instance, 0)
    assert pruned(instance, datetime.now(UTC) - timedelta(days=1)) == PrunedHistory()
    started = instance.create_run_for_job(whole_job(), status=dg.DagsterRunStatus.STARTED)
    assert pruned(instance).runs == 1
    assert [each.run_id for each in instance.get_runs()] == [started.run_id]


def test_runs_of_a_backfill_stay_until_it_is_over(instance: dg.DagsterInstance) -> None:
    def backfill(status: BulkActionStatus) -> PartitionBackfill:
        return PartitionBackfill(
            backfill_id="b", status=status, from_failure=False, tags={}, backfill_timestamp=FIRST.timestamp()
        )

    instance.add_backfill(backfill(BulkActionStatus.REQUESTED))
    run(instance, 0, **{"dagster/backfill": "b"})
    run(instance, 1)
    done = pruned(instance)
    assert (done.runs, done.kept) == (1, 1)
    instance.update_backfill(backfill(BulkActionStatus.COMPLETED_SUCCESS))
    assert pruned(instance).runs == 1


def test_a_dry_run_counts_the_same_and_changes_nothing(instance: dg.DagsterInstance) -> None:
    for hour in range(2):
        run(instance, hour)
    before = rows(instance, SqlEventLogStorageTable), rows(instance, AssetCheckExecutionsTable)
    would = pruned(instance, dry_run=True)
    assert (would.runs, would.kept) == (2, 0)
    assert (rows(instance, SqlEventLogStorageTable), rows(instance, AssetCheckExecutionsTable)) == before
    assert len(instance.get_runs()) == 2
    assert pruned(instance).runs == would.runs


def test_more_runs_than_go_at_once_all_go_but_those_that_stay(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viral_assets.defs.history.prune.RUNS_AT_ONCE", 2)
    for hour in range(6):
        if hour in (1, 2):
            FAILING.add(hour_key(FIRST + hour * HOUR))
        run(instance, hour)
    heard: list[datetime] = []
    done = pruned(instance, progress=heard.append)
    assert (done.runs, done.kept) == (4, 2)
    assert heard == sorted(heard)
    assert len(heard) >= 3


def test_what_stayed_of_a_run_goes_when_its_hour_is_run_again(instance: dg.DagsterInstance) -> None:
    run(instance, 0)
    pruned(instance)
    instance.report_runless_asset_event(dg.AssetObservation("decided", partition="a", metadata={"approved": 1}))
    instance.report_runless_asset_event(dg.AssetObservation("decided", partition="a", metadata={"approved": 2}))
    run(instance, 0)
    assert len(materializations(instance)) == 2
    pruned(instance)
    assert len(materializations(instance)) == 1
    (observed,) = instance.fetch_observations(dg.AssetKey("decided"), limit=10).records
    assert observed.asset_observation is not None
    assert observed.asset_observation.metadata["approved"] == dg.MetadataValue.int(2)
    assert len(rows(instance, AssetCheckExecutionsTable)) == 1


def test_of_hours_before_the_first_nothing_stays_so_that_the_history_keeps_its_size(
    instance: dg.DagsterInstance,
) -> None:
    sizes: list[tuple[int, int, int]] = []
    for hour in range(6):
        run(instance, hour)
        pruned(instance, first_hour=FIRST + (hour - 1) * HOUR)
        sizes.append(
            (
                len(rows(instance, SqlEventLogStorageTable)),
                len(rows(instance, AssetCheckExecutionsTable)),
                len(rows(instance, AssetEventTagsTable)),
            )
        )
    assert len(set(sizes[1:])) == 1, sizes


def test_events_are_in_the_archive_before_they_go(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    run_id = run(instance, 0)
    logged = [entry.to_json() for entry in instance.all_logs(run_id)]
    pruned(instance, archive=Archive(tmp_path / "archive"))
    kept = pd.read_parquet(tmp_path / "archive" / "event_logs")
    assert list(kept["event"]) == logged
    assert set(kept["run_id"]) == {run_id}


def test_files_of_runs_that_somebody_deleted_in_the_ui_go_too(instance: dg.DagsterInstance) -> None:
    storage = log(instance)
    if not isinstance(storage, SqliteEventLogStorage):
        pytest.skip("only SQLite has a file for each run")
    run_id = run(instance, 0)
    instance.delete_run(run_id)
    assert Path(storage.path_for_shard(run_id)).exists(), "Dagster removes them itself now"
    assert pruned(instance).file_bytes > 0
    assert not Path(storage.path_for_shard(run_id)).exists()


def test_old_ticks_go_and_the_latest_stays(instance: dg.DagsterInstance) -> None:
    location = RegisteredCodeLocationOrigin("here")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "a_sensor")
    instance.add_instigator_state(
        InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.STOPPED, SensorInstigatorData(sensor_type=None))
    )
    (state,) = instance.all_instigator_state()
    of = state.instigator_origin_id, state.selector_id
    for minute in range(5):
        instance.create_tick(
            TickData(
                instigator_origin_id=of[0],
                instigator_name="a_sensor",
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.SKIPPED,
                timestamp=(FIRST + timedelta(minutes=minute)).timestamp(),
                selector_id=of[1],
            )
        )
    assert pruned(instance, dry_run=True).ticks == 4
    assert pruned(instance, FIRST + timedelta(minutes=2)).ticks == 2
    assert pruned(instance).ticks == 2
    assert [each.timestamp for each in instance.get_ticks(*of)] == [(FIRST + timedelta(minutes=4)).timestamp()]
