"""What is taken from Dagster beyond its public face: a failure here says what a new release has changed, and where to
look. Change it in ``viral_assets.defs.dagster_internals``, with the version in which it was seen.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.defs import dagster_internals
from viral_assets.defs.dagster_internals import (
    INTERNALS,
    MEMBERS,
    DagsterSqliteStorage,
    SqliteEventLogStorage,
    connecting_instead,
    replace_connecting,
)
from viral_assets.instance import Instance

PARAMETERS = {
    "InMemoryJob": ("job_def",),
    "create_execution_plan": ("job", "run_config"),
    "execute_run_iterator": ("job", "dagster_run", "instance"),
    "configurable_storage_data": ("config_field", "defaults"),
    "process_config": ("config_type", "config_dict"),
    "resolve_to_config_type": ("obj",),
    "pg_config": (),
    "create_pg_engine": ("postgres_url", "token_provider", "engine_kwargs"),
    "get_token_provider_from_config": ("config_value",),
    "pg_url_from_config": ("config_value",),
    "create_execute_job_task": ("celery",),
    "stamp_alembic_rev": ("alembic_config", "conn"),
}
"""What is called, with the parameters that are given, in their order."""

ATTRIBUTES = {
    "RegisteredCodeLocationOrigin": ("location_name",),
    "RemoteRepositoryOrigin": ("code_location_origin", "repository_name"),
    "RemoteJobOrigin": ("repository_origin", "job_name"),
    "AssetCheckEvaluationTargetMaterializationData": ("storage_id", "run_id", "timestamp"),
    "SerializableErrorInfo": ("message", "cls_name", "cause"),
    "InstanceRef": ("from_dir", "config_defaults"),
    "ConfigurableClassData": ("class_name", "config_dict"),
    "CeleryRunLauncher": ("config_type", "from_config_value", "check_run_worker_health", "terminate"),
    "CheckRunHealthResult": ("status", "msg"),
    "WorkerStatus": ("RUNNING", "SUCCESS", "FAILED"),
    "DagsterSqliteStorage": ("from_local", "config_type"),
    "RunStorageSqlMetadata": ("create_all", "tables"),
    "SqlEventLogStorageMetadata": ("create_all", "tables"),
    "ScheduleStorageSqlMetadata": ("create_all", "tables"),
    "BulkActionsFilter": ("statuses",),
    "BulkActionStatus": ("REQUESTED", "CANCELING", "FAILING"),
}
"""What of a name is used, where it is not called."""

MIGRATIONS = {name for name in INTERNALS if name.endswith("_DATA_MIGRATIONS")}

ONLY_NAMED = {
    "RetryMode",
    "PostgresStorageConfig",
    "NoOpComputeLogManager",
    "SqliteEventLogStorage",
    "PartitionBackfill",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "AssetEventTagsTable",
    "AssetCheckExecutionsTable",
    "ALEMBIC_SCRIPTS_LOCATION",
    "DAGSTER_CELERY_TASK_ID_TAG",
    *MIGRATIONS,
}
"""Types, the class that stands in a configuration, the class whose members are below, and constants."""


def parameters_of(what: Any) -> list[str]:
    return [name for name in inspect.signature(what).parameters if name != "self"]


@pytest.mark.parametrize("name", INTERNALS)
def test_a_name_is_still_there(name: str) -> None:
    internal = INTERNALS[name]
    found = getattr(importlib.import_module(internal.module), name)
    assert getattr(dagster_internals, name) is found


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_function_still_takes_what_it_is_given(name: str) -> None:
    expected = list(PARAMETERS[name])
    assert parameters_of(getattr(dagster_internals, name))[: len(expected)] == expected


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_what_is_used_of_a_name_is_still_there(name: str) -> None:
    found = getattr(dagster_internals, name)
    known = {*dir(found), *getattr(found, "__annotations__", ())}
    assert set(ATTRIBUTES[name]) <= known


def test_every_name_is_looked_at_by_one_of_these_tests() -> None:
    assert {*PARAMETERS, *ATTRIBUTES, *ONLY_NAMED} == set(INTERNALS)


def test_the_type_checker_sees_the_same_names() -> None:
    tree = ast.parse(Path(dagster_internals.__file__).read_text(encoding="utf-8"))
    (seen,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        (alias.asname, node.module, alias.name)
        for node in seen.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dagster")
        for alias in node.names
    }
    assert imported == {(name, each.module, name) for name, each in INTERNALS.items()}


def test_each_name_says_which_public_way_is_missing_and_where_it_was_seen() -> None:
    for name, internal in INTERNALS.items():
        assert len(internal.missing.split()) > 3, name
        assert internal.seen.count(".") == 2, name
        assert not hasattr(dg, name), f"dagster.{name} is public now; import it from there"


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_is_still_there(member: str) -> None:
    owner, _, name = member.partition(".")
    assert hasattr(getattr(dg, owner, None) or getattr(dagster_internals, owner), name)


def test_a_name_that_is_not_listed_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        _ = dagster_internals.nothing_of_the_kind


def test_names_are_loaded_when_they_are_asked_for() -> None:
    """Else whoever opens an instance would wait for what executes runs."""
    assert loaded_by("viral_assets.defs.dagster_internals", "dagster") == []


def test_an_instance_is_opened_without_loading_the_definitions() -> None:
    loaded = loaded_by("viral_assets.instance", "viral_assets.defs.")
    assert loaded == ["viral_assets.defs.dagster_internals"]


def loaded_by(module: str, prefix: str) -> list[str]:
    program = f"import sys, {module}\nprint(*(name for name in sys.modules if name.startswith({prefix!r})))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


# ---- the event log --------------------------------------------------------------------------------------------------


def test_the_event_log_connects_by_what_it_was_given(tmp_path: Path) -> None:
    """Each write and each read, and the look for its tables, goes through the two methods that are replaced."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqliteEventLogStorage)
        files: list[str] = []
        tables: list[str] = []

        class Counts:
            def connect(self, file: str) -> Any:
                files.append(file)
                return own_connect(file)

            def has_table(self, name: str) -> bool:
                tables.append(name)
                return own_has_table(name)

        assert connecting_instead(storage) is storage
        counts = Counts()
        own_connect, own_has_table = replace_connecting(storage, connect=counts.connect, has_table=counts.has_table)
        assert connecting_instead(storage) is counts

        instance.report_runless_asset_event(dg.AssetMaterialization("some"))
        assert "index" in files
        files.clear()
        assert [key.to_user_string() for key in instance.all_asset_keys()] == ["some"]
        assert set(files) == {"index"}
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(dg.AssetKey("some"), "a_check", passed=True))
        assert tables


