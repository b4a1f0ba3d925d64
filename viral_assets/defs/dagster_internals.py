"""Everything of Dagster that is not its public face, in one place: each name with the public way that is missing.

``setup.cfg`` allows the minor version in which these were seen, and no other; a test for each says when a new release
changes one. Nobody else imports from ``dagster._...`` or touches an attribute that begins with an underscore.

Names are loaded when they are first asked for: some of them take long to import, and definitions are loaded, and
instances opened, more often than runs are executed.
"""

# ruff: noqa: PLC0414 -- `as` with the same name tells the type checker that others may import it from here
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threading import Lock

    import dagster as dg
    import sqlalchemy as sa
    from dagster._config import process_config as process_config
    from dagster._config import resolve_to_config_type as resolve_to_config_type
    from dagster._core.definitions.asset_checks.asset_check_evaluation import (
        AssetCheckEvaluationTargetMaterializationData as AssetCheckEvaluationTargetMaterializationData,
    )
    from dagster._core.definitions.job_base import InMemoryJob as InMemoryJob
    from dagster._core.execution.api import create_execution_plan as create_execution_plan
    from dagster._core.execution.api import execute_run_iterator as execute_run_iterator
    from dagster._core.execution.backfill import BulkActionsFilter as BulkActionsFilter
    from dagster._core.execution.backfill import BulkActionStatus as BulkActionStatus
    from dagster._core.execution.backfill import PartitionBackfill as PartitionBackfill
    from dagster._core.execution.retries import RetryMode as RetryMode
    from dagster._core.instance.ref import InstanceRef as InstanceRef
    from dagster._core.instance.ref import configurable_storage_data as configurable_storage_data
    from dagster._core.launcher import CheckRunHealthResult as CheckRunHealthResult
    from dagster._core.launcher import WorkerStatus as WorkerStatus
    from dagster._core.remote_origin import RegisteredCodeLocationOrigin as RegisteredCodeLocationOrigin
    from dagster._core.remote_origin import RemoteJobOrigin as RemoteJobOrigin
    from dagster._core.remote_origin import RemoteRepositoryOrigin as RemoteRepositoryOrigin
    from dagster._core.storage.config import PostgresStorageConfig as PostgresStorageConfig
    from dagster._core.storage.config import pg_config as pg_config
    from dagster._core.storage.event_log import SqlEventLogStorage as SqlEventLogStorage
    from dagster._core.storage.event_log import SqliteEventLogStorage as SqliteEventLogStorage
    from dagster._core.storage.event_log.migration import ASSET_DATA_MIGRATIONS as ASSET_DATA_MIGRATIONS
    from dagster._core.storage.event_log.migration import EVENT_LOG_DATA_MIGRATIONS as EVENT_LOG_DATA_MIGRATIONS
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable as AssetCheckExecutionsTable
    from dagster._core.storage.event_log.schema import AssetEventTagsTable as AssetEventTagsTable
    from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata as SqlEventLogStorageMetadata
    from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as SqlEventLogStorageTable
    from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager as NoOpComputeLogManager
    from dagster._core.storage.runs.migration import OPTIONAL_DATA_MIGRATIONS as OPTIONAL_DATA_MIGRATIONS
    from dagster._core.storage.runs.migration import REQUIRED_DATA_MIGRATIONS as REQUIRED_DATA_MIGRATIONS
    from dagster._core.storage.runs.schema import RunStorageSqlMetadata as RunStorageSqlMetadata
    from dagster._core.storage.schedules.migration import (
        OPTIONAL_SCHEDULE_DATA_MIGRATIONS as OPTIONAL_SCHEDULE_DATA_MIGRATIONS,
    )
    from dagster._core.storage.schedules.migration import (
        REQUIRED_SCHEDULE_DATA_MIGRATIONS as REQUIRED_SCHEDULE_DATA_MIGRATIONS,
    )
    from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata as ScheduleStorageSqlMetadata
    from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION as ALEMBIC_SCRIPTS_LOCATION
    from dagster._core.storage.sql import stamp_alembic_rev as stamp_alembic_rev
    from dagster._core.storage.sqlite_storage import DagsterSqliteStorage as DagsterSqliteStorage
    from dagster._serdes import ConfigurableClassData as ConfigurableClassData
    from dagster_celery.launcher import CeleryRunLauncher as CeleryRunLauncher
    from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG as DAGSTER_CELERY_TASK_ID_TAG
    from dagster_celery.tasks import create_execute_job_task as create_execute_job_task
    from dagster_postgres.utils import create_pg_engine as create_pg_engine
    from dagster_postgres.utils import get_token_provider_from_config as get_token_provider_from_config
    from dagster_postgres.utils import pg_url_from_config as pg_url_from_config
    from dagster_shared.error import SerializableErrorInfo as SerializableErrorInfo

Connect = Callable[[str], "AbstractContextManager[sa.Connection]"]
"""From a file of the event log on SQLite to a connection within a transaction."""


