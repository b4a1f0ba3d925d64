"""Holding Dagster's event log open."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.automation.event_log import INDEX, kept_open
from viral_assets.defs.dagster_internals import SqliteEventLogStorage


def test_the_write_ahead_log_stays_while_other_connections_come_and_go(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqliteEventLogStorage)
        log = Path(f"{storage.path_for_shard(INDEX)}-wal")
        with kept_open(instance, INDEX):
            instance.add_dynamic_partitions("some", ["one"])
            assert log.exists()
        assert not log.exists()
        assert instance.get_dynamic_partitions("some") == ["one"]


@pytest.mark.slow
def test_events_of_all_connections_are_there_inside_and_afterwards(tmp_path: Path) -> None:
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        dg.DagsterInstance.from_ref(instance.get_ref()) as other,
    ):
        with kept_open(instance, INDEX):
            _report(instance, "one")
            with kept_open(instance, INDEX), kept_open(instance, "a-run"):
                _report(instance, "two")
                _report(other, "three")
            _report(instance, "four")
            assert _reported(instance) == _reported(other) == {"one", "two", "three", "four"}
        _report(instance, "five")
        assert _reported(instance) == _reported(other) == {"one", "two", "three", "four", "five"}


def test_an_error_lets_go_of_the_file(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqliteEventLogStorage)
        with pytest.raises(ZeroDivisionError), kept_open(instance, INDEX):
            _report(instance, f"{1 / 0}")
        _report(instance, "one")
        assert not Path(f"{storage.path_for_shard(INDEX)}-wal").exists()
        assert _reported(instance) == {"one"}


def _report(instance: dg.DagsterInstance, asset: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(asset))


def _reported(instance: dg.DagsterInstance) -> set[str]:
    return {key.to_user_string() for key in instance.all_asset_keys()}


def test_other_storages_are_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance, kept_open(instance, INDEX):
        assert list(instance.get_runs()) == []