def test_a_connection_of_the_event_log_is_a_transaction_under_a_lock(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqliteEventLogStorage)
        lock = dagster_internals.connecting_lock(storage)
        with storage.index_connection() as connection:
            assert isinstance(connection, sa.Connection)
            assert connection.in_transaction()
            assert lock.locked()
        assert not lock.locked()
        assert storage.conn_string_for_shard("index").endswith("index.db")
        assert Path(storage.path_for_shard("index")).is_file()


# ---- instances -------------------------------------------------------------------------------------------------------


def test_an_instance_class_is_asked_for_its_keys_and_its_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster calls both class methods in every process that reads the file, before it opens a storage."""
    (tmp_path / "dagster.yaml").write_text(
        "instance_class: {module: viral_assets.instance, class: Instance}\ntelemetry: {enabled: false}\n"
    )
    asked: list[str] = []
    schema, defaults = Instance.config_schema, Instance.config_defaults

    def counted_schema() -> Any:
        asked.append("schema")
        return schema()

    def counted_defaults(folder: str) -> Any:
        asked.append("defaults")
        return defaults(folder)

    monkeypatch.setattr(Instance, "config_schema", counted_schema)
    monkeypatch.setattr(Instance, "config_defaults", counted_defaults)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert isinstance(instance, Instance)
    assert {"schema", "defaults"} == set(asked)


def test_a_storage_says_what_its_configuration_is() -> None:
    for schema, keys in (
        (DagsterSqliteStorage.config_type(), {"base_dir"}),
        (dagster_internals.pg_config(), {"postgres_url", "should_autocreate_tables"}),
    ):
        assert isinstance(schema, Mapping)
        assert keys <= set(schema)


def test_a_run_knows_the_code_location_that_the_ui_finds_it_in() -> None:
    origin = dagster_internals.RemoteJobOrigin(
        dagster_internals.RemoteRepositoryOrigin(
            dagster_internals.RegisteredCodeLocationOrigin("viral_assets"), "__repository__"
        ),
        "hourly_pipeline",
    )
    assert (origin.location_name, origin.job_name) == ("viral_assets", "hourly_pipeline")
    assert origin.repository_origin.repository_name == "__repository__"


@pytest.mark.parametrize("name", sorted(MIGRATIONS))
def test_data_migrations_are_known_by_name(name: str) -> None:
    known = getattr(dagster_internals, name)
    assert known
    assert all(isinstance(each, str) for each in known)