@dataclass(frozen=True, slots=True)
class Internal:
    """A name that Dagster does not promise to keep.

    Args:
        module: where it is.
        missing: the public way that would make it needless.
        seen: the version of Dagster in which it was looked at.
    """

    module: str
    missing: str
    seen: str = "1.13.27"


_NO_RUN_OF_A_LOCATION = "executing, in this process, a run that the UI can re-execute in a code location"
_NO_SAFE_FIRST_START = "creating the tables by one process while the others wait"
_NO_READING = "reading what a dagster.yaml says without opening the instance"
_NO_CHECK_TARGET = "saying which materialization a check that is yielded for one hour of several was about"
_NO_OPEN_LOG = "keeping the connections of the event log on SQLite open"
_NO_LAUNCHER = "launching runs in a way of one's own"
_NO_RETENTION = "letting a run go while the hours that it materialized stay materialized"

INTERNALS: Mapping[str, Internal] = {
    # Executing runs.
    "InMemoryJob": Internal("dagster._core.definitions.job_base", _NO_RUN_OF_A_LOCATION),
    "create_execution_plan": Internal("dagster._core.execution.api", _NO_RUN_OF_A_LOCATION),
    "execute_run_iterator": Internal("dagster._core.execution.api", _NO_RUN_OF_A_LOCATION),
    "RegisteredCodeLocationOrigin": Internal("dagster._core.remote_origin", _NO_RUN_OF_A_LOCATION),
    "RemoteJobOrigin": Internal("dagster._core.remote_origin", _NO_RUN_OF_A_LOCATION),
    "RemoteRepositoryOrigin": Internal("dagster._core.remote_origin", _NO_RUN_OF_A_LOCATION),
    "SerializableErrorInfo": Internal("dagster_shared.error", "the type of the error that an event of a run carries"),
    "RetryMode": Internal("dagster._core.execution.retries", "the type of what dagster.Executor.retries returns"),
    "NoOpComputeLogManager": Internal(
        "dagster._core.storage.noop_compute_log_manager", "leaving what steps print where it goes, for one process only"
    ),
    "SqliteEventLogStorage": Internal("dagster._core.storage.event_log", _NO_OPEN_LOG),
    # Launching runs.
    "CheckRunHealthResult": Internal("dagster._core.launcher", _NO_LAUNCHER),
    "WorkerStatus": Internal("dagster._core.launcher", _NO_LAUNCHER),
    "CeleryRunLauncher": Internal("dagster_celery.launcher", _NO_LAUNCHER),
    "DAGSTER_CELERY_TASK_ID_TAG": Internal("dagster_celery.tags", _NO_LAUNCHER),
    "create_execute_job_task": Internal("dagster_celery.tasks", _NO_LAUNCHER),
    # Checks.
    "AssetCheckEvaluationTargetMaterializationData": Internal(
        "dagster._core.definitions.asset_checks.asset_check_evaluation", _NO_CHECK_TARGET
    ),
    # What old runs leave.
    "BulkActionsFilter": Internal("dagster._core.execution.backfill", "asking which backfills are under way"),
    "BulkActionStatus": Internal("dagster._core.execution.backfill", "asking which backfills are under way"),
    "PartitionBackfill": Internal("dagster._core.execution.backfill", "asking which hours a backfill is about"),
    "SqlEventLogStorage": Internal("dagster._core.storage.event_log", _NO_RETENTION),
    "SqlEventLogStorageTable": Internal("dagster._core.storage.event_log.schema", _NO_RETENTION),
    "AssetEventTagsTable": Internal("dagster._core.storage.event_log.schema", _NO_RETENTION),
    "AssetCheckExecutionsTable": Internal("dagster._core.storage.event_log.schema", _NO_RETENTION),
    # Opening instances.
    "InstanceRef": Internal("dagster._core.instance.ref", _NO_READING),
    "configurable_storage_data": Internal("dagster._core.instance.ref", _NO_READING),
    "ConfigurableClassData": Internal("dagster._serdes", _NO_READING),
    "process_config": Internal("dagster._config", _NO_READING),
    "resolve_to_config_type": Internal("dagster._config", _NO_READING),
    "pg_config": Internal("dagster._core.storage.config", _NO_READING),
    "PostgresStorageConfig": Internal("dagster._core.storage.config", _NO_READING),
    "DagsterSqliteStorage": Internal("dagster._core.storage.sqlite_storage", _NO_SAFE_FIRST_START),
    "create_pg_engine": Internal("dagster_postgres.utils", _NO_SAFE_FIRST_START),
    "get_token_provider_from_config": Internal("dagster_postgres.utils", _NO_SAFE_FIRST_START),
    "pg_url_from_config": Internal("dagster_postgres.utils", _NO_SAFE_FIRST_START),
    "RunStorageSqlMetadata": Internal("dagster._core.storage.runs.schema", _NO_SAFE_FIRST_START),
    "SqlEventLogStorageMetadata": Internal("dagster._core.storage.event_log.schema", _NO_SAFE_FIRST_START),
    "ScheduleStorageSqlMetadata": Internal("dagster._core.storage.schedules.schema", _NO_SAFE_FIRST_START),
    "REQUIRED_DATA_MIGRATIONS": Internal("dagster._core.storage.runs.migration", _NO_SAFE_FIRST_START),
    "OPTIONAL_DATA_MIGRATIONS": Internal("dagster._core.storage.runs.migration", _NO_SAFE_FIRST_START),
    "EVENT_LOG_DATA_MIGRATIONS": Internal("dagster._core.storage.event_log.migration", _NO_SAFE_FIRST_START),
    "ASSET_DATA_MIGRATIONS": Internal("dagster._core.storage.event_log.migration", _NO_SAFE_FIRST_START),
    "REQUIRED_SCHEDULE_DATA_MIGRATIONS": Internal("dagster._core.storage.schedules.migration", _NO_SAFE_FIRST_START),
    "OPTIONAL_SCHEDULE_DATA_MIGRATIONS": Internal("dagster._core.storage.schedules.migration", _NO_SAFE_FIRST_START),
    "ALEMBIC_SCRIPTS_LOCATION": Internal("dagster._core.storage.sql", _NO_SAFE_FIRST_START),
    "stamp_alembic_rev": Internal("dagster._core.storage.sql", _NO_SAFE_FIRST_START),
}
"""By name."""

MEMBERS: Mapping[str, str] = {
    "DagsterInstance.create_run_for_job": _NO_RUN_OF_A_LOCATION,
    "DagsterInstance.report_run_canceling": "ending a run that executes in this process as canceled",
    "DagsterInstance.run_launcher": _NO_LAUNCHER,
    "DagsterInstance.report_run_failed": "ending a run whose process is gone",
    "DagsterInstance.get_latest_storage_id_by_partition": _NO_CHECK_TARGET,
    "DagsterInstance.event_log_storage": _NO_OPEN_LOG,
    "DagsterInstance.from_ref": "opening an instance with some of its dagster.yaml said differently",
    "DagsterInstance.get_backfills": "asking which backfills are under way",
    "PartitionBackfill.asset_backfill_data": "asking which hours a backfill is about",
    "PartitionBackfill.partition_names": "asking which hours a backfill is about",
    "DagsterInstance.run_storage": _NO_RETENTION,
    "DagsterInstance.compute_log_manager": _NO_RETENTION,
    "DagsterInstance.all_instigator_state": "letting the ticks go of schedules and sensors that are switched off",
    "DagsterInstance.get_ticks": "letting the ticks go of schedules and sensors that are switched off",
    "DagsterInstance.purge_ticks": "letting the ticks go of schedules and sensors that are switched off",
    "SqlEventLogStorage.index_connection": _NO_RETENTION,
    "SqlEventLogStorage.index_transaction": _NO_RETENTION,
    "SqlEventLogStorage.run_connection": _NO_RETENTION,
    "Executor.step_dependency_config": "wrapping an executor: the wrapper answers for the one inside",
    "SqliteEventLogStorage._connect": _NO_OPEN_LOG,
    "SqliteEventLogStorage.has_table": _NO_OPEN_LOG,
    "SqliteEventLogStorage.conn_string_for_shard": _NO_OPEN_LOG,
    "SqliteEventLogStorage.path_for_shard": _NO_OPEN_LOG,
    "DagsterSqliteStorage.from_local": _NO_SAFE_FIRST_START,
}
"""Members without a promise of classes that are public, or that stand above; with the public way that is missing."""

NO_CAPTURE: Mapping[str, Any] = {
    "compute_logs": {"module": INTERNALS["NoOpComputeLogManager"].module, "class": "NoOpComputeLogManager"}
}
"""In a ``dagster.yaml``: what steps print goes where the process prints."""


def __getattr__(name: str) -> Any:
    """A name of :data:`INTERNALS`, imported when it is first asked for."""
    internal = INTERNALS.get(name)
    if internal is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(internal.module), name)
    return found


def instance_of(launcher: Any) -> dg.DagsterInstance:
    """The instance whose runs it launches."""
    instance: dg.DagsterInstance = launcher._instance
    return instance


def replace_connecting(
    storage: SqliteEventLogStorage, *, connect: Connect, has_table: Callable[[str], bool]
) -> tuple[Connect, Callable[[str], bool]]:
    """Have a storage connect, and look for its tables, in another way. Returns its own ways, to fall back on."""
    own: tuple[Connect, Callable[[str], bool]] = storage._connect, storage.has_table
    storage._connect = connect  # type: ignore[method-assign, assignment]
    storage.has_table = has_table  # type: ignore[method-assign, assignment]
    return own


def connecting_instead(storage: SqliteEventLogStorage) -> object:
    """Whose method connects: the storage itself, or who was given to :func:`replace_connecting`."""
    return getattr(storage._connect, "__self__", None)


def connecting_lock(storage: SqliteEventLogStorage) -> Lock:
    """What threads hold while they are connected."""
    lock: Lock = storage._db_lock
    return lock
